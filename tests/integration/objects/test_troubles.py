"""The object store, or what lies in it, is hostile: each sync ends, says why, and does everything else."""

import asyncio
import os
import re

import pytest

from headgate.core.errors import Unavailable
from headgate.core.syncs import Direction
from headgate.ports.transfers import Done
from tests.integration.objects.conftest import Sides
from tests.integration.objects.liar import Liar, Passing

MIB = 1 << 20
LONG = "n" * 256


def listing(*keys: str, more: str = "") -> bytes:
    """A page of a listing, as S3 writes it; the ETag is that of `x`."""
    rows = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag><Size>1</Size></Contents>"
        for key in keys
    )
    following = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>work</Name><EncodingType>url'
        f"</EncodingType><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{following}{rows}"
        "</ListBucketResult>"
    ).encode()


def is_listing(passing: Passing) -> bool:
    return "list-type=2" in passing.path


async def test_hostile_keys_are_refused_and_the_others_are_synced(sides: Sides, liar: Liar) -> None:
    hostile = {
        "../../etc/passwd": "data/../../etc/passwd",
        "./a": "data/./a",
        "a//b": "data/a//b",
        "/root": "data//root",
        LONG: f"data/{LONG}",
        "nul\0": "data/nul%00",
        "both": "data/both",
    }

    def fault(passing: Passing) -> bool:
        if is_listing(passing):
            passing.answer(200, {}, listing(*hostile.values(), "data/both/inside", "data/good", "data/"))
        else:
            passing.answer(200, {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}, b"x")
        return True

    liar.lie(fault)
    sides.put("data/old")
    ended = await sides.down(delete=True, endpoint=liar.url)
    assert ended.done.result == 1
    assert set(ended.complaints) == set(hostile)
    assert sides.names() == {"good", "both/inside", "old"}
    assert sides.names(".") == {f"data/{name}" for name in ("good", "both/inside", "old")}
    assert not [path for path in liar.requests if path.startswith("GET") and "passwd" in path]


async def test_a_listing_that_breaks_on_its_second_page_deletes_nothing_and_brings_nothing(
    sides: Sides, liar: Liar
) -> None:
    sides.put("data/kept")

    def fault(passing: Passing) -> bool:
        if "continuation-token" in passing.path:
            passing.refuse(403, "AccessDenied")
        else:
            passing.answer(200, {}, listing("data/a", more="next"))
        return True

    liar.lie(fault)
    ended = await sides.down(delete=True, endpoint=liar.url)
    assert ended.done.result == 3
    assert "AccessDenied" in ended.done.reason
    assert sides.names() == {"kept"}


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchBucket", 404), ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403)]
)
async def test_a_bucket_that_refuses_is_the_reason_of_the_end(
    sides: Sides, liar: Liar, code: str, status: int
) -> None:
    sides.put("data/a")

    def fault(passing: Passing) -> bool:
        passing.refuse(status, code)
        return True

    liar.lie(fault)
    down, up = (
        await sides.down(delete=True, endpoint=liar.url),
        await sides.up(delete=True, endpoint=liar.url),
    )
    assert (down.done.result, up.done.result) == (3, 9)
    assert down.done.reason == up.done.reason != ""
    assert sides.names() == {"a"}


async def test_a_bucket_that_vanishes_in_the_middle_ends_the_sync_with_what_was_done(
    sides: Sides, liar: Liar
) -> None:
    for number in range(60):
        sides.put(f"data/{number}")
    done = iter(range(1_000))

    def fault(passing: Passing) -> bool:
        if passing.command == "PUT" and next(done) >= 20:
            passing.refuse(404, "NoSuchBucket")
            return True
        return False

    liar.lie(fault)
    ended = await sides.up(delete=True, endpoint=liar.url)
    assert (ended.done.result, ended.progress.files_done) == (9, 20)
    assert "bucket does not exist" in ended.done.reason
    liar.lie(None)
    ended = await sides.up(endpoint=liar.url)
    assert (ended.done.result, ended.progress.files_done, ended.progress.same) == (0, 40, 20)


async def test_errors_and_cut_connections_that_pass_do_no_harm(sides: Sides, liar: Liar) -> None:
    for number in range(12):
        sides.put(f"data/{number}", os.urandom(5_000))
    troubled: set[str] = set()

    def fault(passing: Passing) -> bool:
        if passing.path in troubled or is_listing(passing):
            return False
        troubled.add(passing.path)
        if len(troubled) % 3 == 0:
            passing.refuse(500, "InternalError")
        elif len(troubled) % 3 == 1:
            passing.cut()
        else:
            return False
        return True

    liar.lie(fault)
    ended = await sides.up(endpoint=liar.url)
    assert (ended.done.result, ended.progress.files_done) == (0, 12)
    (sides.root / "data").rename(sides.root / "before")
    troubled.clear()
    ended = await sides.down(endpoint=liar.url)
    assert (ended.done.result, ended.progress.bytes_done) == (0, 60_000)
    assert sides.names("before") == sides.names()


