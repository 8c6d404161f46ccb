"""Users: who may use the installation. Administrators manage them; None as the caller is the local command
line.

The OS account under which a user's tasks run is set by the local command line alone, never through a face:
whoever may write it may run programs as that account. There the account of the user's name is meant unless
another is named; a user made through a face has none, whatever the name. Passwords are hashed by a function
that is handed in.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotPermitted, Taken, WrongState
from headgate.core.model import User
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller, Identity
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.numbers import Draw, Numbers, gids_in_use, number_for, numbers, uids_in_use
from headgate.service.passwords import check_strength
from headgate.service.rights import require_acting, require_admin

ROLES: Final = {"user": Role.USER, "operator": Role.OPERATOR, "jobadmin": Role.JOBADMIN, "admin": Role.ADMIN}
LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 256
# `:` ends the name in Basic authentication (RFC 7617); `/` would let a name leave the folder that bears it.
NOT_IN_NAMES: Final = frozenset(':/,"')

Hash = Callable[[str], Awaitable[str]]


def role_named(name: str) -> Role:
    """The role of this name. Raises BadRequest."""
    try:
        return ROLES[name.lower()]
    except KeyError:
        raise BadRequest(f"There is no role {name!r}; there are {', '.join(ROLES)}.") from None


def role_name(role: Role) -> str:
    """How a role is called; the mightiest where somebody has several."""
    return next((name for name, one in reversed(ROLES.items()) if role & one), "none")


def check_name(name: str) -> None:
    """Raises BadRequest for what can't be the name of a user."""
    if not name or len(name) > LONGEST_NAME:
        raise BadRequest(f"A user name has 1 to {LONGEST_NAME} characters.")
    if name in (".", "..") or name != name.strip() or not name.isprintable() or NOT_IN_NAMES & set(name):
        raise BadRequest(
            f"{name!r} can't be a user name: no control characters, no blanks around it, none of :/,\"."
        )


