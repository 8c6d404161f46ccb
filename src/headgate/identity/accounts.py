"""OS accounts: under which uid the tasks of a user run. Never root, whatever the user's name is.

Results are kept for less than a second: a task start costs no look-up in a directory service, and an
account that was changed or removed is seen soon enough.
"""

import grp
import os
import pwd
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount

KEPT_S: Final = 0.9
MOST: Final = 1000
NOBODY: Final = "nobody"
"""The one account that may have a low uid: it owns nothing (the demo uses it)."""


def look_up(name: str, min_uid: int) -> OsAccount:
    """The account of this name. Raises NotPermitted with the reason why it can't be used."""
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):  # ValueError: an embedded NUL
        raise NotPermitted(f"There is no OS account {name!r} on this machine.") from None
    if entry.pw_uid == 0:
        raise NotPermitted(f"The OS account {name!r} has uid 0; no task runs as root.")
    if entry.pw_uid < min_uid and entry.pw_name != NOBODY:
        raise NotPermitted(
            f"The OS account {name!r} is the system's: its uid {entry.pw_uid} is below min_uid ({min_uid})."
        )
    return OsAccount(
        name=entry.pw_name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=entry.pw_dir,
        groups=tuple(sorted(set(os.getgrouplist(entry.pw_name, entry.pw_gid)))),
        shell=entry.pw_shell or "/bin/sh",
    )


def with_group(account: OsAccount, group: str) -> OsAccount:
    """The account with this group, by name or number, as its primary one.

    Raises NotPermitted unless it is a member.
    """
    gid = _gid(group)
    if gid != account.gid and gid not in account.groups:
        raise NotPermitted(f"The OS account {account.name!r} is not a member of the group {group!r}.")
    return replace(account, gid=gid, groups=tuple(sorted({*account.groups, account.gid})))


def check_own_group(group: str) -> None:
    """Raises NotPermitted unless this is the group that the server itself runs with: only root can choose."""
    if _gid(group) != os.getgid():
        raise NotPermitted(
            f"The server is not root: it can't start anything with the group {group!r}, only with its own."
        )


def _gid(group: str) -> int:
    try:
        return int(group) if group.isascii() and group.isdigit() else grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        raise NotPermitted(f"There is no OS group {group!r} on this machine.") from None


def own_account() -> OsAccount:
    """The account this process runs under."""
    uid = os.getuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return OsAccount(str(uid), uid, os.getgid(), "/")
    return OsAccount(entry.pw_name, uid, entry.pw_gid, entry.pw_dir, shell=entry.pw_shell or "/bin/sh")


def group_names(account: OsAccount) -> tuple[str, ...]:
    """The names of its groups, for people; a number where there is no name."""
    return tuple(map(group_name, account.groups))


def group_name(gid: int) -> str:
    """The name of a group, or its number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


class OsAccounts:
    """Accounts by name, looked up at most about once a second each."""

    def __init__(
        self,
        min_uid: int,
        monotonic: Callable[[], float],
        look: Callable[[str, int], OsAccount] = look_up,
    ) -> None:
        self._min_uid = min_uid
        self._monotonic = monotonic
        self._look = look
        self._known: dict[tuple[str, str], tuple[float, OsAccount | NotPermitted]] = {}

    def find(self, name: str, group: str = "") -> OsAccount:
        """The account of this name, with this primary group if one is named.

        Raises NotPermitted with the reason why it can't be used.
        """
        now = self._monotonic()
        known = self._known.get((name, group))
        if known is None or now - known[0] >= KEPT_S:
            found: OsAccount | NotPermitted
            try:
                found = self._look(name, self._min_uid)
                found = with_group(found, group) if group else found
            except NotPermitted as refused:
                found = refused
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[(name, group)] = (now, found)
        if isinstance(known[1], NotPermitted):
            raise NotPermitted(known[1].text, code=known[1].code, parameters=known[1].parameters)
        return known[1]
