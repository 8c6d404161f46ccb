"""API keys: who may see one, and who may end it.

A key is shown to its user, to the root key and to the local command line (None as the caller), not to
administrators: they would become anybody. Only the last two end one (spec soca, section 5.3).
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.model import Token
from headgate.ports.api_keys import ApiKeys
from headgate.ports.identity import Caller
from headgate.ports.store import Store, Transaction
from headgate.service.rights import require_root


class KeyRing:
    """See the module. `changed` is told of each user whose key was ended."""

    def __init__(
        self, store: Store, keys: ApiKeys, *, changed: Callable[[str], None] = lambda name: None
    ) -> None:
        self._store = store
        self._keys = keys
        self._changed = changed

    async def show(self, caller: Caller | None, user: str) -> str:
        """The user's key; one is made where there is none. Raises NotFound, NotPermitted."""
        if caller is not None and caller.name.casefold() != user.casefold():
            require_root(caller)
        return await self._keys.hand_out(user)

    async def renew(self, caller: Caller | None, user: str) -> str:
        """Another key instead of the one there was. Raises NotFound, NotPermitted."""
        require_root(caller)
        text = await self._keys.renew(user)
        self._changed(user)
        return text

    async def revoke(self, caller: Caller | None, user: str) -> None:
        """End the user's key. Raises NotFound (kind token) when there is none, NotPermitted."""
        require_root(caller)
        if not await self._keys.revoke(user):
            raise NotFound(f"There is no API key of {user!r}.", kind="token")
        self._changed(user)

    async def revoke_all(self, caller: Caller | None, user: str) -> int:
        """End the user's key and everything they are logged in with. How many. Raises NotPermitted."""
        require_root(caller)

        def change(tx: Transaction) -> int:
            ended = len(tx.tokens(user))
            tx.drop_tokens(user)
            return ended

        ended = await self._store.write(change)
        self._changed(user)
        return ended

    def list(self, caller: Caller | None) -> Sequence[Token]:
        """Every token, without what it is found or read by. Raises NotPermitted."""
        require_root(caller)
        tokens = self._store.peek(lambda reader: reader.tokens())
        return [replace(token, digest=b"", sealed=b"") for token in tokens]
