"""Bearer tokens: random text, of which only an HMAC with the installation's key is stored.

The key is in `DATA/secret.key` (0600), beside the database and not in it: a copy of the database alone proves
nobody's identity.
"""

import hmac
import secrets
from pathlib import Path
from typing import Final

from headgate.core.errors import StartupRefused
from headgate.core.model import Token
from headgate.identity.secret_files import write_once
from headgate.ports.clock import Clock
from headgate.ports.store import Store

KEY_FILE: Final = "secret.key"
KEY_BYTES: Final = 32
PREFIX: Final = "hg_"
"""So that a leaked token is recognised as one of ours by those who scan for them."""
KIND: Final = "bearer"
MICROSECONDS: Final = 1_000_000


def load_secret_key(data: Path) -> bytes:
    """The key of this installation, made on first use.

    Raises StartupRefused when the file is not what was written.
    """
    path = data / KEY_FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        write_once(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StartupRefused(
            f"{path} is damaged: it holds {len(key)} bytes, not {KEY_BYTES}. Restore it from a backup."
        )
    return key


def derived_key(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that what one part signs can never pass for what another does."""
    return hmac.digest(key, purpose.encode(), "sha256")


class Tokens:
    """Makes, finds and revokes bearer tokens."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = derived_key(key, "bearer tokens")

    def digest(self, text: str) -> bytes:
        """What is stored of a token."""
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    async def create(self, user: str, *, lasts_s: int | None) -> tuple[str, Token]:
        """A new token of this user, on disk: its text, which is never seen again, and what is kept of it."""
        text = PREFIX + secrets.token_urlsafe(32)
        now = self._clock.now()
        token = Token(
            digest=self.digest(text),
            user=user,
            kind=KIND,
            created=now,
            expires=None if lasts_s is None else now + lasts_s * MICROSECONDS,
        )
        await self._store.write(lambda tx: tx.put_token(token))
        return text, token

    async def revoke(self, digest: bytes) -> None:
        """Forget a token; one that is not there is none too."""
        await self._store.write(lambda tx: tx.drop_token(digest))
