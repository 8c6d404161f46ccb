"""What a request claims of its signature, in the Authorization header or in the query: the form of it, its
scope and its time. Every refusal but "signature differs" and "unknown key" is here or in `canonical.py`
(spec sigv4, sections 3, 6, 8 and 9; the numbers in comments are the rows of 9).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from msgspec import Struct

from headgate.identity.sigv4.canonical import BLANKS, Headers, Pair, query_pairs, refused
from headgate.identity.sigv4.policy import SessionToken, SignaturePolicy
from headgate.ports.signatures import NotProved, Unproved

ALGORITHM: Final = b"AWS4-HMAC-SHA256"
TERMINATOR: Final = b"aws4_request"
LONGEST: Final = 8192
"""Bytes of an Authorization header that are looked at; a longer one is refused unread."""
LONGEST_EXPIRES_S: Final = 604_800
MICROSECONDS: Final = 1_000_000

# Row 14. One reader may take the first of two and another join them.
ONCE: Final = (b"host", b"content-type", b"content-length", b"x-amz-content-sha256", b"x-amz-security-token")
QUERY_MARKS: Final = frozenset({b"X-Amz-Algorithm", b"X-Amz-Signature"})
SIGNATURE: Final = b"X-Amz-Signature"
SECURITY_TOKEN: Final = b"X-Amz-Security-Token"

_PARAMETERS: Final = frozenset({b"Credential", b"SignedHeaders", b"Signature"})
_KEY_ID: Final = re.compile(rb"[!-+\--.0-<>-~]{1,128}")
"""Printable, and none of `/ , =` (spec sigv4, section 1)."""
_NAME: Final = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
_HEX: Final = re.compile(rb"[0-9a-f]{64}")
_MOMENT: Final = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_EXPIRES: Final = re.compile(rb"[0-9]{1,6}")


class Claim(Struct, frozen=True, kw_only=True):
    """Nothing of it is proved. moment: as sent, `YYYYMMDDTHHMMSSZ`; date: its first eight characters.

    headers: names of what was signed. query: what was signed of it, decoded.
    """

    key_id: str
    date: str
    region: str
    service: str
    moment: str
    headers: tuple[str, ...]
    signature: str
    query: Sequence[Pair]

    @property
    def scope(self) -> str:
        """Section 5."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR.decode()}"


def read_claim(headers: Headers, query: bytes, policy: SignaturePolicy, now: int) -> Claim:
    """now: UTC microseconds. Raises NotProved, with the reason for our log as its text."""
    sent = headers.get(b"authorization", ())
    if not sent and not policy.in_query:
        raise NotProved("no Authorization header", Unproved.NO_ACCESS_KEY)
    if len(sent) > 1:
        raise refused("several Authorization headers")
    if not sent:
        pairs = query_pairs(query)
        parameters = _from_query(pairs)
    else:
        parameters = _from_header(sent[0])
        pairs = query_pairs(query)
        if any(name in QUERY_MARKS for name, _ in pairs):
            raise refused("a signature in the header and one in the query")
    in_query = not sent
    for name in ONCE:
        if len(headers.get(name, ())) > 1:
            raise refused(f"several {name.decode()} headers")
    date, region, service, key_id = _scope(parameters[b"Credential"], policy)
    moment = parameters[b"X-Amz-Date"] if in_query else _only(headers, b"x-amz-date")
    at = _time(moment)
    if not moment.startswith(date):
        raise refused("the scope is of another day than X-Amz-Date")
    signed = _signed_headers(parameters[b"SignedHeaders"], in_query=in_query)
    signature = parameters[b"Signature"]
    if not _HEX.fullmatch(signature):
        raise refused("Signature is not 64 lower-case hex digits")
    _check_token(headers, pairs, signed, policy)
    lasts_s = _expires(parameters[b"X-Amz-Expires"]) if in_query else policy.window_s
    if not at - policy.window_s * MICROSECONDS <= now <= at + lasts_s * MICROSECONDS:
        raise NotProved("signed too long ago, or too far ahead", Unproved.EXPIRED)
    return Claim(
        key_id=key_id,
        date=date.decode(),
        region=region,
        service=service,
        moment=moment.decode(),
        headers=signed,
        signature=signature.decode(),
        query=_what_was_signed(pairs, policy) if in_query else pairs,
    )


def _from_header(value: bytes) -> dict[bytes, bytes]:
    """Section 3. Both things a client may lack have a code of their own; all else is refused."""
    if len(value) > LONGEST:
        raise refused("the Authorization header is too long")
    # Not split(None): for that a line end or a vertical tab is a blank, too.
    words = BLANKS.split(value.strip(b" \t"), 1)
    if words[0] != ALGORITHM:  # rows 1 and 19
        raise NotProved("another scheme than AWS4-HMAC-SHA256", Unproved.NO_ACCESS_KEY)
    found: dict[bytes, bytes] = {}
    for part in words[1].split(b",") if len(words) > 1 else ():
        name, equals, text = part.strip(b" \t").partition(b"=")
        if not equals or name not in _PARAMETERS or name in found:  # row 3
            raise refused("the Authorization header is not three different parameters")
        found[name] = text
    return _complete(found)


