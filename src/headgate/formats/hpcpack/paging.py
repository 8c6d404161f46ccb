"""Continuation tokens (spec hpcpack-2016, section 3.3). Pure.

A token holds where the list was left off, a fingerprint of what was asked and by whom, and when it ends; all
of it is authenticated, so the server keeps nothing and a restart changes nothing. It is made of URL-safe
characters, as official samples paste it into the query string without encoding.

What it stands for is a position, not the snapshot the original is thought to keep: rows that were there all
the time are listed exactly once; rows that appear or change while somebody pages may be seen or not.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.ports.store import Cursor

LASTS_S = 3600
"""About 60 minutes."""
_MAC = 16


class _Token(Struct, array_like=True, frozen=True):
    """What travels. `version` leaves room for another content under the same signature."""

    version: int
    ends_s: int
    fingerprint: bytes
    value: int | str | None
    id: int
    instance: int


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_Token)


def fingerprint(*asked: object) -> bytes:
    """What a token belongs to: the list, its filter and order, the caller."""
    return hashlib.blake2b(_ENCODER.encode(asked), digest_size=8).digest()


def write_token(key: bytes, cursor: Cursor, belongs_to: bytes, now: int) -> str:
    """The token that continues behind `cursor`. `now` in UTC microseconds."""
    ends_s = now // 1_000_000 + LASTS_S
    # Flags and enumerations are numbers here, or they would not be read again as what _Token says.
    value = cursor.value if cursor.value is None or isinstance(cursor.value, str) else int(cursor.value)
    content = _ENCODER.encode(_Token(1, ends_s, belongs_to, value, cursor.id, cursor.instance))
    return _text(_mac(key, content) + content)


def read_token(key: bytes, token: str, belongs_to: bytes, now: int) -> Cursor:
    """Where to continue.

    Raises BadRequest (InvalidRowEnumId) for a token that is not ours, not of this list, or too old.
    """
    content = _authentic(key, token)
    if content is None:
        raise _refused("it is not one that this server gave out")
    # Only what we signed is decoded.
    found = _DECODER.decode(content)
    if found.ends_s * 1_000_000 <= now:
        raise _refused(f"it has expired: a list can be continued for {LASTS_S // 60} minutes")
    if found.fingerprint != belongs_to:
        raise _refused("it belongs to another list: repeat the request with the same parameters")
    return Cursor(found.value, found.id, found.instance)


def _authentic(key: bytes, token: str) -> bytes | None:
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    if _text(raw) != token:  # the last letter can be another one, and foreign ones are passed over
        return None
    mac, content = raw[:_MAC], raw[_MAC:]
    return content if hmac.compare_digest(mac, _mac(key, content)) else None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"hpcpack continuation\0" + content, "sha256")[:_MAC]


def _refused(why: str) -> BadRequest:
    return BadRequest(f"The queryId can't be continued: {why}.", code="Operation_InvalidRowEnumId")
