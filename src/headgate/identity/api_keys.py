"""API keys as SOCA has them (spec soca, section 2.2): 32 lower-case hex characters, one key for each user.

Found by an HMAC, as bearer tokens are. Because the interface hands a key out again, it is kept besides,
sealed for its user (`sealing.py`).
"""

import hmac
import secrets
from typing import Final

import structlog

from headgate.core.errors import NotFound
from headgate.core.model import Token, User
from headgate.identity.enabled import enabled_user
from headgate.identity.sealing import Seal, SealBroken
from headgate.identity.tokens import derived_key
from headgate.ports.clock import Clock
from headgate.ports.store import Reader, Store, Transaction

KIND: Final = "api-key"
KEY_BYTES: Final = 16
log = structlog.get_logger("headgate.identity")


class ApiKeys:
    """`ports.api_keys.ApiKeys` over the store."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._digest_key = derived_key(key, "api keys")
        self._seal = Seal(key, "api keys, sealed")

    def digest(self, text: str) -> bytes:
        """What a key is found by."""
        return hmac.digest(self._digest_key, text.encode("utf-8", "surrogatepass"), "sha256")

    def holder(self, reader: Reader, user: str, digest: bytes) -> User:
        """The user of this name who has the key with this digest. Raises NotFound, saying nothing more."""
        token = reader.token(digest)
        mine = hmac.compare_digest(_folded(token.user), _folded(user))
        same = hmac.compare_digest(token.digest, digest)
        if not (mine and same and token.kind == KIND):
            raise NotFound("there is no such key", kind="token")
        found = reader.user(token.user)
        if found.disabled:
            raise NotFound("there is no such key", kind="token")
        return found

    async def hand_out(self, user: str) -> str:
        """See ports.api_keys."""
        known = self._store.peek(lambda reader: self._shown(reader, user))
        return known or await self._store.write(lambda tx: self._shown(tx, user) or self._make(tx, user))

    async def renew(self, user: str) -> str:
        """See ports.api_keys."""
        return await self._store.write(lambda tx: self._make(tx, user))

    async def revoke(self, user: str) -> bool:
        """See ports.api_keys."""
        return await self._store.write(lambda tx: _drop(tx, user))

    def _shown(self, reader: Reader, name: str) -> str:
        """The key that there is; empty when there is none that can be read."""
        user = enabled_user(reader, name)
        for token in reader.tokens(user.name):
            if token.kind == KIND and (text := self._unsealed(token)):
                return text
        return ""

    def _make(self, tx: Transaction, name: str) -> str:
        user = enabled_user(tx, name)
        _drop(tx, user.name)
        text = secrets.token_hex(KEY_BYTES)
        tx.put_token(
            Token(
                digest=self.digest(text),
                user=user.name,
                kind=KIND,
                created=self._clock.now(),
                sealed=self._seal.close(text, _folded(user.name)),
            )
        )
        return text

    def _unsealed(self, token: Token) -> str:
        """The key's text; empty for one that was sealed with another key file, which no client can use."""
        try:
            text = self._seal.open(token.sealed, _folded(token.user))
        except SealBroken:
            log.warning("api_key_unreadable", user=token.user, hint="secret.key was replaced")
            return ""
        return text if hmac.compare_digest(self.digest(text), token.digest) else ""


def _drop(tx: Transaction, user: str) -> bool:
    digests = [token.digest for token in tx.tokens(user) if token.kind == KIND]
    for digest in digests:
        tx.drop_token(digest)
    return bool(digests)


def _folded(name: str) -> bytes:
    return name.casefold().encode("utf-8", "surrogatepass")