class Users:
    """See the module. Names compare case-insensitively; `changed` is told of each user that was changed.

    draw: a random number below its argument.
    """

    def __init__(
        self,
        store: Store,
        identity: Identity,
        hash_password: Hash,
        *,
        changed: Callable[[str], None] = lambda name: None,
        draw: Draw = secrets.randbelow,
    ) -> None:
        self._store = store
        self._identity = identity
        self._hash = hash_password
        self._changed = changed
        self._draw = draw

    async def add(
        self,
        caller: Caller | None,
        name: str,
        role: Role,
        password: str,
        os_account: str = "",
        *,
        email: str = "",
        shell: str = "",
        uid: int | None = None,
        gid: int | None = None,
    ) -> User:
        """A new user. uid, gid: numbers for lists (`core.model.User`); None: free ones are chosen.

        Raises BadRequest, NotPermitted; Taken (user, uid, gid).
        """
        require_admin(caller)
        if os_account and caller is not None:
            raise NotPermitted("The OS account of a user is set by the local command line alone.")
        check_name(name)
        _check_text("e-mail address", email)
        _check_text("shell", shell)
        encoded = await self._hash(password)

        def change(tx: Transaction) -> User:
            if _exists(tx, name):
                raise Taken(f"There is a user {name!r} already.", kind="user")
            user = User(
                name=name,
                role=role,
                password_hash=encoded,
                os_account=(os_account or name) if caller is None else "",
                created=tx.now,
                changed=tx.now,
                email=email,
                shell=shell,
                uid=number_for("uid", uid, uids_in_use(tx), self._draw),
                gid=number_for("gid", gid, gids_in_use(tx), self._draw),
            )
            tx.put_user(user)
            return user

        added = await self._store.write(change)
        self._changed(name)
        return added

    async def remove(self, caller: Caller | None, name: str) -> None:
        """The user is no more: no password, token or key of theirs is good, no group has them as a member.

        Their jobs and files stay; what has not started of a job is refused when its turn comes. Raises
        NotFound, WrongState for oneself.
        """
        require_admin(caller)
        if caller is not None and caller.name.casefold() == name.casefold():
            raise WrongState("You can't delete your own user.")

        def change(tx: Transaction) -> None:
            user = tx.user(name)
            tx.drop_user(user.name)
            tx.drop_tokens(user.name)
            tx.drop_access_keys(user.name)
            for group in tx.user_groups():
                left = tuple(member for member in group.members if member.casefold() != user.name.casefold())
                if left != group.members:
                    tx.put_user_group(replace(group, members=left))

        await self._store.write(change)
        self._changed(name)

    async def set_admin(self, caller: Caller | None, name: str, granted: bool) -> None:
        """Make somebody an administrator, or one no longer; other roles stay. Raises NotFound."""
        require_admin(caller)

        def change(tx: Transaction) -> None:
            user = tx.user(name)
            role = user.role | Role.ADMIN if granted else user.role & ~Role.ADMIN
            # Who was nothing else is a user still.
            tx.put_user(replace(user, role=role or Role.USER, changed=tx.now))

        await self._store.write(change)
        self._changed(name)

    async def set_os_account(self, caller: Caller | None, name: str, os_account: str) -> None:
        """The account under which a user's tasks run from now on; empty: none. The local command line's
        alone. Raises NotFound, NotPermitted.
        """
        if caller is not None:
            raise NotPermitted("The OS account of a user is set by the local command line alone.")

        def change(tx: Transaction) -> None:
            tx.put_user(replace(tx.user(name), os_account=os_account, changed=tx.now))

        await self._store.write(change)
        self._changed(name)

    async def set_password(self, caller: Caller | None, name: str, password: str) -> None:
        """Another password, from now on. Who logged in with the old one is out. Raises NotFound.

        An API key stays: programs have it, and it was made without the password (SOCA does the same).
        """
        if caller is None or caller.name.casefold() != name.casefold():
            require_admin(caller)
        encoded = await self._hash(password)

        def change(tx: Transaction) -> None:
            user = tx.user(name)
            tx.put_user(replace(user, password_hash=encoded, changed=tx.now))
            for token in tx.tokens(user.name):
                if not token.sealed:
                    tx.drop_token(token.digest)

        await self._store.write(change)
        self._changed(name)

    async def reset_password(self, caller: Caller | None, name: str, password: str) -> None:
        """`set_password` for faces that want a strong one. Raises WeakPassword, NotFound."""
        check_strength(name, password)
        await self.set_password(caller, name, password)

    async def set_disabled(self, caller: Caller | None, name: str, disabled: bool) -> None:
        """Let somebody in no longer, or again. Their jobs stay as they are. Raises NotFound."""
        require_admin(caller)

        def change(tx: Transaction) -> None:
            tx.put_user(replace(tx.user(name), disabled=disabled, changed=tx.now))

        await self._store.write(change)
        self._changed(name)

    def list(self, caller: Caller | None) -> Sequence[User]:
        """All users by name."""
        require_admin(caller)
        return self._store.peek(lambda reader: reader.users())

    def get(self, caller: Caller | None, name: str) -> User:
        """One user. Raises NotFound."""
        require_admin(caller)
        return self._store.peek(lambda reader: reader.user(name))

    def names(self, caller: Caller | None) -> Sequence[str]:
        """What the users are called, which every user may know."""
        return [user.name for user in self._store.peek(lambda reader: reader.users())]

    def numbers(self, caller: Caller | None) -> Numbers:
        """Which numbers users and groups have, and which are proposed for the next one."""
        require_admin(caller)
        return self._store.peek(lambda reader: numbers(reader, self._draw))

    def act_as(self, caller: Caller, name: str) -> Caller:
        """The caller that stands for somebody else (`x-ms-as-user`). Raises NotPermitted, NotFound."""
        require_acting(caller)
        other = self._identity.caller(name)
        # Acting as an administrator must not make one: what the caller's own role does not hold is not lent.
        return replace(other, role=(other.role & caller.role) | Role.USER)


def _exists(reader: Reader, name: str) -> bool:
    return any(user.name.casefold() == name.casefold() for user in reader.users())


def _check_text(what: str, text: str) -> None:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise BadRequest(f"The {what} has up to {LONGEST_TEXT} characters and no control characters.")
