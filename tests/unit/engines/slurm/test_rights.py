"""engines/slurm/rights.py: as whom work is submitted."""

import pytest

from headgate.core.launch import OsAccount
from headgate.engines.slurm.commands.scontrol import Configuration
from headgate.engines.slurm.rights import AccountRefused, Runner, hidden, runner_for

ROOT = OsAccount("root", 0, 0, "/root")
SERVER = OsAccount("headgate", 900, 900, "/srv")
ANN = OsAccount("ann", 1001, 1001, "/home/ann")
NOBODY = OsAccount("nobody", 65534, 65534, "/")


def runner(account: OsAccount | None, own: OsAccount, *, sudo: bool = False) -> Runner:
    return runner_for(account, own, min_uid=1000, sudo=sudo)


def test_root_submits_for_the_owner_of_the_job() -> None:
    assert runner(ANN, ROOT) == Runner(ANN, as_root=True)
    assert runner(NOBODY, ROOT) == Runner(NOBODY, as_root=True)
    assert runner(ANN, ROOT, sudo=True) == Runner(ANN, as_root=True)


def test_another_server_submits_as_itself_and_for_others_only_by_sudo() -> None:
    assert runner(None, SERVER) == runner(SERVER, SERVER) == Runner(SERVER)
    assert runner(ANN, SERVER, sudo=True) == Runner(ANN, sudo=True)
    with pytest.raises(AccountRefused, match="can't submit as 'ann'"):
        runner(ANN, SERVER)


@pytest.mark.parametrize("own", [ROOT, SERVER])
@pytest.mark.parametrize(
    "account",
    [OsAccount("toor", 0, 1, "/"), OsAccount("w", 1001, 0, "/"), OsAccount("daemon", 1, 1, "/"),
     OsAccount("x", -1, 5, "/")],
)  # fmt: skip
def test_nothing_is_submitted_as_root_or_a_system_account(own: OsAccount, account: OsAccount) -> None:
    with pytest.raises(AccountRefused):
        runner(account, own, sudo=True)


def test_where_owners_are_reached_by_sudo_nothing_is_submitted_as_the_server() -> None:
    for account in (None, SERVER):
        with pytest.raises(AccountRefused, match="sudo is set"):
            runner(account, SERVER, sudo=True)


def test_root_never_submits_for_nobody_in_particular() -> None:
    with pytest.raises(AccountRefused, match="has no OS account"):
        runner(None, ROOT)


def config(**said: str) -> Configuration:
    return Configuration(
        cluster="c",
        version="v",
        largest_array=1001,
        most_jobs=10_000,
        finished_kept_s=300,
        kill_wait_s=30,
        accounting=True,
        comments_kept=True,
        generic_resources=(),
        said=said,
    )


@pytest.mark.parametrize(
    ("private", "level", "user", "sees"),
    [
        ("none", "", "slurm(64030)", True),
        ("nodes,usage", "", "slurm(64030)", True),
        ("jobs,usage", "", "slurm(64030)", False),
        ("jobs", "None", "slurm(64030)", False),
        ("jobs", "Operator", "slurm(64030)", True),
        ("all", "Administrator", "slurm(64030)", True),
        ("jobs", "", "headgate(900)", True),
    ],
)
def test_a_server_that_is_not_root_has_to_be_let_see_the_jobs(
    private: str, level: str, user: str, sees: bool
) -> None:
    why = hidden(config(PrivateData=private, SlurmUser=user), SERVER, level)
    assert bool(why) is not sees
    assert sees or "adminlevel=Operator" in why
