"""What one client may ask of the server: sizes, deadlines, and from which pages. Pure."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_IS_HERE: Final = "headgate.body_is_here"
"""In the scope's state once the last byte of the body has come: nobody waits for it, and no timer is needed.
"""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds. Headers: the request line and all fields together.

    connections: how many there may be at once; more are closed as they come, so that files can be opened.
    piece_timeout_s: between two pieces of a body that a face takes as it arrives, in place of body and
    body_timeout_s. message: of a message that comes over a WebSocket. ping_s: how often one is asked whether
    it is still there; without an answer for twice as long it is closed.
    """

    body: int = 16 * 1024 * 1024
    body_timeout_s: float = 60.0
    piece_timeout_s: float = 600.0
    header: int = 64 * 1024
    header_timeout_s: float = 10.0
    keep_alive_s: float = 75.0
    drain_s: float = 30.0
    connections: int = 10_000
    message: int = 256 * 1024
    ping_s: float = 10.0


def origin_of(url: str) -> str:
    """Scheme, host and port of an address in one spelling; empty when it is none (`null` among them)."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in DEFAULT_PORTS or not host:
        return ""
    return f"{parts.scheme}://{host}:{port or DEFAULT_PORTS[parts.scheme]}"


def is_foreign(
    *, scheme: str, host: str, origin: str | None, fetch_site: str | None, ours: Iterable[str]
) -> bool:
    """Whether a browser says that a page of somebody else made this request.

    Browsers send `Sec-Fetch-Site` (Fetch Metadata) or at least `Origin` (RFC 6454) with a changing request
    and let no page change them; other programs send neither and have no ambient credentials that could be
    abused.
    """
    if fetch_site is not None and fetch_site.strip().lower() not in ("same-origin", "none"):
        return True
    if origin is None:
        return False
    here = origin_of(f"{scheme}://{host}")
    said = origin_of(origin)
    return not said or (said != here and said not in ours)
