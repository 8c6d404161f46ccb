"""The file of the root key: made once, ours alone, or the server does not start."""

import os
from pathlib import Path

import pytest

from headgate.core.errors import StartupRefused
from headgate.identity import load_root_key


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    key = load_root_key(path)
    assert len(key) == 32
    assert key.isalnum()
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_root_key(path) == key
    assert os.listdir(tmp_path) == ["root.key"]


def test_a_key_of_ones_own_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    path.touch(0o600)
    path.write_text("A" * 40 + "\n")
    assert load_root_key(path) == b"A" * 40


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    load_root_key(path)
    path.chmod(mode)
    with pytest.raises(StartupRefused, match="open to others"):
        load_root_key(path)


@pytest.mark.parametrize("content", ["", "short", "x" * 31, "with blanks " * 4, "x" * 2000, "é" * 32])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "root.key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(StartupRefused, match="does not hold a key"):
        load_root_key(path)


def test_links_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    load_root_key(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "folder", "pipe", "missing/root.key"):
        with pytest.raises(StartupRefused, match="root key file"):
            load_root_key(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    load_root_key(path)
    os.chown(path, 12345, 12345)
    with pytest.raises(StartupRefused, match="another account"):
        load_root_key(path)