def _from_query(pairs: Iterable[Pair]) -> dict[bytes, bytes]:
    """Section 8."""
    found: dict[bytes, bytes] = {}
    for name, value in pairs:
        short = name.removeprefix(b"X-Amz-")
        if short != name:
            known = short if short in _PARAMETERS else name
            if known in found:
                raise refused("a parameter of the signature is there twice")
            found[known] = value
    if found.get(b"X-Amz-Algorithm") != ALGORITHM:
        raise NotProved("no signature, in the header or in the query", Unproved.NO_ACCESS_KEY)
    for name in (b"X-Amz-Date", b"X-Amz-Expires"):
        if name not in found:
            raise refused(f"no {name.decode()}")
    return _complete(found)


def _complete(found: dict[bytes, bytes]) -> dict[bytes, bytes]:
    if not found.get(b"Credential"):  # row 1
        raise NotProved("no Credential", Unproved.NO_ACCESS_KEY)
    if not found.get(b"Signature") or not found.get(b"SignedHeaders"):  # row 2
        raise NotProved("no Signature, or no SignedHeaders", Unproved.NO_SIGNATURE)
    return found


def _scope(credential: bytes, policy: SignaturePolicy) -> tuple[bytes, str, str, str]:
    """Rows 4 and 5: date, region, service and key id."""
    elements = credential.split(b"/")
    if len(elements) != 5:
        raise refused("Credential is not five elements")
    key_id, date, region, service, terminator = elements
    if not _KEY_ID.fullmatch(key_id):
        raise refused("Credential begins with what can't be an access key")
    if terminator != TERMINATOR:
        raise refused("the scope does not end in aws4_request")
    # Found among what is accepted, so that nothing a client made up goes further.
    in_region = [one for one in policy.regions if one.encode() == region]
    in_service = [one for one in policy.services if one.encode() == service]
    if not in_region or not in_service:
        raise refused("the scope is of a region or service that is not accepted")
    if not re.fullmatch(rb"[0-9]{8}", date):
        raise refused("the scope has no date")
    return date, in_region[0], in_service[0], key_id.decode()


def _only(headers: Headers, name: bytes) -> bytes:
    values = headers.get(name, ())
    if len(values) != 1:
        raise refused(f"{len(values)} {name.decode()} headers")
    return values[0].strip(b" \t")


def _time(moment: bytes) -> int:
    """Row 6: UTC microseconds."""
    found = _MOMENT.fullmatch(moment)
    if found is None:
        raise refused("X-Amz-Date is not YYYYMMDDTHHMMSSZ")
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise refused("X-Amz-Date is no time that there is") from None
    return int(at.timestamp()) * MICROSECONDS


def _signed_headers(text: bytes, *, in_query: bool) -> tuple[str, ...]:
    """Rows 8 and 9, but for absent ones."""
    names = text.split(b";")
    if not all(map(_NAME.fullmatch, names)):
        raise refused("SignedHeaders holds what is no name in lower case")
    if any(one >= following for one, following in pairwise(names)):
        raise refused("SignedHeaders is not in order, or names a header twice")
    if b"host" not in names or not (in_query or b"x-amz-date" in names):
        raise refused("host or x-amz-date is not signed")
    return tuple(name.decode() for name in names)


def _check_token(
    headers: Mapping[bytes, Sequence[bytes]],
    pairs: Sequence[Pair],
    signed: tuple[str, ...],
    policy: SignaturePolicy,
) -> None:
    """Row 15."""
    in_header = b"x-amz-security-token" in headers
    if policy.session_token is SessionToken.REFUSED:
        if in_header or any(name == SECURITY_TOKEN for name, _ in pairs):
            raise refused("a session token, where there are none")
    elif policy.session_token is SessionToken.SIGNED and in_header and "x-amz-security-token" not in signed:
        raise refused("the session token is not signed")


def _expires(text: bytes) -> int:
    if not _EXPIRES.fullmatch(text) or not 1 <= int(text) <= LONGEST_EXPIRES_S:
        raise refused("X-Amz-Expires is not 1 to 604800 seconds")
    return int(text)


def _what_was_signed(pairs: Iterable[Pair], policy: SignaturePolicy) -> list[Pair]:
    """All of the query but the signature, and a token that was added after signing (section 8)."""
    added = {SIGNATURE}
    if policy.session_token is SessionToken.UNSIGNED:
        added.add(SECURITY_TOKEN)
    return [pair for pair in pairs if pair[0] not in added]
