"""Groups of users: who is listed together. Administrators make and change them, every user may list them.

Headgate's own (spec soca, section 5.2): no group of the operating system comes of one, and being in one gives
no right. Of a user's private group only the user's gid is kept.
"""

import re
import secrets
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotFound, Taken, WrongState
from headgate.core.model import UserGroup
from headgate.core.properties.checks import shown
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.numbers import Draw, gids_in_use, number_for
from headgate.service.rights import require_admin

LONGEST_NAME: Final = 64
LONGEST_DESCRIPTION: Final = 1024
MOST_MEMBERS: Final = 10_000
_NAME: Final = re.compile(r"[A-Za-z0-9]+", re.ASCII)


class UserGroups:
    """See the module. Names compare case-insensitively. draw: a random number below its argument."""

    def __init__(self, store: Store, *, draw: Draw = secrets.randbelow) -> None:
        self._store = store
        self._draw = draw

    def list(self, caller: Caller | None) -> Sequence[UserGroup]:
        """All groups by name, private ones left out."""
        return self._store.peek(lambda reader: reader.user_groups())

    def get(self, caller: Caller | None, name: str) -> UserGroup:
        """One group. Raises NotFound (kind user group)."""
        require_admin(caller)
        return self._store.peek(lambda reader: _find(reader, name))

    async def create(
        self,
        caller: Caller | None,
        name: str,
        *,
        gid: int | None = None,
        members: Sequence[str] = (),
        description: str = "",
    ) -> UserGroup:
        """A new group; gid None: a free one is chosen.

        Raises BadRequest; Taken (group, gid); NotFound (kind user) for a member who is no user.
        """
        require_admin(caller)
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            raise BadRequest(f"A group's name is 1 to {LONGEST_NAME} letters and digits, not {shown(name)}.")
        if len(members) > MOST_MEMBERS:
            raise BadRequest(f"The list names {len(members)} members, more than {MOST_MEMBERS}.")
        if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
            raise BadRequest(f"A group's description has up to {LONGEST_DESCRIPTION} characters on one line.")

        def change(tx: Transaction) -> UserGroup:
            if any(one.name.casefold() == name.casefold() for one in tx.user_groups()):
                raise Taken(f"There is a group {name!r} already.", kind="group")
            known = dict.fromkeys(tx.user(member).name for member in members)
            group = UserGroup(
                name=name,
                gid=number_for("gid", gid, gids_in_use(tx), self._draw),
                members=tuple(known),
                description=description,
            )
            tx.put_user_group(group)
            return group

        return await self._store.write(change)

    async def remove(self, caller: Caller | None, name: str) -> None:
        """Remove a group; its members stay users. Raises NotFound, WrongState for the caller's own name."""
        require_admin(caller)
        if caller is not None and caller.name.casefold() == name.casefold():
            raise WrongState("You can't delete your own group.")
        await self._store.write(lambda tx: tx.drop_user_group(_find(tx, name).name))

    async def join(self, caller: Caller | None, name: str, *users: str) -> UserGroup:
        """Bring users into a group, all of them or none; who is in it stays. Raises NotFound (user group,
        user), BadRequest.
        """
        require_admin(caller)

        def change(tx: Transaction) -> UserGroup:
            group = _find(tx, name)
            members = tuple(dict.fromkeys([*group.members, *(tx.user(user).name for user in users)]))
            if len(members) > MOST_MEMBERS:
                raise BadRequest(f"The group {group.name} would have more than {MOST_MEMBERS} members.")
            return _keep(tx, replace(group, members=members))

        return await self._store.write(change)

    async def leave(self, caller: Caller | None, name: str, *users: str) -> UserGroup:
        """The reverse of `join`."""
        require_admin(caller)

        def change(tx: Transaction) -> UserGroup:
            group = _find(tx, name)
            leaving = {tx.user(user).name for user in users}
            return _keep(
                tx, replace(group, members=tuple(one for one in group.members if one not in leaving))
            )

        return await self._store.write(change)


def _find(reader: Reader, name: str) -> UserGroup:
    for group in reader.user_groups():
        if group.name.casefold() == name.casefold():
            return group
    raise NotFound(f"There is no group {shown(name)}.", kind="user group")


def _keep(tx: Transaction, group: UserGroup) -> UserGroup:
    tx.put_user_group(group)
    return group
