"""KeyAuthority: `ports.api_keys.KeyIdentity`. A user name and a key come in, a caller or a refusal comes out.

As with passwords (`authority.py`): a pair that was right a short time ago costs a keyed hash, failures are
slowed down by name and address, and every refusal says the same sentence.
"""

import hmac
import secrets
from typing import Final

import structlog

from headgate.core.errors import NotAuthenticated, NotFound, Unavailable
from headgate.core.model import User
from headgate.core.vocabulary import Role
from headgate.identity.api_keys import ApiKeys
from headgate.identity.authority import Authority, home_of
from headgate.identity.remembered import Remembered
from headgate.identity.throttle import Throttle
from headgate.ports.clock import Clock
from headgate.ports.identity import Caller
from headgate.ports.store import Store

KEPT_S: Final = 3600.0
"""Much longer than a password: that the key is still stored is looked up twice a second anyway."""
LONGEST: Final = 256
WRONG: Final = "The user and the key do not go together, or the user is disabled."
log = structlog.get_logger("headgate.identity")


class KeyAuthority:
    """See the module. root_key: empty: there is none."""

    def __init__(
        self, store: Store, clock: Clock, keys: ApiKeys, authority: Authority, *, root_key: bytes = b""
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._authority = authority
        self._root_key = root_key
        self._throttle = Throttle()
        self._remembered = Remembered(secrets.token_bytes(32), self._still_holds, kept_s=KEPT_S)

    def caller(self, user: str, key: str, *, address: str) -> Caller:
        """See ports.api_keys."""
        if not key or len(key) > LONGEST or len(user) > LONGEST or "\0" in user:
            raise NotAuthenticated(WRONG)
        pair = f"{user}\0{key}"
        now = self._clock.monotonic()
        known = self._remembered.find(pair, now)
        if known is not None:
            return known
        lane = (user.casefold(), home_of(address))
        wait = self._throttle.wait(lane, now)
        if wait > 0:
            raise NotAuthenticated("Too many failed attempts; wait before the next one.", retry_after_s=wait)
        self._throttle.attempt(lane, now)
        try:
            caller = self._as_root(user) if self._is_root(key) else self._by_key(user, key, pair, now)
        except NotFound:
            log.info("key_refused", user=user.casefold(), address=address)
            raise NotAuthenticated(WRONG) from None
        except Unavailable:
            self._throttle.undecided(lane)
            raise
        self._throttle.succeeded(lane)
        return caller

    async def by_password(self, user: str, password: str, *, address: str) -> Caller:
        """See ports.api_keys."""
        return await self._authority.check_password(user, password, address=address)

    def forget(self, user: str) -> None:
        """Something about this user or their key was changed in this process."""
        self._remembered.forget(user)

    def _is_root(self, key: str) -> bool:
        given = key.encode("utf-8", "surrogatepass")
        return bool(self._root_key) and hmac.compare_digest(given, self._root_key)

    def _as_root(self, user: str) -> Caller:
        """Everything is allowed, and what needs an owner gets the one that was named."""
        if not user:
            return Caller("", Role.ADMIN, root=True)
        as_whom = self._authority.caller(user)
        return Caller(as_whom.name, as_whom.role | Role.ADMIN, user, root=True)

    def _by_key(self, user: str, key: str, pair: str, now: float) -> Caller:
        digest = self._keys.digest(key)
        stored = self._store.peek(lambda look: self._keys.holder(look, user, digest))
        caller = Caller(stored.name, stored.role, user)
        self._remembered.keep(self._remembered.digest(pair), caller, stored, now, token=digest)
        return caller

    def _still_holds(self, user: User, token: bytes | None) -> bool:
        try:
            return self._store.peek(lambda look: self._keys.holder(look, user.name, token or b"")) == user
        except NotFound:
            return False
