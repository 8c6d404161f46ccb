"""service/syncs.py: what is accepted, and who sees what."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotFound, NotPermitted, Unavailable
from headgate.core.syncs import Direction, SyncState
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.ports.transfers import Place
from headgate.service.syncs import SyncPolicy, Syncs
from headgate.store import HeadgateStore
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

ADA = Caller("ada", Role.USER)
BOSS = Caller("boss", Role.ADMIN)
UP = Direction.TO_ONLINE


@pytest.fixture
async def store() -> AsyncIterator[HeadgateStore]:
    made = memory_store(clock=TestClock())
    yield made
    await made.close()


async def storage(user: str) -> Place:
    if user == "homeless":
        raise NotPermitted("no account")
    return Place(None, f"/srv/{user}")


def syncs(store: HeadgateStore, **policy: object) -> Syncs:
    said: dict[str, object] = {"configured": True, **policy}
    return Syncs(store, storage, SyncPolicy(**said))  # type: ignore[arg-type]  # the test's own words


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data", "data"),
        ("./data//in/./", "data/in"),
        ("/srv/ada/data", "data"),
        ("...", "..."),
        ("n" * 255, "n" * 255),
        (" data ", " data "),
    ],
)
async def test_a_path_is_kept_normalised(store: HeadgateStore, path: str, expected: str) -> None:
    told: list[None] = []
    service = syncs(store)
    service.on_start(lambda: told.append(None))
    sync = await service.start(ADA, path=path, direction=UP, delete=True)
    assert (sync.path, sync.delete, sync.state, sync.owner) == (expected, True, SyncState.WAITING, "ada")
    assert service.get(ADA, sync.id) == sync
    assert told == [None]


@pytest.mark.parametrize(
    "path",
    ["", "..", "a/..", "a/../b", "/etc", "/srv/adam", "a\0b", "n" * 256, "é" * 128, "a/" * 501, "\udcff"],
)
async def test_a_path_that_can_not_be_is_refused_and_nothing_is_kept(store: HeadgateStore, path: str) -> None:
    service = syncs(store, whole_root=True)
    with pytest.raises(BadRequest):
        await service.start(ADA, path=path, direction=UP)
    assert await service.list(None) == []


@pytest.mark.parametrize("path", [".", "/", "./", "//", "/srv/ada", "/srv/ada/."])
async def test_the_whole_storage_is_synced_only_where_that_is_allowed(
    store: HeadgateStore, path: str
) -> None:
    with pytest.raises(BadRequest, match="All of the storage"):
        await syncs(store).start(ADA, path=path, direction=UP)
    assert (await syncs(store, whole_root=True).start(ADA, path=path, direction=UP)).path == ""


async def test_nobody_sees_the_syncs_of_others_not_even_an_administrator(store: HeadgateStore) -> None:
    service = syncs(store)
    mine = await service.start(ADA, path="a", direction=UP)
    for caller in (BOSS, Caller("ben", Role.OPERATOR)):
        with pytest.raises(NotFound) as foreign:
            service.get(caller, mine.id)
        with pytest.raises(NotFound) as unknown:
            service.get(caller, mine.id + 7)
        assert foreign.value.text.replace("1", "8") == unknown.value.text
        assert await service.list(caller) == []
    assert service.get(Caller("ADA", Role.USER), mine.id) == service.get(None, mine.id) == mine
    assert await service.list(ADA) == await service.list(None) == [mine]


async def test_without_object_storage_account_or_name_nothing_is_accepted(store: HeadgateStore) -> None:
    with pytest.raises(Unavailable, match="No object storage"):
        await syncs(store, configured=False).start(ADA, path="a", direction=UP)
    for caller in (Caller("homeless", Role.USER), Caller("", Role.ADMIN, root=True)):
        with pytest.raises(NotPermitted):
            await syncs(store).start(caller, path="a", direction=UP)


async def test_a_user_with_many_unfinished_syncs_has_to_wait_and_others_do_not(store: HeadgateStore) -> None:
    service = syncs(store, per_user=2)
    first = await service.start(ADA, path="a", direction=UP)
    await service.start(ADA, path="a", direction=UP)
    with pytest.raises(Unavailable, match="2 syncs of ada"):
        await service.start(ADA, path="a", direction=UP)
    await service.start(BOSS, path="a", direction=UP)
    over = replace(first, ended=1, state=SyncState.COMPLETE)
    await store.write(lambda tx: tx.put_sync(over))
    assert (await service.start(ADA, path="a", direction=UP)).id == 4
