"""Whose tasks may run here, and how root is given up for them.

As root, every task runs under its own account; uid 0 and system accounts never. Otherwise everything
runs as the server's account, which is then one trust domain.
"""

import os

from headgate.core.launch import OsAccount
from headgate.engines.local.linux import forbid_inspection

NOBODY = 65534
"""The uid of `nobody`, which the demo uses: the one exception to `min_uid`."""


class AccountRefused(Exception):
    """Tasks of this account are not run; the text says why."""


def account_for(account: OsAccount | None, min_uid: int, own: OsAccount) -> OsAccount:
    """The account that a task with this one runs under. Raises AccountRefused."""
    if own.uid != 0:
        if account is not None and account.uid != own.uid:
            raise AccountRefused(
                f"The server is not root: it can't start anything as {account.name!r}, only as {own.name!r}."
            )
        return own
    if account is None:
        raise AccountRefused("The server is root and the task has no OS account.")
    if account.uid == 0:
        raise AccountRefused(
            f"The account {account.name!r} is root's (uid 0): nothing is ever started as root."
        )
    if account.uid < 0 or account.gid < 0 or (account.uid < min_uid and account.uid != NOBODY):
        raise AccountRefused(
            f"The account {account.name!r} is a system account: uid {account.uid} is below {min_uid}."
        )
    return account


def become(account: OsAccount) -> None:
    """Give up root for good. Raises AccountRefused or OSError; the process must then end.

    The groups are those the server looked up: root asks no name service here.
    """
    if os.geteuid() != 0:
        return
    os.setgroups(sorted({account.gid, *account.groups}))
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    # The kernel does this as well when the uid changes; without it every task of this account
    # could trace us, and reach the journal and the sockets that we hold.
    forbid_inspection()
    if os.getresuid() != (account.uid,) * 3 or os.getresgid() != (account.gid,) * 3:
        raise AccountRefused(f"The account {account.name!r} was not taken over completely.")
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise AccountRefused(f"Root could be taken back after becoming {account.name!r}.")
