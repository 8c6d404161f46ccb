"""Files below a folder: no way leads out of it, whoever made what, and whatever changes meanwhile."""

import asyncio
import errno
import os
import pwd
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, TooLarge, Unavailable
from headgate.core.launch import OsAccount
from headgate.engines.local.beneath import by_kernel, by_steps
from headgate.engines.local.files import LocalFiles

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
LIMIT = 100_000
OUTSIDE = b"of somebody else"


@pytest.fixture
def above() -> Iterator[Path]:
    """A folder with the storage `ada` in it, and beside that the file `outside`, which everybody may read."""
    made = Path(tempfile.mkdtemp(prefix="headgate-beneath-"))
    made.chmod(0o755)
    (made / "outside").write_bytes(OUTSIDE)
    (made / "ada").mkdir()
    (made / "ada" / "inner").mkdir()
    (made / "ada" / "inner" / "run.sh").write_bytes(b"echo")
    if os.geteuid() == 0:
        for path in ("ada", "ada/inner", "ada/inner/run.sh"):
            os.chown(made / path, account_of_ada().uid, account_of_ada().gid)
    yield made
    shutil.rmtree(made)


def account_of_ada() -> OsAccount:
    entry = pwd.getpwnam("nobody")
    return OsAccount("nobody", entry.pw_uid, entry.pw_gid, "/")


ACCOUNT = account_of_ada() if os.geteuid() == 0 else None


async def read(above: Path, path: str) -> bytes | type[HeadgateError]:
    try:
        return await LocalFiles(1000).read_below(ACCOUNT, str(above / "ada"), path, limit=LIMIT)
    except HeadgateError as error:
        return type(error)


async def test_what_is_inside_is_read(above: Path) -> None:
    (above / "ada" / "link").symlink_to("inner/run.sh")
    assert await read(above, "inner/run.sh") == b"echo"
    assert await read(above, "link") == b"echo", "a link that stays inside is resolved (nifcloud.md 5.1)"


async def test_no_path_and_no_link_leads_out(above: Path) -> None:
    inside = above / "ada"
    (inside / "absolute").symlink_to(above / "outside")
    (inside / "relative").symlink_to("../outside")
    (inside / "up").symlink_to("..")
    (inside / "back").symlink_to(inside / "inner")
    (inside / "own").symlink_to("/proc/self/root")
    for path in (
        *("../outside", "inner/../../outside", str(above / "outside"), "absolute", "relative", "up/outside"),
        *("back/run.sh", "own/etc/hostname", f"/proc/self/root{above}/outside"),
    ):
        assert await read(above, path) is BadRequest, path


async def test_what_is_no_file_is_neither_read_nor_waited_for(above: Path) -> None:
    inside = above / "ada"
    os.mkfifo(inside / "pipe")
    (inside / "loop").symlink_to("loop")
    (inside / "large").write_bytes(b"x" * (LIMIT + 1))
    for path in ("pipe", "loop", "inner", ".", "x" * 300):
        assert await read(above, path) is BadRequest, path
    assert await read(above, "large") is TooLarge
    assert await read(above, "missing") is NotFound
    assert await read(above, "inner/run.sh/x") is NotFound


@as_root
async def test_a_device_and_a_hard_link_to_a_file_of_somebody_else_are_refused(above: Path) -> None:
    os.mknod(above / "ada" / "zero", 0o666 | 0o020000, os.makedev(1, 5))
    os.link(above / "outside", above / "ada" / "hard")
    os.link(above / "ada" / "inner" / "run.sh", above / "ada" / "own")
    assert await read(above, "zero") is BadRequest
    assert await read(above, "hard") is BadRequest
    assert await read(above, "own") == b"echo", "a second name of one's own file is nobody else's"
    (above / "ada" / "secret").write_bytes(b"root's")
    (above / "ada" / "secret").chmod(0o600)
    assert await read(above, "secret") is NotPermitted


