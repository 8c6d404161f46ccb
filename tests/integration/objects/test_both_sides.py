"""Both sides are made equal, as `aws s3` sees it, whatever the files are; what is not fit is counted."""

import os
import shutil
from pathlib import Path

import pytest

from headgate.testing.object_store import BUCKET
from tests.integration.objects.conftest import Sides

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
MIB = 1 << 20


@pytest.mark.timeout(240)
async def test_two_thousand_files_of_all_kinds_travel_both_ways_and_aws_finds_nothing_to_do(
    sides: Sides, folder: Path
) -> None:
    for number in range(1_990):
        sides.put(f"data/{number % 40}/file {number}", os.urandom(number % 5000))
    sides.put("data/empty", b"")
    sides.put("data/grüße/日本語 ✓ +&%20?#.txt", b"letters")
    sides.put("data/read only", b"mine").chmod(0o400)
    sides.put("data/medium", os.urandom(17 * MIB))
    sides.put("data/large", os.urandom(MIB) * 200)
    ended = await sides.up()
    assert (ended.done.result, ended.done.reason, ended.complaints) == (0, "", {})
    assert ended.progress.files_done == ended.progress.files_total == 1_995
    assert ended.progress.bytes_done == ended.progress.bytes_total
    data, bucket = sides.root / "data", f"s3://{BUCKET}/data"
    assert sides.store.aws("sync", "--dryrun", data, bucket) == ""
    assert sides.store.aws("sync", "--dryrun", bucket, data) == ""
    original = folder / "original"
    data.rename(original)
    ended = await sides.down()
    assert (ended.done.result, ended.progress.files_done) == (0, 1_995)
    assert sides.store.aws("sync", "--dryrun", bucket, data, "--exact-timestamps") == ""
    assert listed(data) == listed(original)
    assert all((data / name).read_bytes() == (original / name).read_bytes() for name in listed(original))
    ended = await sides.down()
    assert (ended.progress.files_done, ended.progress.same) == (0, 1_995)


