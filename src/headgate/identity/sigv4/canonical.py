"""The canonical request: one spelling for whatever may be spelled in several ways (spec sigv4, section 4).

Works on the bytes of the wire. Raises NotProved for what has no canonical form.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from headgate.ports.signatures import NotProved, Unproved

Pair = tuple[bytes, bytes]
"""Name and value of a parameter of the query, decoded."""
Headers = Mapping[bytes, Sequence[bytes]]
"""Values of headers in order of arrival, by name in lower case."""

_MALFORMED: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
BLANKS: Final = re.compile(rb"[ \t]+")
_METHOD: Final = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
# RFC 9112, section 5.2: a folded line may be refused, and these bytes are nowhere else in a value.
_BROKEN: Final = re.compile(rb"[\r\n\0]")


def refused(why: str) -> NotProved:
    """`why` is for our log: a client is told that its signature proves nothing (section 10)."""
    return NotProved(why, Unproved.REFUSED)


def by_name(headers: Iterable[Pair]) -> dict[bytes, list[bytes]]:
    """Headers under their names in lower case."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found


def query_pairs(query: bytes) -> list[Pair]:
    """The parameters, decoded; `+` is a plus (section 4.2)."""
    if not query:
        return []
    if _MALFORMED.search(query):
        raise refused("the query holds a % that encodes nothing")
    pieces = [piece.partition(b"=") for piece in query.split(b"&") if piece]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pieces]


def canonical_query(pairs: Iterable[Pair]) -> str:
    """Section 4.2."""
    return "&".join(f"{name}={value}" for name, value in sorted((_encoded(a), _encoded(b)) for a, b in pairs))


def canonical_path(path: bytes, *, normalise: bool, encode_again: bool) -> str:
    """Section 4.1."""
    if path and not path.startswith(b"/"):
        raise refused("the target is not a path")
    if not encode_again:
        if _MALFORMED.search(path):
            raise refused("the path holds a % that encodes nothing")
        path = unquote_to_bytes(path)
    if normalise:
        path = _resolved(path)
    return quote_from_bytes(path or b"/", safe="/~")


def canonical_headers(names: Iterable[str], headers: Headers) -> str:
    """Section 4.3: the lines of the headers that were signed."""
    lines = []
    for name in names:
        values = headers.get(name.encode())
        if values is None:
            raise refused("SignedHeaders names a header that is not there")
        # Latin-1 there and back leaves the bytes as they are.
        lines.append(f"{name}:{','.join(_trimmed(value) for value in values)}\n")
    return "".join(lines)


def canonical_request(
    method: str, path: str, query: str, headers: str, signed: str, payload_hash: str
) -> bytes:
    """Section 4: the parts put together."""
    if not _METHOD.fullmatch(method):
        raise refused("the method is not in upper case")
    return f"{method}\n{path}\n{query}\n{headers}\n{signed}\n{payload_hash}".encode("latin-1")


def _encoded(text: bytes) -> str:
    return quote_from_bytes(text, safe="~")


def _trimmed(value: bytes) -> str:
    if _BROKEN.search(value):
        raise refused("a signed header goes over several lines")
    # Inside quotes too, as the published vectors have it.
    return BLANKS.sub(b" ", value).strip(b" ").decode("latin-1")


def _resolved(path: bytes) -> bytes:
    """Without empty steps, `.` and `..`; a slash at the end stays."""
    kept: list[bytes] = []
    step = b""
    for step in path.split(b"/"):
        if step == b"..":
            if not kept:
                raise refused("the path leaves its root")
            kept.pop()
        elif step not in (b"", b"."):
            kept.append(step)
    folder = bool(kept) and step in (b"", b".", b"..")
    return b"/" + b"/".join(kept) + (b"/" if folder else b"")
