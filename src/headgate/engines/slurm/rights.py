"""As whom work is submitted. Pure.

As root, under the job's own account, which Slurm is told (`sbatch --uid`); as anybody else under the server's
own account, or by way of sudo where the settings say so. Never as root, nor by accident as the server.
"""

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.engines.slurm.commands.scontrol import Configuration

NOBODY = 65534
"""The uid of `nobody`, which the demo uses: the one exception to `min_uid`."""
SEES_ALL = frozenset({"Operator", "Administrator"})
"""Levels of sacctmgr(1) from which all jobs are seen."""


class AccountRefused(Exception):
    """Nothing is submitted for this account; the text says why."""


class Runner(Struct, frozen=True):
    """Whose the job is, and how Slurm is told: `as_root`: by --uid and --gid; `sudo`: by running its commands
    as that account; neither: it is the server's own.
    """

    account: OsAccount
    as_root: bool = False
    sudo: bool = False


def runner_for(account: OsAccount | None, own: OsAccount, *, min_uid: int, sudo: bool) -> Runner:
    """How work of this account is submitted by a server that runs as `own`. Raises AccountRefused."""
    if own.uid != 0:
        if sudo and (account is None or account.uid == own.uid):
            raise AccountRefused(
                f"sudo is set: jobs run as their owners, and none as the server's own account {own.name!r}."
                " This one's owner has no other."
            )
        if account is None or account.uid == own.uid:
            return Runner(own)
        if not sudo:
            raise AccountRefused(
                f"The server is not root: it can't submit as {account.name!r}, only as {own.name!r}."
            )
        _check(account, min_uid)
        return Runner(account, sudo=True)
    if account is None:
        raise AccountRefused("The server is root and the job has no OS account.")
    _check(account, min_uid)
    return Runner(account, as_root=True)


def _check(account: OsAccount, min_uid: int) -> None:
    if account.uid == 0 or account.gid == 0:
        raise AccountRefused(f"The account {account.name!r} is root's: nothing is ever submitted as root.")
    if account.uid < 0 or account.gid < 0 or (account.uid < min_uid and account.uid != NOBODY):
        raise AccountRefused(
            f"The account {account.name!r} is a system account: uid {account.uid} is below {min_uid}."
        )


def hidden(config: Configuration, own: OsAccount, level: str) -> str:
    """Why the jobs of owners can't be seen by a server that is not root; empty: they can.

    level: the server's AdminLevel in accounting; empty: unknown. After slurm.conf(5), PrivateData.
    """
    private = config.said.get("PrivateData", "").replace(",", " ").split()
    if not {"jobs", "all"}.intersection(private):
        return ""
    if config.said.get("SlurmUser", "").partition("(")[0] == own.name or level in SEES_ALL:
        return ""
    return (
        f"Slurm hides jobs from {own.name!r} (PrivateData has jobs): what becomes of them could not be seen."
        f" Make it an operator: sacctmgr modify user {own.name} set adminlevel=Operator."
    )
