import os

import pytest

from headgate.core.launch import OsAccount
from headgate.engines.account import own_account
from headgate.engines.local.rights import NOBODY, AccountRefused, account_for

ROOT = OsAccount("root", 0, 0, "/root")
SERVICE = OsAccount("headgate", 990, 990, "/var/lib/headgate")


def someone(uid: int, gid: int = 2000) -> OsAccount:
    return OsAccount("someone", uid, gid, "/home/someone")


@pytest.mark.parametrize("uid", [1000, 60000, 2**31, NOBODY])
def test_root_starts_tasks_of_people_and_nobody(uid: int) -> None:
    assert account_for(someone(uid), 1000, ROOT) == someone(uid)
    assert account_for(someone(NOBODY), 10**6, ROOT).uid == NOBODY


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (None, "no OS account"),
        (someone(0), "uid 0"),
        (someone(999), "system account"),
        (someone(1), "system account"),
        (someone(-1), "system account"),
        (someone(1000, -1), "system account"),
    ],
)
@pytest.mark.parametrize("min_uid", [1000, 1001])
def test_root_starts_nothing_else(account: OsAccount | None, why: str, min_uid: int) -> None:
    with pytest.raises(AccountRefused, match=why):
        account_for(account, min_uid, ROOT)


@pytest.mark.parametrize("min_uid", [0, -5])
def test_uid_zero_is_refused_whatever_is_set(min_uid: int) -> None:
    with pytest.raises(AccountRefused, match="uid 0"):
        account_for(someone(0), min_uid, ROOT)


def test_without_root_everything_runs_as_the_server() -> None:
    assert account_for(None, 1000, SERVICE) is SERVICE
    assert account_for(someone(990), 1000, SERVICE) is SERVICE
    with pytest.raises(AccountRefused, match="not root"):
        account_for(someone(1001), 1000, SERVICE)


def test_the_own_account_is_this_process() -> None:
    assert own_account().uid == os.getuid()
