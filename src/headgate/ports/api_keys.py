"""API keys: a text for each user that programs send beside the user's name, and that can be shown again.

`KeyIdentity` checks what a client presents; `ApiKeys` keeps the keys. Whether the caller *may* see or end a
key is the service's question (`service/api_keys.py`).
"""

from typing import Protocol

from headgate.ports.identity import Caller


class KeyIdentity(Protocol):
    """Checks names with keys, and names with passwords. Runs on the event loop."""

    def caller(self, user: str, key: str, *, address: str) -> Caller:
        """The caller with exactly this name and key; quick enough for every request.

        The root key stands for nobody with every right (user empty), or acts as the user. Raises
        NotAuthenticated (throttled: with retry_after_s).
        """
        ...

    async def by_password(self, user: str, password: str, *, address: str) -> Caller:
        """The caller with this name and password. Raises NotAuthenticated as `caller`, Unavailable."""
        ...


class ApiKeys(Protocol):
    """Keeps one key for each user who has one."""

    async def hand_out(self, user: str) -> str:
        """The user's key, made on disk first where there is none. Raises NotFound, also when disabled."""
        ...

    async def renew(self, user: str) -> str:
        """Another key: the one there was is good no longer. Raises NotFound, also when disabled."""
        ...

    async def revoke(self, user: str) -> bool:
        """The user's key is good no longer. False when there is none, or no such user."""
        ...
