"""Headers that were checked a short time ago, so that a request costs a keyed hash and no argon2 run.

Entries are found by keyed BLAKE2b of the header (RFC 7693: a MAC by itself, and a tenth of the time of
OpenSSL's HMAC) with a random key of this process: neither a dump of the table
nor its timing tells a password. An entry holds the user as it was; another version of that user (new
password, disabled, other role) ends it. Changes made in this process end it at once (`forget`), those of the
command line within `LOOK_AGAIN_S`.
"""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from headgate.core.model import User
from headgate.ports.identity import Caller

KEPT_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.5
MOST: Final = 10_000


class _Entry(Struct):
    caller: Caller
    user: User
    token: bytes | None
    expires: float
    look_again: float


class Remembered:
    """Callers by the digest of their header. Times are seconds of a monotonic clock.

    still_holds: whether this user (and this token, None for a password) is still stored exactly so; asked
    twice a second for an entry in use.
    """

    def __init__(
        self,
        key: bytes,
        still_holds: Callable[[User, bytes | None], bool],
        *,
        kept_s: float = KEPT_S,
        most: int = MOST,
    ) -> None:
        self._key = key
        self._still_holds = still_holds
        self._kept_s = kept_s
        self._most = most
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def digest(self, authorization: str) -> bytes:
        """What stands for this header."""
        text = authorization.encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=32, key=self._key).digest()

    def find(self, authorization: str, now: float) -> Caller | None:
        """The caller behind this header, if it is remembered and nothing has changed."""
        digest = self.digest(authorization)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if now >= entry.look_again:
            if now >= entry.expires or not self._still_holds(entry.user, entry.token):
                del self._entries[digest]
                return None
            entry.look_again = min(now + LOOK_AGAIN_S, entry.expires)
        return entry.caller

    def keep(
        self,
        digest: bytes,
        caller: Caller,
        user: User,
        now: float,
        *,
        token: bytes | None = None,
        lasts_s: float | None = None,
    ) -> None:
        """Remember a header that was checked just now, for at most `lasts_s` (what a token has left)."""
        lasts = self._kept_s if lasts_s is None else min(self._kept_s, lasts_s)
        expires = now + lasts
        self._entries[digest] = _Entry(caller, user, token, expires, min(now + LOOK_AGAIN_S, expires))
        self._entries.move_to_end(digest)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def forget(self, user: str) -> None:
        """Something about this user has changed."""
        folded = user.casefold()
        for digest in [d for d, e in self._entries.items() if e.user.name.casefold() == folded]:
            del self._entries[digest]

    def forget_token(self, token: bytes) -> None:
        """This token is gone."""
        for digest in [d for d, e in self._entries.items() if e.token == token]:
            del self._entries[digest]

    def __len__(self) -> int:
        return len(self._entries)
