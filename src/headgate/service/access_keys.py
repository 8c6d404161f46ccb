"""Access keys: who may make one, and who may end it.

Whoever sees a secret can be its user, so one is made by that user, by whoever has the root key and by the
local command line (None as the caller), not by administrators. They may see whose keys there are, and
disable, enable and remove them, as may the user.
"""

from collections.abc import Callable, Sequence

from headgate.core.access_keys import AccessKey
from headgate.ports.identity import Caller
from headgate.ports.signatures import AccessKeys
from headgate.service.rights import require_admin, require_root


class AccessKeyRing:
    """See the module. `changed` is told of each user one of whose keys was changed."""

    def __init__(self, keys: AccessKeys, *, changed: Callable[[str], None] = lambda name: None) -> None:
        self._keys = keys
        self._changed = changed

    async def create(self, caller: Caller | None, user: str) -> tuple[AccessKey, str]:
        """A new key and its secret, which is shown this once.

        Raises NotFound (also when the user is disabled), WrongState (there are two), NotPermitted.
        """
        if not _is(caller, user):
            require_root(caller)
        key, secret = await self._keys.create(user)
        self._changed(key.user)
        return key, secret

    async def set_disabled(self, caller: Caller | None, key_id: str, disabled: bool) -> AccessKey:
        """A key proves nothing from now on, or does again. Raises NotFound, WrongState, NotPermitted."""
        self._require(caller, key_id)
        key = await self._keys.set_disabled(key_id, disabled)
        self._changed(key.user)
        return key

    async def remove(self, caller: Caller | None, key_id: str) -> None:
        """The key is no more. Raises NotFound, NotPermitted."""
        key = self._require(caller, key_id)
        await self._keys.remove(key_id)
        self._changed(key.user)

    def list(self, caller: Caller | None, user: str = "") -> Sequence[AccessKey]:
        """The keys of a user, or all, without their secrets. Raises NotPermitted."""
        if not _is(caller, user):
            require_admin(caller)
        return self._keys.list(user)

    def _require(self, caller: Caller | None, key_id: str) -> AccessKey:
        key = self._keys.get(key_id)
        if not _is(caller, key.user):
            require_admin(caller)
        return key


def _is(caller: Caller | None, user: str) -> bool:
    return caller is not None and bool(user) and caller.name.casefold() == user.casefold()