async def test_content_that_is_cut_short_or_changed_is_asked_for_again_and_never_kept(
    sides: Sides, liar: Liar
) -> None:
    sides.store_object("data/cut", b"c" * 300_000)
    sides.store_object("data/changed", b"d" * 300_000)
    sides.store_object("data/always", b"e" * 300_000)
    seen: list[str] = []

    def fault(passing: Passing) -> bool:
        name = passing.path.rpartition("/")[2].partition("?")[0]
        if passing.command != "GET" or is_listing(passing):
            return False
        seen.append(name)
        if name == "cut" and seen.count("cut") == 1:
            passing.answer(200, {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}, b"c", length=300_000)
            passing.close_connection = True
            return True
        if name == "always" or (name == "changed" and seen.count("changed") == 1):
            passing.edit = lambda headers, body: body[:-1] + b"!"
        return False

    liar.lie(fault)
    sides.put("data/always", b"what was there")
    ended = await sides.down(endpoint=liar.url)
    assert (ended.done.result, set(ended.complaints)) == (1, {"always"})
    assert "not what the object store says" in ended.complaints["always"]
    assert (sides.root / "data/cut").read_bytes() == b"c" * 300_000
    assert (sides.root / "data/changed").read_bytes() == b"d" * 300_000
    assert (sides.root / "data/always").read_bytes() == b"what was there"
    assert sides.names() == {"cut", "changed", "always"}  # no temporary files either


async def test_an_object_whose_etag_is_never_what_was_sent_counts_as_failed(sides: Sides, liar: Liar) -> None:
    sides.put("data/a", b"content")

    def fault(passing: Passing) -> bool:
        def edit(headers: dict[str, str], body: bytes) -> bytes:
            for name in headers:
                if name.lower() == "etag":
                    headers[name] = f'"{"0" * 32}"'
            return body

        passing.edit = edit
        return False

    liar.lie(fault)
    ended = await sides.up(endpoint=liar.url)
    assert (ended.done.result, ended.complaints) == (1, {"a": "what arrived there is not what was sent"})


async def test_large_files_travel_in_parts_and_a_part_that_breaks_off_is_brought_again(
    sides: Sides, liar: Liar
) -> None:
    content = os.urandom(40 * MIB)
    sides.put("data/large", content)
    ended = await sides.up(endpoint=liar.url)
    assert ended.done == Done(0)
    assert len([path for path in liar.requests if re.search("partNumber", path)]) == 5
    assert sides.kept("data/large") == content
    (sides.root / "data/large").unlink()
    broken: list[str] = []

    def fault(passing: Passing) -> bool:
        asked = passing.headers.get("Range", "")
        if not asked or asked in broken:
            return False
        broken.append(asked)

        def edit(headers: dict[str, str], body: bytes) -> bytes:
            passing.close_connection = True
            return body[: len(body) // 2]

        passing.edit = edit
        passing.claimed = 2
        return False

    liar.lie(fault)
    ended = await sides.down(endpoint=liar.url)
    assert (ended.done, len(broken)) == (Done(0), 5)
    assert (sides.root / "data/large").read_bytes() == content


async def test_a_killed_process_leaves_a_sync_that_is_gone_on_with(sides: Sides) -> None:
    for number in range(300):
        sides.store_object(f"data/{number}", os.urandom(1_000))
    reports = sides.transfers().carry_out(sides.order(Direction.FROM_ONLINE))
    beginning = asyncio.create_task(anext(reports))
    until = asyncio.get_running_loop().time() + 20
    while not (sides.root / "data").exists() or len(sides.names()) < 50:
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.01)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    await reports.aclose()
    sides.put("data/.headgate-sync-0123456789abcdef", b"half a file")
    there = len([name for name in sides.names() if "headgate" not in name])
    assert there < 300
    ended = await sides.down()
    assert (ended.done.result, ended.progress.same, ended.progress.files_done) == (0, there, 300 - there)
    assert len(sides.names()) == 300


async def test_a_process_that_its_user_kills_is_an_end_without_a_word(sides: Sides, liar: Liar) -> None:
    def fault(passing: Passing) -> bool:
        for pid in os.listdir("/proc"):
            if pid.isdigit() and _told_of(pid, liar.url):
                os.kill(int(pid), 9)
        passing.cut()
        return True

    def _told_of(pid: str, url: str) -> bool:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return int(file.read().rpartition(")")[2].split()[1]) == os.getpid() and _ours(pid)
        except OSError:
            return False

    def _ours(pid: str) -> bool:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"account_hand" in file.read()

    liar.lie(fault)
    with pytest.raises(Unavailable, match="ended before its work was done"):
        await sides.down(endpoint=liar.url)
