"""The directory of a user: nothing is reached that is not below it, and nothing half done stays."""

import errno
import os
from pathlib import Path

import pytest

from headgate.objects.tree import NotRegular, Tree


def test_what_there_is_no_room_for_is_refused_before_a_byte_of_it_comes(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=os.strerror(errno.ENOSPC)),
        Tree(str(tmp_path), "").replacing("a", 2**62),
    ):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_not_finished_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), Tree(str(tmp_path), "").replacing("a", 5) as descriptor:
        os.write(descriptor, b"after"[: 1 // 0])
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a", b"before")]


def test_a_directory_that_becomes_a_link_while_it_is_used_leads_nowhere(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (root / "d").mkdir(parents=True)
    tree = Tree(str(root), "d", make=True)
    (root / "d").rename(root / "moved")
    (root / "d").symlink_to(outside)
    with tree.replacing("a", 1):
        pass
    assert list(outside.iterdir()) == []
    assert (root / "moved/a").exists()
    (root / "moved/e").symlink_to(outside)
    with pytest.raises(OSError, match=r"irector|symbolic"), tree.reading("e/f"):
        raise AssertionError
    with pytest.raises(OSError, match=r"irector|symbolic"), tree.replacing("e/f", 1):
        raise AssertionError
    with pytest.raises(OSError, match=r"irector|symbolic"):
        tree.remove("e/f")
    with pytest.raises(OSError, match=r"irector|symbolic"):
        Tree(str(root), "d", make=True)


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("/etc/passwd")
    tree = Tree(str(tmp_path), "")
    for name in ("pipe", "directory", "link"):
        with pytest.raises(NotRegular), tree.replacing(name, 1):
            raise AssertionError
        with pytest.raises(OSError, match=r"regular|symbolic"), tree.reading(name):
            raise AssertionError
    assert set(tree.listing().others) == {"pipe", "link"}


def test_only_files_that_were_left_unfinished_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".headgate-sync-00").write_bytes(b"half")
    (tmp_path / ".headgate-sync-dir").mkdir()
    (tmp_path / ".headgate-sync-dir/mine").write_bytes(b"x")
    (tmp_path / "a").write_bytes(b"x")
    tree = Tree(str(tmp_path), "")
    assert set(tree.listing().files) == {"a"}
    assert (tmp_path / ".headgate-sync-00").exists()
    found = tree.listing(clean=True)
    assert (set(found.files), found.unread) == ({"a"}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".headgate-sync-dir", "a"]
