"""API keys as SOCA has them (spec soca, section 2.2): 32 lower-case hex characters, one key for each user.

Found by an HMAC, as bearer tokens are. Because the interface hands a key out again, it is kept besides,
encrypted with the installation's key file and bound to its user: the database alone gives no key away, and a
row that is moved to somebody else opens for nobody.
"""

import hmac
import secrets
from typing import Final

import structlog

from headgate.core.errors import NotFound
from headgate.core.model import Token, User
from headgate.identity.tokens import derived_key
from headgate.ports.clock import Clock
from headgate.ports.store import Reader, Store, Transaction

KIND: Final = "api-key"
KEY_BYTES: Final = 16
NONCE_BYTES: Final = 12
"""NIST SP 800-38D, section 8.2: 96 bits, drawn anew for each key."""
log = structlog.get_logger("headgate.identity")


class ApiKeys:
    """`ports.api_keys.ApiKeys` over the store."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._digest_key = derived_key(key, "api keys")
        self._seal_key = derived_key(key, "api keys, sealed")

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
        user = _enabled(reader, name)
        for token in reader.tokens(user.name):
            if token.kind == KIND and (text := self._unsealed(token)):
                return text
        return ""

    def _make(self, tx: Transaction, name: str) -> str:
        user = _enabled(tx, name)
        _drop(tx, user.name)
        text = secrets.token_hex(KEY_BYTES)
        tx.put_token(
            Token(
                digest=self.digest(text),
                user=user.name,
                kind=KIND,
                created=self._clock.now(),
                sealed=self._sealed(text, user.name),
            )
        )
        return text

    def _sealed(self, text: str, user: str) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  slow to load; few need it

        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._seal_key).encrypt(nonce, text.encode(), _folded(user))

    def _unsealed(self, token: Token) -> str:
        """The key's text; empty for one that was sealed with another key file, which no client can use."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  slow to load; few need it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  slow to load; few need it

        nonce, sealed = token.sealed[:NONCE_BYTES], token.sealed[NONCE_BYTES:]
        try:
            text = AESGCM(self._seal_key).decrypt(nonce, sealed, _folded(token.user)).decode()
        except (InvalidTag, ValueError):
            log.warning("api_key_unreadable", user=token.user, hint="secret.key was replaced")
            return ""
        return text if hmac.compare_digest(self.digest(text), token.digest) else ""


def _enabled(reader: Reader, name: str) -> User:
    user = reader.user(name)
    if user.disabled:
        raise NotFound(f"The user {user.name} is disabled.", kind="user")
    return user


def _drop(tx: Transaction, user: str) -> bool:
    digests = [token.digest for token in tx.tokens(user) if token.kind == KIND]
    for digest in digests:
        tx.drop_token(digest)
    return bool(digests)


def _folded(name: str) -> bytes:
    return name.casefold().encode("utf-8", "surrogatepass")
