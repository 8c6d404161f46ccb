"""Files of an account, reached by a process that is that account."""

import asyncio
import os
import pwd
import shutil
import tempfile
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, TooLarge, Unavailable
from headgate.core.launch import OsAccount
from headgate.engines.local.files import LocalFiles

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
LIMIT = 100_000


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can enter and write to."""
    made = Path(tempfile.mkdtemp(prefix="headgate-files-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def account() -> OsAccount | None:
    """`nobody`; where the tests are not root, nobody else than we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return OsAccount("nobody", entry.pw_uid, entry.pw_gid, "/")


@pytest.fixture
def files() -> LocalFiles:
    return LocalFiles(1000)


async def refusal(
    files: LocalFiles, account: OsAccount | None, path: Path, content: bytes | None = None
) -> HeadgateError:
    asked: Awaitable[object]
    if content is None:
        asked = files.read(account, str(path), limit=LIMIT)
    else:
        asked = files.write(account, str(path), content)
    with pytest.raises(HeadgateError) as refused:
        await asked
    return refused.value


async def test_what_is_written_is_read_again_and_is_the_accounts(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    path = folder / "notes ä.txt"
    for content in (b"a long text\n" * 1000, b"short\0\xff", b""):
        await files.write(account, str(path), content)
        assert await files.read(account, str(path), limit=LIMIT) == content == path.read_bytes()
    found = path.stat()
    assert found.st_uid == (account.uid if account else os.geteuid())
    assert found.st_mode & 0o777 == 0o644


@as_root
async def test_root_opens_nothing_for_anybody(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    """Whether named straight, through a link, by `..`, or through the process's own root and folder."""
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text("root's")
    (folder / "link").symlink_to(secret)
    (folder / "shadow").symlink_to("/etc/shadow")
    for path in (
        secret,
        folder / "link",
        folder / "shadow",
        Path("/proc/self/root/etc/shadow"),
        folder / ".." / folder.name / "secret",
    ):
        assert isinstance(await refusal(files, account, path), NotPermitted), path
        assert isinstance(await refusal(files, account, path, b"mine"), NotPermitted), path
    assert secret.read_text() == "root's"
    assert isinstance(await refusal(files, account, Path("/root/new"), b"x"), NotPermitted)


async def test_what_is_no_regular_file_is_neither_read_nor_waited_for(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "pipe").chmod(0o666)
    (folder / "loop").symlink_to("loop")
    for path in (folder, folder / "pipe", Path("/dev/null"), folder / "loop", folder / ("x" * 300)):
        assert isinstance(await refusal(files, account, path), BadRequest), path
        assert isinstance(await refusal(files, account, path, b"x"), BadRequest), path


async def test_what_is_not_there_and_what_is_too_large_is_told(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    missing = await refusal(files, account, folder / "missing")
    assert isinstance(missing, NotFound)
    assert missing.kind == "file"
    assert isinstance(await refusal(files, account, folder / "no" / "folder", b"x"), NotFound)
    (folder / "large").write_bytes(b"x" * (LIMIT + 1))
    assert isinstance(await refusal(files, account, folder / "large"), TooLarge)
    assert isinstance(await refusal(files, account, Path("/dev/zero")), BadRequest)


@as_root
async def test_no_account_root_and_system_accounts_are_refused(folder: Path, files: LocalFiles) -> None:
    path = folder / "proof"
    for account in (None, OsAccount("toor", 0, 0, "/"), OsAccount("daemon", 1, 1, "/")):
        refused = await refusal(files, account, path, b"x")
        assert isinstance(refused, NotPermitted)
        assert "account" in refused.text
    assert not path.exists()


async def test_many_at_once_are_served_and_too_many_told_to_come_back(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    (folder / "one").write_text("1")
    asked = [files.read(account, str(folder / "one"), limit=LIMIT) for _ in range(40)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert found.count(b"1") == 36
    assert sum(isinstance(one, Unavailable) for one in found) == 4


async def test_nothing_is_left_of_a_reader_who_went_away(
    folder: Path, account: OsAccount | None, files: LocalFiles
) -> None:
    (folder / "one").write_text("1")
    asked = asyncio.ensure_future(files.read(account, str(folder / "one"), limit=LIMIT))
    await asyncio.sleep(0.01)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert await files.read(account, str(folder / "one"), limit=LIMIT) == b"1"