def listed(top: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file."""
    return {
        str(path.relative_to(top)): (path.stat().st_size, int(path.stat().st_mtime))
        for path in top.rglob("*")
        if path.is_file()
    }


async def test_an_edit_of_the_same_size_travels_whichever_side_is_newer(sides: Sides) -> None:
    sides.put("data/a", b"one", mtime=1_600_000_000)
    await sides.up()
    sides.put("data/a", b"two", mtime=1_600_000_000)  # not even the time tells
    assert (await sides.up()).progress.files_done == 1
    assert sides.kept("data/a") == b"two"
    for mtime in (1_500_000_000, 1_700_000_000):
        sides.put("data/a", b"new", mtime=mtime)
        assert (await sides.down()).progress.files_done == 1
        assert (sides.root / "data/a").read_bytes() == b"two"


async def test_a_large_file_of_which_only_the_time_differs_gets_the_time_and_is_not_sent(
    sides: Sides,
) -> None:
    content = os.urandom(2 * MIB)
    sides.put("data/a", content, mtime=1_600_000_000)
    await sides.up()
    path = sides.put("data/a", content, mtime=1_650_000_000)
    ended = await sides.down()
    assert (ended.progress.files_done, ended.progress.same) == (0, 1)
    assert path.stat().st_mtime == 1_600_000_000


async def test_a_neighbour_whose_name_begins_alike_is_left_alone(sides: Sides) -> None:
    sides.put("data/a")
    sides.put("data2/b")
    await sides.up("data2")
    assert (await sides.up(delete=True)).progress.deleted == 0
    assert sides.kept("data2/b") == b"x"
    assert (await sides.down(delete=True)).progress.deleted == 0
    assert sides.names("data2") == {"b"}


async def test_delete_removes_what_the_source_has_not_and_directories_that_this_empties(sides: Sides) -> None:
    for name in ("a", "deep/er/b", "c"):
        sides.put(f"data/{name}")
    await sides.up()
    (sides.root / "data/c").unlink()
    ended = await sides.up(delete=True)
    assert (ended.done.result, ended.progress.deleted) == (0, 1)
    assert sorted(sides.store.aws("ls", "--recursive", f"s3://{BUCKET}").split()[3::4]) == [
        "data/a",
        "data/deep/er/b",
    ]
    for name in ("extra", "other/deep/extra"):
        sides.put(f"data/{name}")
    (sides.root / "data/empty before").mkdir()
    sides.give(sides.root)
    assert (await sides.down()).progress.deleted == 0
    assert (await sides.down(delete=True)).progress.deleted == 2
    assert sides.names() == {"a", "deep/er/b"}
    assert not (sides.root / "data/other").exists()
    assert (sides.root / "data/empty before").exists()


async def test_what_does_not_travel_is_skipped_and_what_it_hides_is_not_deleted(sides: Sides) -> None:
    sides.put("data/kept")
    sides.put("data/link", b"now a file")
    await sides.up()
    (sides.root / "data/link").unlink()
    (sides.root / "data/link").symlink_to("/etc/passwd")
    os.mkfifo(sides.root / "data/pipe")
    (sides.root / os.fsdecode(b"data/\xff")).write_bytes(b"x")
    sides.give(sides.root)
    ended = await sides.up(delete=True)
    assert ended.done.result == 2
    assert set(ended.complaints) == {"link", "pipe", "?"}
    assert sides.kept("data/link") == b"now a file"


@as_root
async def test_what_the_user_may_not_read_is_skipped_and_nothing_is_deleted(sides: Sides) -> None:
    for name in ("gone", "a", "closed/b", "secret"):
        sides.put(f"data/{name}")
    await sides.up()
    (sides.root / "data/gone").unlink()
    (sides.root / "data/closed").chmod(0)
    sides.put("data/secret", b"changed")
    os.chown(sides.root / "data/secret", 0, 0)
    (sides.root / "data/secret").chmod(0o600)
    ended = await sides.up(delete=True)
    assert (ended.done.result, set(ended.complaints)) == (2, {"closed", "secret"})
    assert "nothing was deleted" in ended.done.reason
    assert sides.kept("data/gone") == sides.kept("data/closed/b") == sides.kept("data/secret") == b"x"


@as_root
async def test_what_is_written_is_the_users_and_where_the_user_may_not_write_nothing_is(sides: Sides) -> None:
    for key in ("data/mine", "data/closed/theirs"):
        sides.store_object(key, b"content")
    closed = sides.root / "data/closed"
    closed.mkdir(parents=True)
    sides.give(sides.root / "data")
    os.chown(closed, 0, 0)
    ended = await sides.down()
    assert (ended.done.result, set(ended.complaints)) == (1, {"closed/theirs"})
    mine = (sides.root / "data/mine").stat()
    assert sides.account is not None
    assert (mine.st_uid, mine.st_gid, mine.st_mode & 0o777) == (sides.account.uid, sides.account.gid, 0o644)
    assert list(closed.iterdir()) == []


async def test_nothing_is_written_through_a_link(sides: Sides, folder: Path) -> None:
    outside = folder / "outside"
    outside.mkdir()
    (outside / "target").write_bytes(b"before")
    sides.give(outside)
    for key in ("data/linked/a", "data/b", "data/c"):
        sides.store_object(key, b"content")
    (sides.root / "data").mkdir()
    (sides.root / "data/linked").symlink_to(outside)
    (sides.root / "data/b").symlink_to(outside / "target")
    sides.give(sides.root)
    ended = await sides.down(delete=True)
    assert (ended.done.result, set(ended.complaints)) == (1, {"linked/a", "b"})
    assert [path.name for path in outside.iterdir()] == ["target"]
    assert (outside / "target").read_bytes() == b"before"
    assert (sides.root / "data/c").read_bytes() == b"content"


async def test_a_directory_that_is_a_link_or_none_or_missing_is_unusable(sides: Sides) -> None:
    sides.put("file")
    (sides.root / "link").symlink_to("/etc")
    for path in ("file", "link", "missing"):
        ended = await sides.up(path, delete=True)
        assert ended.done.unusable, path
    assert (await sides.down("link")).done.unusable


async def test_hard_links_and_permissions_of_what_is_replaced_are_kept_from_harm(sides: Sides) -> None:
    sides.store_object("data/a", b"new content")
    path = sides.put("data/a", b"old")
    path.chmod(0o750)
    other = sides.root / "other name"
    other.hardlink_to(path)
    assert (await sides.down()).done.result == 0
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new content", 0o750)
    assert other.read_bytes() == b"old"


async def test_an_empty_source_empties_the_other_side(sides: Sides) -> None:
    sides.put("data/a")
    await sides.up()
    shutil.rmtree(sides.root / "data")
    assert (await sides.up(delete=True)).done.unusable
    assert sides.kept("data/a") == b"x"
    (sides.root / "data").mkdir()
    sides.give(sides.root / "data")
    assert (await sides.up(delete=True)).progress.deleted == 1
