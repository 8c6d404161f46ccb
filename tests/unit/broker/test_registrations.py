"""broker/registrations.py: the folder of services, and whom it is believed from."""

import os
from pathlib import Path

import pytest

from headgate.broker.registrations import Registrations, read_file
from headgate.core.errors import HeadgateError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "services"
    made.mkdir(mode=0o755)
    return made


def register(folder: Path, file: str, text: str, mode: int = 0o644) -> None:
    path = folder / f"{file}.toml"
    path.write_text(text)
    path.chmod(mode)


def code(call: object) -> str:
    with pytest.raises(HeadgateError) as refused:
        call()  # type: ignore[operator]  # a function
    return refused.value.code


def test_the_echo_service_is_there_without_a_folder(tmp_path: Path) -> None:
    services = Registrations(tmp_path / "none")
    assert services.find("ccpechosvc").python == "headgate.soa.echo:CcpEchoSvc"
    assert services.versions("CcpEchoSvc") == ("1.0",)
    assert services.find("CcpEchoSvc", "1.0").name == "CcpEchoSvc"
    assert code(lambda: services.find("CcpEchoSvc", "2.0")) == "ServiceVersion_NotFound"
    assert code(lambda: services.find("Other")) == "Service_NotFound"
    assert code(lambda: services.versions("Other")) == "Service_NotFound"


def test_the_newest_version_is_found_unless_one_is_named(folder: Path) -> None:
    services = Registrations(folder)
    for version in ("1.2", "1.10", "1.9"):
        register(folder, f"S_{version}", f'name = "S"\nversion = "{version}"\ncommand = ["/s"]')
    assert services.versions("s") == ("1.10", "1.9", "1.2")
    assert services.find("S").version == "1.10"
    assert services.find("S", "1.9.0.0").version == "1.9"
    assert code(lambda: services.find("S", "1.x")) == "ServiceVersion_NotFound"


def test_a_change_of_the_folder_is_seen(folder: Path) -> None:
    services = Registrations(folder)
    assert code(lambda: services.find("S")) == "Service_NotFound"
    register(folder, "S", 'name = "S"\ncommand = ["/s"]')
    assert services.find("S").command == ("/s",)
    register(folder, "S", 'name = "S"\ncommand = ["/other"]')
    assert services.find("S").command == ("/other",)
    (folder / "S.toml").unlink()
    assert code(lambda: services.find("S")) == "Service_NotFound"


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_file_that_others_may_write_is_not_believed(folder: Path, mode: int) -> None:
    register(folder, "S", 'name = "S"\ncommand = ["/s"]', mode)
    services = Registrations(folder)
    assert code(lambda: services.find("S")) == "ConfigFile_Invalid"
    assert "written by others" in services.all()[-1].wrong


def test_a_folder_that_others_may_write_is_not_believed(folder: Path) -> None:
    register(folder, "S", 'name = "S"\ncommand = ["/s"]')
    folder.chmod(0o777)
    assert code(lambda: Registrations(folder).find("S")) == "ConfigFile_Invalid"
    assert Registrations(folder).find("CcpEchoSvc").name == "CcpEchoSvc"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_believed(folder: Path) -> None:
    register(folder, "S", 'name = "S"\ncommand = ["/s"]')
    os.chown(folder / "S.toml", 4711, -1)
    assert code(lambda: Registrations(folder).find("S")) == "ConfigFile_Invalid"


def test_one_bad_file_spoils_no_other(folder: Path) -> None:
    register(folder, "Bad", "name = ")
    register(folder, "Good", 'name = "Good"\ncommand = ["/g"]')
    register(folder, "Twice", 'name = "good"\ncommand = ["/g2"]')
    (folder / "notes.txt").write_text("not one of ours")
    services = Registrations(folder)
    assert services.find("Good").command == ("/g",)
    assert [(one.file, bool(one.wrong)) for one in services.all()] == [
        ("", False),
        ("Good.toml", False),
        ("Bad.toml", True),
        ("Twice.toml", True),
    ]


def test_what_is_no_file_is_refused_without_waiting_for_it(folder: Path) -> None:
    os.mkfifo(folder / "S.toml", 0o644)
    with pytest.raises(HeadgateError, match="not a file"):
        read_file(folder / "S.toml")
    with pytest.raises(HeadgateError, match="can't be read"):
        read_file(folder / "none.toml")
    (folder / "T.toml").write_bytes(b"\xff")
    (folder / "T.toml").chmod(0o644)
    with pytest.raises(HeadgateError, match="not UTF-8"):
        read_file(folder / "T.toml")
