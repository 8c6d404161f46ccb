"""cli/doctor_storage.py: what is wrong with folders is said before a user is refused for it."""

import os
from pathlib import Path

import pytest

from headgate.cli.doctor_storage import TOLD, of_object_store, of_storage
from headgate.core.launch import OsAccount
from headgate.objects.settings import ObjectStorageSettings

OURS = OsAccount("us", os.geteuid(), os.getegid(), "/")


def levels(root: Path | str, accounts: dict[str, OsAccount]) -> list[tuple[str, str]]:
    """What was found but for the ways that lead to a folder of pytest, which are closed."""
    return [one for one in of_storage(str(root), accounts) if "may pass" not in one[1]]


def test_a_root_of_the_administrator_is_good_whether_or_not_users_were_there(tmp_path: Path) -> None:
    root = tmp_path / "users"
    root.mkdir(mode=0o755)
    (root / "ada").mkdir()
    [(level, text)] = levels(root, {"ada": OURS, "ben": OURS})
    assert level == "good"
    assert str(root) in text


@pytest.mark.parametrize("fault", ["missing", "file", "open"])
def test_a_root_that_can_not_be_used_is_a_fault(tmp_path: Path, fault: str) -> None:
    root = tmp_path / "users"
    if fault == "file":
        root.write_text("")
    elif fault == "open":
        root.mkdir()
        root.chmod(0o777)
    [(level, text)] = levels(root, {"ada": OURS})
    assert level == "fault"
    assert str(root) in text


def test_a_folder_that_is_not_the_accounts_own_is_named(tmp_path: Path) -> None:
    root = tmp_path / "users"
    root.mkdir(mode=0o755)
    (root / "ada").symlink_to("/")
    (root / "ben").mkdir()
    stranger = OsAccount("stranger", os.geteuid() + 4711, 1, "/")
    found = [text for level, text in levels(root, {"ada": OURS, "ben": stranger}) if level == "warning"]
    assert "ada" in found[0]
    assert "not a folder" in found[0]
    assert "stranger" in found[1]


def test_who_can_not_pass_is_said_of_the_folder_that_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "users"
    root.mkdir(mode=0o700)
    said = [text for _, text in of_storage(str(root), {}) if f"may pass {root}:" in text]
    assert len(said) == (os.geteuid() == 0)


def test_a_home_has_to_be_there(tmp_path: Path) -> None:
    accounts = {name: OsAccount(name, os.geteuid(), 1, home) for name, home in (("a", "/"), ("b", "/none"))}
    [(level, _), *bad] = of_storage("", accounts)
    assert level == "good"
    assert ["no home" in text or "does not exist" in text for _, text in bad] == [True, True]
    assert list(of_storage("", {})) == [], "nobody asked"


def test_many_are_not_told_one_by_one() -> None:
    accounts = {f"u{number}": OsAccount("u", 1, 1, "/") for number in range(TOLD + 7)}
    *_, (_, last) = of_storage("", accounts)
    assert "7 more" in last


def test_without_an_object_store_there_is_nothing_to_say() -> None:
    assert list(of_object_store(ObjectStorageSettings())) == []
