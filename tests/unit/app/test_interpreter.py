"""app/interpreter.py: which Python hosts are started with."""

import sys
from pathlib import Path

import pytest

from headgate.app import interpreter
from headgate.app.interpreter import host_command, open_to_all

ENDING = "-P -m headgate.soa.host"


def program(folder: Path, mode: int = 0o755) -> Path:
    folder.mkdir(exist_ok=True)
    made = folder / f"python{sys.version_info.major}.{sys.version_info.minor}"
    made.write_text("")
    made.chmod(mode)
    return made


def test_what_was_set_is_taken_as_it_is() -> None:
    assert host_command("/opt/my python", root=True) == f"exec '/opt/my python' {ENDING}"


def test_one_account_for_everything_has_the_servers_own() -> None:
    assert host_command("", root=False) == f"exec {sys.executable} {ENDING}"


def test_a_python_that_others_may_not_run_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, usual = program(tmp_path / "closed"), program(tmp_path / "usual")
    closed.parent.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(closed))
    monkeypatch.setattr(interpreter, "open_to_all", lambda path: path == usual)
    found = host_command("", root=True, usual=[tmp_path / "none", usual.parent])
    variables, _, command = found.partition(" ")
    assert variables.startswith("PYTHONPATH=")
    assert "site-packages" in variables
    assert command == f"exec {usual} {ENDING}"
    monkeypatch.setattr(interpreter, "open_to_all", lambda path: False)
    assert host_command("", root=True, usual=[usual.parent]) == f"exec {closed} {ENDING}"


def test_every_folder_on_the_way_counts_that_of_a_link_too(tmp_path: Path) -> None:
    assert open_to_all(Path("/bin/sh"))
    assert not open_to_all(tmp_path / "none")
    folder = tmp_path / "closed"
    made = program(folder)
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(made)
    assert not open_to_all(link)
    assert not open_to_all(made)
