"""Under which OS account tasks may run."""

import grp
import os
import pwd

import pytest

from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount
from headgate.identity.accounts import OsAccounts, check_own_group, look_up, own_account, with_group
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


ADA = OsAccount("ada", 1000, 1000, "/home/ada", groups=(1000, 65534))


@pytest.mark.parametrize("group", ["65534", grp.getgrgid(65534).gr_name])
def test_an_account_may_have_any_of_its_groups_as_its_own(group: str) -> None:
    grouped = with_group(ADA, group)
    assert (grouped.gid, grouped.groups) == (65534, (1000, 65534))
    assert with_group(ADA, "1000") == ADA


@pytest.mark.parametrize("group", ["root", "0", "no-such-group", "-1", "99999", "a\0b", ""])
def test_another_group_is_refused(group: str) -> None:
    with pytest.raises(NotPermitted, match="group"):
        with_group(ADA, group)


def test_without_root_there_is_only_the_group_of_the_server() -> None:
    check_own_group(str(os.getgid()))
    with pytest.raises(NotPermitted, match="not root"):
        check_own_group(str(os.getgid() + 1))
    assert own_account().uid == os.getuid()


def test_an_account_is_kept_for_each_group() -> None:
    looks = []

    def look(name: str, min_uid: int) -> OsAccount:
        looks.append(name)
        return ADA

    accounts = OsAccounts(1000, TestClock().monotonic, look)
    assert [accounts.find("ada").gid, accounts.find("ada", "65534").gid, accounts.find("ada").gid] == [
        1000,
        65534,
        1000,
    ]
    with pytest.raises(NotPermitted):
        accounts.find("ada", "root")
    assert looks == ["ada"] * 3
