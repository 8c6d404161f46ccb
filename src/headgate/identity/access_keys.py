"""Access keys: an id of 20 characters and a secret of 40, with which programs sign (spec sigv4, section 1).

Checking a signature takes the secret itself, so it is kept, sealed for its key and its user (`sealing.py`).
"""

import secrets
import string
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.access_keys import AccessKey
from headgate.core.errors import WrongState
from headgate.identity.enabled import enabled_user
from headgate.identity.sealing import Seal
from headgate.ports.clock import Clock
from headgate.ports.store import Reader, Store, Transaction

PREFIX: Final = "HG"
"""So that a leaked key is recognised as one of ours."""
ID_LENGTH: Final = 20
SECRET_LENGTH: Final = 40
MOST: Final = 2
"""Keys of one user that are good at the same time: the one in use, and the one that replaces it."""
_IN_IDS: Final = string.ascii_uppercase + string.digits
_IN_SECRETS: Final = string.ascii_letters + string.digits


class AccessKeys:
    """`ports.signatures.AccessKeys` over the store."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._seal = Seal(key, "access keys, sealed")

    async def create(self, user: str) -> tuple[AccessKey, str]:
        """See ports.signatures."""
        key_id = PREFIX + _drawn(_IN_IDS, ID_LENGTH - len(PREFIX))
        secret = _drawn(_IN_SECRETS, SECRET_LENGTH)

        def change(tx: Transaction) -> AccessKey:
            owner = enabled_user(tx, user).name
            _check_room(tx, owner)
            key = AccessKey(id=key_id, user=owner, created=self._clock.now())
            tx.put_access_key(replace(key, sealed=self._seal.close(secret, _bound_to(key))))
            return key

        return await self._store.write(change), secret

    async def set_disabled(self, key_id: str, disabled: bool) -> AccessKey:
        """See ports.signatures."""

        def change(tx: Transaction) -> AccessKey:
            key = tx.access_key(key_id)
            if key.disabled and not disabled:
                _check_room(tx, key.user)
            key = replace(key, disabled=disabled)
            tx.put_access_key(key)
            return _shown(key)

        return await self._store.write(change)

    async def remove(self, key_id: str) -> None:
        """See ports.signatures."""

        def change(tx: Transaction) -> None:
            tx.drop_access_key(tx.access_key(key_id).id)

        await self._store.write(change)

    def get(self, key_id: str) -> AccessKey:
        """See ports.signatures."""
        return _shown(self._store.peek(lambda reader: reader.access_key(key_id)))

    def list(self, user: str = "") -> Sequence[AccessKey]:
        """See ports.signatures."""
        found = self._store.peek(lambda reader: reader.access_keys(user or None))
        return [_shown(key) for key in found]

    def secret(self, key: AccessKey) -> str:
        """What signatures with this key are made with. Raises SealBroken."""
        return self._seal.open(key.sealed, _bound_to(key))


def _check_room(reader: Reader, user: str) -> None:
    if sum(not key.disabled for key in reader.access_keys(user)) >= MOST:
        raise WrongState(f"The user {user} has {MOST} access keys; disable or remove one first.")


def _drawn(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _bound_to(key: AccessKey) -> bytes:
    return f"{key.id}\0{key.user.casefold()}".encode("utf-8", "surrogatepass")


def _shown(key: AccessKey) -> AccessKey:
    return replace(key, sealed=b"")
