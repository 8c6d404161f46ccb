"""Under which OS account tasks may run."""

import os
import pwd

import pytest

from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount
from headgate.identity.accounts import OsAccounts, look_up
from headgate.testing.clock import TestClock


def test_root_is_refused_whatever_min_uid_says() -> None:
    with pytest.raises(NotPermitted, match="uid 0"):
        look_up("root", 0)


def test_accounts_of_the_system_are_refused() -> None:
    name = next(one.pw_name for one in pwd.getpwall() if 0 < one.pw_uid < 1000)
    with pytest.raises(NotPermitted, match="below min_uid"):
        look_up(name, 1000)
    assert look_up(name, 1).name == name


def test_nobody_is_the_one_exception() -> None:
    assert look_up("nobody", 100_000).uid == pwd.getpwnam("nobody").pw_uid


@pytest.mark.parametrize("name", ["no-such-account", "", "a\0b", "../root"])
def test_a_missing_account_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(NotPermitted, match="no OS account"):
        look_up(name, 1000)


def test_the_groups_are_those_of_the_account() -> None:
    account = look_up("nobody", 1000)
    assert account.gid in account.groups
    assert set(account.groups) == set(os.getgrouplist("nobody", account.gid))


def test_the_shell_is_that_of_the_account() -> None:
    assert look_up("nobody", 1000).shell == (pwd.getpwnam("nobody").pw_shell or "/bin/sh")


def test_an_account_is_looked_up_again_after_less_than_a_second() -> None:
    clock = TestClock()
    asked: list[str] = []

    def look(name: str, min_uid: int) -> OsAccount:
        asked.append(name)
        if len(asked) > 1:
            raise NotPermitted("gone")
        return OsAccount(name, 2000, 2000, "/")

    accounts = OsAccounts(1000, clock.monotonic, look)
    assert accounts.find("ada") == accounts.find("ada")
    assert len(asked) == 1
    clock.pass_time(1.0)
    for _ in range(2):
        with pytest.raises(NotPermitted, match="gone"):
            accounts.find("ada")
    assert len(asked) == 2
