"""Users, groups and rights (spec soca, 5): Headgate's own. A user that is made here has no OS account."""

import re
from typing import Final

from headgate.core.errors import NotAuthenticated, NotFound, Taken, WrongState
from headgate.core.model import User, UserGroup
from headgate.core.vocabulary import Role
from headgate.dialects.soca import parse
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.errors import Failure, missing
from headgate.dialects.soca.operation import Call, ok
from headgate.formats.serving import Answer
from headgate.service.passwords import WeakPassword, check_strength

BASE: Final = "o=headgate"
SHELL: Final = "/bin/bash"
RESERVED: Final = "admin"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9]")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")


def user_dn(name: str) -> str:
    """What a directory would call a user."""
    return f"uid={name},ou=People,{BASE}"


def group_dn(name: str) -> str:
    """What a directory would call a group."""
    return f"cn={name},ou=Group,{BASE}"


def weak(error: WeakPassword) -> Failure:
    """A password that is too easily guessed (3: 234, 236)."""
    if error.holds_name:
        return Failure("DS_PASSWORD_USERNAME_IN_PW")
    return Failure("DS_PASSWORD_COMPLEXITY_ERROR", error.text)


class DirectoryCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._users = context.users
        self._groups = context.user_groups
        self._identity = context.key_identity

    # ---- users (5.1)

    async def user(self, call: Call) -> Answer:
        """Tell of a user, as a directory would print the entry."""
        return ok(_entry(self._users.get(call.caller, parse.required(call.fields, "user"))))

    async def users(self, call: Call) -> Answer:
        """List the users with what a directory would call them."""
        return ok({name: user_dn(name) for name in self._users.names(call.caller)})

    async def add_user(self, call: Call) -> Answer:
        """Make a user. uid and gid are Headgate's own numbers, 0 for any; no OS account comes of it."""
        given = call.fields
        # SOCA reduces names to these.
        name = _NOT_IN_NAMES.sub("", parse.required(given, "user")).lower()
        password, email = parse.required(given, "password"), parse.required(given, "email")
        sudoers = parse.integer(given, "sudoers")
        uid, gid = parse.integer(given, "uid"), parse.integer(given, "gid")
        if not name:
            raise missing("user")
        if sudoers not in (0, 1):
            raise Failure("CLIENT_INVALID_PARAMETER", body={"sudoers": "it is 0 or 1"})
        if not _EMAIL.fullmatch(email):
            raise Failure("INVALID_EMAIL_ADDRESS")
        if name == RESERVED:
            raise Failure("DS_PASSWORD_USERNAME_IS_ADMIN")
        try:
            check_strength(name, password)
            await self._users.add(
                call.caller,
                name,
                Role.USER | Role.ADMIN if sudoers else Role.USER,
                password,
                email=email,
                shell=given.get("shell") or SHELL,
                uid=uid or None,
                gid=gid or None,
            )
        except WeakPassword as error:
            raise weak(error) from None
        except Taken as error:
            raise _taken(error, "COULD_NOT_CREATE_GROUP") from None
        return ok("Added user")

    async def delete_user(self, call: Call) -> Answer:
        """Remove a user: neither key nor password is good any more; jobs and files stay."""
        name = parse.required(call.fields, "user")
        try:
            await self._users.remove(call.owner(), name)
        except WrongState:
            raise Failure("CLIENT_OWN_RESOURCE") from None
        return ok("Deleted user.")

    async def ids(self, call: Call) -> Answer:
        """Propose numbers for the next user, and list those in use."""
        found = self._users.numbers(call.caller)
        return ok(
            {
                "proposed_uid": found.free_uid,
                "proposed_gid": found.free_gid,
                "uid_in_use": found.uids,
                "gid_in_use": found.gids,
            }
        )

    # ---- groups (5.2)

    async def group(self, call: Call) -> Answer:
        """Tell of a group."""
        try:
            return ok(_group(self._groups.get(call.caller, parse.required(call.fields, "group"))))
        except NotFound:
            raise Failure("GROUP_DO_NOT_EXIST") from None

    async def groups(self, call: Call) -> Answer:
        """List the groups with their members."""
        return ok({group.name: _group(group) for group in self._groups.list(call.caller)})

    async def add_group(self, call: Call) -> Answer:
        """Make a group of users."""
        given = call.fields
        name = _NOT_IN_NAMES.sub("", parse.required(given, "group"))
        if not name:
            raise missing("group")
        members = [member.strip() for member in given.get("members", "").split(",") if member.strip()]
        gid = parse.integer(given, "gid", 0)
        try:
            await self._groups.create(call.caller, name, gid=gid or None, members=members)
        except NotFound as error:
            raise Failure("UNKNOWN_MEMBER", error.text) from None
        except Taken as error:
            raise _taken(error, "LDAP_ALREADY_EXISTS") from None
        return ok("Group created successfully")

    async def change_group(self, call: Call) -> Answer:
        """Bring a user into a group, or out of it."""
        given = call.fields
        group, user = parse.required(given, "group"), parse.required(given, "user")
        action = parse.required(given, "action")
        if action not in ("add", "remove"):
            raise Failure("CLIENT_MISSING_PARAMETER", "action (str) must be add or remove")
        change = self._groups.join if action == "add" else self._groups.leave
        try:
            await change(call.caller, group, user)
        except NotFound as error:
            raise Failure("GROUP_USER_UNKNOWN" if error.kind == "user" else "GROUP_DO_NOT_EXIST") from None
        return ok("LDAP attribute has been modified correctly")

    async def delete_group(self, call: Call) -> Answer:
        """Remove a group; its members stay users."""
        name = parse.required(call.fields, "group")
        try:
            await self._groups.remove(call.owner(), name)
        except WrongState:
            raise Failure("CLIENT_OWN_RESOURCE") from None
        except NotFound:
            raise Failure("LDAP_NO_SUCH_OBJECT") from None
        return ok("Deleted user.")

    # ---- rights (5.3)

    async def sudo(self, call: Call) -> Answer:
        """Tell whether a user is an administrator."""
        if not self._users.get(call.caller, _somebody(call)).role & Role.ADMIN:
            raise Failure("NO_SUDO")
        return ok("User has SUDO permissions.")

    async def grant(self, call: Call) -> Answer:
        """Make a user an administrator."""
        user = _somebody(call)
        await self._users.set_admin(call.caller, user, True)
        return ok(f"{user} now has admin permission")

    async def withdraw(self, call: Call) -> Answer:
        """Make a user an administrator no longer."""
        user = _somebody(call)
        await self._users.set_admin(call.caller, user, False)
        return ok(f"{user} does not have admin permission anymore")

    async def authenticate(self, call: Call) -> Answer:
        """Check a user's password."""
        user, password = parse.required(call.fields, "user"), parse.required(call.fields, "password")
        try:
            await self._identity.by_password(user, password, address=call.address)
        except NotAuthenticated as error:
            raise Failure("INVALID_CREDENTIALS", retry_after_s=error.retry_after_s) from None
        return ok("User is valid")


def _somebody(call: Call) -> str:
    user = call.fields.get("user", "")
    if not user:
        raise Failure("CLIENT_MISSING_PARAMETER", "user can not be empty")
    return user


def _taken(error: Taken, otherwise: str) -> Failure:
    name = {"uid": "UID_ALREADY_IN_USE", "gid": "GID_ALREADY_IN_USE"}.get(error.kind, otherwise)
    return Failure(name, error.text)


def _entry(user: User) -> str:
    lines = {
        "dn": user_dn(user.name),
        "uid": user.name,
        "uidNumber": user.uid,
        "gidNumber": user.gid,
        "mail": user.email,
        "loginShell": user.shell or SHELL,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def _group(group: UserGroup) -> dict[str, object]:
    return {"group_dn": group_dn(group.name), "members": group.members}
