"""OS accounts: under which uid the tasks of a user run. Never root, whatever the user's name is.

Results are kept for less than a second: a task start costs no look-up in a directory service, and an
account that was changed or removed is seen soon enough.
"""

import grp
import os
import pwd
from collections.abc import Callable
from typing import Final

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


def group_names(account: OsAccount) -> tuple[str, ...]:
    """The names of its groups, for people; a number where there is no name."""
    names = []
    for gid in account.groups:
        try:
            names.append(grp.getgrgid(gid).gr_name)
        except KeyError:
            names.append(str(gid))
    return tuple(names)


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
        self._known: dict[str, tuple[float, OsAccount | NotPermitted]] = {}

    def find(self, name: str) -> OsAccount:
        """The account of this name. Raises NotPermitted with the reason why it can't be used."""
        now = self._monotonic()
        known = self._known.get(name)
        if known is None or now - known[0] >= KEPT_S:
            found: OsAccount | NotPermitted
            try:
                found = self._look(name, self._min_uid)
            except NotPermitted as refused:
                found = refused
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[name] = (now, found)
        if isinstance(known[1], NotPermitted):
            raise NotPermitted(known[1].text, code=known[1].code, parameters=known[1].parameters)
        return known[1]
