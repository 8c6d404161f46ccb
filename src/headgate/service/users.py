"""Users: who may use the installation. Administrators manage them; None as the caller is the local command
line.

The OS account under which a user's tasks run is set by the local command line alone, never through a face:
whoever may write it may run programs as that account. Passwords are hashed by a function that is handed in.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotPermitted, WrongState
from headgate.core.model import User
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller, Identity
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.rights import require_acting, require_admin

ROLES: Final = {"user": Role.USER, "operator": Role.OPERATOR, "jobadmin": Role.JOBADMIN, "admin": Role.ADMIN}
LONGEST_NAME: Final = 256
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
    """See the module. Names compare case-insensitively; `changed` is told of each user that was changed."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        hash_password: Hash,
        *,
        changed: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._store = store
        self._identity = identity
        self._hash = hash_password
        self._changed = changed

    async def add(
        self, caller: Caller | None, name: str, role: Role, password: str, os_account: str = ""
    ) -> None:
        """A new user. Raises WrongState when there is one of this name."""
        require_admin(caller)
        if os_account and caller is not None:
            raise NotPermitted("The OS account of a user is set by the local command line alone.")
        check_name(name)
        encoded = await self._hash(password)

        def change(tx: Transaction) -> None:
            if _exists(tx, name):
                raise WrongState(f"There is a user {name!r} already.")
            tx.put_user(
                User(
                    name=name,
                    role=role,
                    password_hash=encoded,
                    os_account=os_account,
                    created=tx.now,
                    changed=tx.now,
                )
            )

        await self._store.write(change)
        self._changed(name)

    async def set_password(self, caller: Caller | None, name: str, password: str) -> None:
        """Another password, from now on. The user's tokens end with the old one. Raises NotFound."""
        if caller is None or caller.name.casefold() != name.casefold():
            require_admin(caller)
        encoded = await self._hash(password)

        def change(tx: Transaction) -> None:
            user = tx.user(name)
            tx.put_user(replace(user, password_hash=encoded, changed=tx.now))
            tx.drop_tokens(user.name)

        await self._store.write(change)
        self._changed(name)

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

    def act_as(self, caller: Caller, name: str) -> Caller:
        """The caller that stands for somebody else (`x-ms-as-user`). Raises NotPermitted, NotFound."""
        require_acting(caller)
        other = self._identity.caller(name)
        # Acting as an administrator must not make one: what the caller's own role does not hold is not lent.
        return replace(other, role=(other.role & caller.role) | Role.USER)


def _exists(reader: Reader, name: str) -> bool:
    return any(user.name.casefold() == name.casefold() for user in reader.users())
