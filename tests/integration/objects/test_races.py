"""The user, or the disk, does something while a sync is at work."""

import ctypes
import errno
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.objects.conftest import Sides
from tests.integration.objects.liar import Liar, Passing

MIB = 1 << 20
AT_FDCWD = -100
RENAME_EXCHANGE = 2


@contextmanager
def swapping(directory: Path, outside: Path) -> Iterator[None]:
    """Somebody makes a link to `outside` of the directory and a directory of the link, again and again."""
    over = threading.Event()
    link = directory.with_name("link")
    link.symlink_to(outside)
    libc = ctypes.CDLL(None)

    def swap() -> None:
        while not over.is_set():
            # Both at once, so that neither name is ever free (renameat2(2)).
            libc.renameat2(AT_FDCWD, bytes(directory), AT_FDCWD, bytes(link), RENAME_EXCHANGE)
            time.sleep(0.001)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if directory.is_symlink():
            directory.unlink()
            link.rename(directory)
        else:
            link.unlink()


async def test_a_directory_that_is_now_and_then_a_link_leads_nowhere_either_way(
    sides: Sides, folder: Path
) -> None:
    outside = folder / "outside"
    outside.mkdir()
    for number in range(150):
        (outside / str(number)).write_bytes(b"secret")
        sides.put(f"data/d/{number}", b"mine")
    sides.give(outside)
    with swapping(sides.root / "data/d", outside):
        ended = await sides.up()
    # What could not be read at its moment is said to have been skipped; what was sent is the user's own.
    assert ended.progress.files_done + ended.progress.skipped > 0
    sent = [path for path in sides.store.bucket.rglob("*") if path.is_file()]
    assert sent
    assert {path.read_bytes() for path in sent} == {b"mine"}
    for number in range(150):
        sides.put(f"data/d/{number}", b"old!")
    await sides.up()
    for number in range(150):
        sides.put(f"data/d/{number}", b"new!!")
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    with swapping(sides.root / "data/d", outside):
        await sides.down(delete=True)
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before


@pytest.fixture
def small_disk(sides: Sides) -> Iterator[Path]:
    """The directory `data` of the user is a disk of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = sides.root / "data"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_disk_that_is_full_fails_what_has_no_room_and_keeps_what_was_there(
    sides: Sides, small_disk: Path
) -> None:
    """Eight come at once, and each for itself would have had room."""
    sides.put("data/0", b"what was there")
    for number in range(8):
        sides.store_object(f"data/{number}", os.urandom(MIB))
    sides.put("data/extra", b"x")
    ended = await sides.down(delete=True)
    full = os.strerror(errno.ENOSPC)
    assert ended.done.result == 1
    assert "nothing was deleted" in ended.done.reason
    assert all(full in why for why in ended.complaints.values())
    assert ended.progress.files_done == 8 - len(ended.complaints) < 5
    assert ended.progress.bytes_done == ended.progress.files_done * MIB
    for number in range(8):
        if str(number) not in ended.complaints:
            assert (small_disk / str(number)).read_bytes() == sides.kept(f"data/{number}")
    if "0" in ended.complaints:
        assert (small_disk / "0").read_bytes() == b"what was there"
    assert not [path for path in small_disk.iterdir() if path.name.startswith(".")]
    assert (small_disk / "extra").exists()


async def test_a_clock_that_is_wrong_is_the_reason_of_the_end(sides: Sides, liar: Liar) -> None:
    sides.put("data/a")

    def fault(passing: Passing) -> bool:
        passing.refuse(403, "RequestTimeTooSkewed")
        return True

    liar.lie(fault)
    for ended, code in (
        (await sides.down(delete=True, endpoint=liar.url), 3),
        (await sides.up(delete=True, endpoint=liar.url), 9),
    ):
        assert ended.done.result == code
        assert "clock" in ended.done.reason
    assert sides.names() == {"a"}