@pytest.mark.parametrize("way", [by_kernel, by_steps])
def test_a_folder_that_is_exchanged_for_a_link_meanwhile_leads_nowhere(
    above: Path, way: Callable[[int, str, int], int]
) -> None:
    """A thousand times, while the folder in the path becomes a link outside and back."""
    inside = above / "ada"
    (above / "run.sh").write_bytes(OUTSIDE)
    (inside / "evil").symlink_to("..")
    base = os.open(inside, os.O_PATH)
    stop = threading.Event()
    numbers: set[int | None] = set()

    def exchange() -> None:
        while not stop.is_set():
            os.rename(inside / "inner", inside / "away")
            os.rename(inside / "evil", inside / "inner")
            os.rename(inside / "inner", inside / "evil")
            os.rename(inside / "away", inside / "inner")

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        for _ in range(1000):
            try:
                found = way(base, "inner/run.sh", os.O_RDONLY)
            except OSError as error:
                numbers.add(error.errno)
                continue
            assert os.read(found, 100) == b"echo"
            os.close(found)
    finally:
        stop.set()
        attacker.join()
        os.close(base)
    assert numbers <= {errno.ENOENT, errno.EXDEV, errno.ELOOP, errno.ENOTDIR, errno.EAGAIN}


def test_step_by_step_no_link_is_followed_and_nothing_goes_up(above: Path) -> None:
    (above / "ada" / "link").symlink_to("inner")
    base = os.open(above / "ada", os.O_PATH)
    try:
        os.close(by_steps(base, "./inner//run.sh", os.O_RDONLY))
        for path in ("link/run.sh", "link", "../outside", "/etc/hostname", "inner/../inner/run.sh"):
            with pytest.raises(OSError):  # noqa: PT011 - which number is the kernel's choice (ELOOP, ENOTDIR)
                by_steps(base, path, os.O_RDONLY)
    finally:
        os.close(base)


async def test_a_folder_is_made_for_the_account_alone_and_found_again(above: Path) -> None:
    files = LocalFiles(1000)
    for _ in range(2):
        await files.make_folder(ACCOUNT, str(above), "new")
        found = (above / "new").stat()
        assert found.st_uid == (ACCOUNT.uid if ACCOUNT else os.geteuid())
        assert found.st_mode & 0o777 == 0o700
    assert {path.name for path in above.iterdir()} == {"ada", "outside", "new"}


async def test_a_folder_that_many_ask_for_at_once_is_made_once(above: Path) -> None:
    files = LocalFiles(1000)
    numbers = set()

    async def ask() -> None:
        await files.make_folder(ACCOUNT, str(above), "new")
        numbers.add((above / "new").stat().st_ino)

    await asyncio.gather(*(ask() for _ in range(20)))
    assert len(numbers) == 1
    assert {path.name for path in above.iterdir()} == {"ada", "outside", "new"}


async def test_a_folder_is_made_only_where_nobody_else_can_make_anything(above: Path) -> None:
    files = LocalFiles(1000)
    (above / "link").symlink_to("ada")
    for name in ("link", "outside"):
        with pytest.raises(NotPermitted):
            await files.make_folder(ACCOUNT, str(above), name)
    with pytest.raises(Unavailable):
        await files.make_folder(ACCOUNT, str(above / "missing"), "new")
    above.chmod(0o777)
    with pytest.raises(Unavailable):
        await files.make_folder(ACCOUNT, str(above), "new")
    assert not (above / "new").exists()


async def test_a_folder_that_others_could_exchange_is_not_used(above: Path) -> None:
    """Scripts of whoever put theirs in its place would run as the user."""
    files = LocalFiles(1000)
    await files.make_folder(ACCOUNT, str(above), "new")
    for mode, fine in ((0o777, False), (0o775, False), (0o1777, True), (0o755, True)):
        above.chmod(mode)
        if fine:
            await files.make_folder(ACCOUNT, str(above), "new")
        else:
            with pytest.raises(Unavailable):
                await files.make_folder(ACCOUNT, str(above), "new")


@as_root
async def test_a_folder_of_somebody_else_is_not_taken_over(above: Path) -> None:
    (above / "roots").mkdir()
    with pytest.raises(NotPermitted):
        await LocalFiles(1000).make_folder(ACCOUNT, str(above), "roots")
    assert (above / "roots").stat().st_uid == 0
