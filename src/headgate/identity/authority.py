"""Authority: `ports.Identity` over the store. A header comes in, a caller or a refusal comes out.

A request asks `remembered` first (microseconds) and `authenticate` only when that knows nothing. The same
header arriving many times at once is checked once. Every refusal says the same sentence, whether the user
exists or not.
"""

import asyncio
import ipaddress
import os
import secrets
import shlex
from collections.abc import Callable

import structlog

from headgate.core.errors import NotAuthenticated, NotFound, NotPermitted, Unavailable
from headgate.core.launch import OsAccount
from headgate.core.model import User
from headgate.identity.accounts import OsAccounts, check_own_group
from headgate.identity.credentials import (
    BasicCredentials,
    BearerCredentials,
    read_authorization,
    stored_names,
)
from headgate.identity.passwords import Passwords
from headgate.identity.remembered import KEPT_S, LOOK_AGAIN_S, MOST, Remembered
from headgate.identity.throttle import Throttle
from headgate.identity.tokens import MICROSECONDS, Tokens
from headgate.ports.clock import Clock
from headgate.ports.identity import Caller
from headgate.ports.store import Store

WRONG = "The user name or password is wrong, or the user is disabled."
log = structlog.get_logger("headgate.identity")
UNKNOWN = "The bearer credentials are unknown, expired or revoked."


class Authority:
    """See the module. One object for each server process.

    as_owners: whether jobs run under accounts of their owners; None: as root they do.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        passwords: Passwords,
        tokens: Tokens,
        accounts: OsAccounts,
        *,
        kept_s: float = KEPT_S,
        as_owners: bool | None = None,
    ) -> None:
        self.tokens = tokens
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._accounts = accounts
        self._as_owners = os.geteuid() == 0 if as_owners is None else as_owners
        self._throttle = Throttle()
        self._remembered = Remembered(secrets.token_bytes(32), self._still_holds, kept_s=kept_s)
        self._checking: dict[bytes, asyncio.Task[Caller]] = {}
        self._changes = 0
        self._lately: dict[str, tuple[User, float]] = {}

    # ---- ports.Identity

    def remembered(self, authorization: str) -> Caller | None:
        """See ports.Identity."""
        return self._remembered.find(authorization, self._clock.monotonic())

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        """See ports.Identity."""
        known = self.remembered(authorization)
        if known is not None:
            return known
        credentials = read_authorization(authorization)
        digest = self._remembered.digest(authorization)
        if isinstance(credentials, BearerCredentials):
            return self._check_token(credentials, digest)
        # By address too: whoever is being slowed down must not ride on somebody else's check.
        lane = digest + address.encode("utf-8", "replace")
        checking = self._checking.get(lane)
        if checking is None:
            checking = asyncio.ensure_future(self._check_password(credentials, digest, address))
            self._checking[lane] = checking
            checking.add_done_callback(lambda done: self._checked(lane, done))
        # A client that goes away does not take the check from the others who wait for it.
        return await asyncio.shield(checking)

    async def check_password(self, user: str, password: str, *, address: str) -> Caller:
        """The caller with this name and password. Raises NotAuthenticated as `authenticate`, Unavailable."""
        if "\0" in user:
            raise NotAuthenticated(WRONG)
        # No header looks like this: these are found by who comes this way alone.
        pair = f"\0{user}\0{password}"
        known = self.remembered(pair)
        if known is not None:
            return known
        credentials = BasicCredentials(user, password)
        return await self._check_password(credentials, self._remembered.digest(pair), address)

    def caller(self, name: str) -> Caller:
        """See ports.Identity."""
        user = self._stored(name)
        if user is None or user.disabled:
            raise NotFound(
                f"There is no user {name!r}.", kind="user", code="Operation_ServiceAsClientBadUserName"
            )
        return Caller(user.name, user.role, name)

    def os_account(self, user: str, group: str = "") -> OsAccount | None:
        """See ports.Identity."""
        if not self._as_owners:
            if group:
                check_own_group(group)
            return None
        stored = self._user_lately(user)
        if stored is None:
            raise NotPermitted(f"There is no user {user!r} any more, so nothing is run for them.")
        if not stored.os_account:
            # Never the account of the same name: whoever may add a user could have any of them.
            raise NotPermitted(
                f"The user {stored.name!r} has no OS account; on the server's machine, "
                f"`headgate user account {shlex.quote(stored.name)} ACCOUNT` gives one."
            )
        return self._accounts.find(stored.os_account, group)

    # ---- changes made by this process

    def forget(self, user: str) -> None:
        """Something about this user was changed in this process: what was checked before holds no longer."""
        self._changes += 1
        self._lately.clear()
        self._remembered.forget(user)

    async def revoke(self, authorization: str) -> bool:
        """Revoke the token of this `Bearer` header. False when the header is not one."""
        credentials = read_authorization(authorization)
        if not isinstance(credentials, BearerCredentials):
            return False
        digest = self.tokens.digest(credentials.token)
        await self.tokens.revoke(digest)
        self._changes += 1
        self._remembered.forget_token(digest)
        return True

    # ---- inside

    async def _check_password(self, credentials: BasicCredentials, digest: bytes, address: str) -> Caller:
        user = self._stored(credentials.login)
        key = ((user.name if user else credentials.login[:256]).casefold(), home_of(address))
        now = self._clock.monotonic()
        wait = self._throttle.wait(key, now)
        if wait > 0:
            raise NotAuthenticated("Too many failed attempts; wait before the next one.", retry_after_s=wait)
        self._throttle.attempt(key, now)
        changes = self._changes
        try:
            right = await self._passwords.matches(user.password_hash if user else "", credentials.password)
        except Unavailable:
            self._throttle.undecided(key)
            raise
        # The user may have been changed while the password was being checked: decide on what is stored now.
        if not right or user is None or user.disabled or self._user(user.name) != user:
            log.info("sign_in_refused", user=key[0], address=address)
            raise NotAuthenticated(WRONG)
        self._throttle.succeeded(key)
        caller = Caller(user.name, user.role, credentials.login)
        if changes == self._changes:
            self._remembered.keep(digest, caller, user, self._clock.monotonic())
        return caller

    def _checked(self, lane: bytes, done: asyncio.Task[Caller]) -> None:
        self._checking.pop(lane, None)
        if not done.cancelled():
            # Looked at, so that nobody complains when every client that waited for it has gone.
            done.exception()

    def _check_token(self, credentials: BearerCredentials, digest: bytes) -> Caller:
        token_digest = self.tokens.digest(credentials.token)
        try:
            token = self._store.peek(lambda look: look.token(token_digest))
        except NotFound:
            raise NotAuthenticated(UNKNOWN) from None
        left_s = None if token.expires is None else (token.expires - self._clock.now()) / MICROSECONDS
        user = self._user(token.user)
        if user is None or user.disabled or (left_s is not None and left_s <= 0):
            raise NotAuthenticated(UNKNOWN)
        caller = Caller(user.name, user.role, user.name)
        self._remembered.keep(
            digest, caller, user, self._clock.monotonic(), token=token_digest, lasts_s=left_s
        )
        return caller

    def _stored(self, login: str) -> User | None:
        for name in stored_names(login):
            user = self._user(name)
            if user is not None:
                return user
        return None

    def _user(self, name: str) -> User | None:
        try:
            return self._store.peek(lambda look: look.user(name))
        except NotFound:
            return None

    def _user_lately(self, name: str) -> User | None:
        """As `_user`, within `LOOK_AGAIN_S`: for what is asked with every submission."""
        now = self._clock.monotonic()
        known = self._lately.get(name)
        if known is not None and now < known[1]:
            return known[0]
        user = self._user(name)
        if user is not None:
            if len(self._lately) >= MOST:
                self._lately.clear()
            self._lately[name] = (user, now + LOOK_AGAIN_S)
        return user

    def _still_holds(self, user: User, token: bytes | None) -> bool:
        if token is not None and not self._holds(lambda: self._store.peek(lambda look: look.token(token))):
            return False
        return self._user(user.name) == user

    @staticmethod
    def _holds(look: Callable[[], object]) -> bool:
        try:
            look()
        except NotFound:
            return False
        return True


def home_of(address: str) -> str:
    """What failures are counted by: whoever has one IPv6 address has 2**64 of them (RFC 4291, 2.5.4)."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address
