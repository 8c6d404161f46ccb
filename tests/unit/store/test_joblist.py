"""store/joblist.py: what a page says of itself, and what is refused. Its rows: tests/property/store."""

import pytest

from headgate.core.errors import BadRequest
from headgate.core.states import JobState
from headgate.ports.store import Cursor, JobQuery
from headgate.store import joblist
from tests.unit.store.worlds import NOON, World


def ids(
    world: World, query: JobQuery, limit: int = 99, after: Cursor | None = None, offset: int | None = None
) -> list[int]:
    found = world.look(lambda look: look.list_jobs(query, limit=limit, after=after, offset=offset))
    return [job.id for job in found.jobs]


def test_a_page_says_whether_there_is_more_and_where_it_ended(world: World) -> None:
    for owner in ("ann", "Bob", "ann"):
        world.add(owner)
    query = JobQuery(sort="owner")
    first = world.look(lambda look: look.list_jobs(query, limit=2))
    assert ([job.id for job in first.jobs], first.more, first.end, first.total) == (
        [1, 3],
        True,
        Cursor("ann", 3),
        None,
    )
    second = world.look(lambda look: look.list_jobs(query, limit=1, after=first.end, count=True))
    assert ([job.id for job in second.jobs], second.more, second.end, second.total) == (
        [2],
        False,
        Cursor("Bob", 2),
        3,
    )
    third = world.look(lambda look: look.list_jobs(query, limit=1, after=second.end))
    assert (third.jobs, third.more, third.end) == ([], False, None)


def test_an_offset_without_count_gives_no_total(world: World) -> None:
    world.add()
    assert world.look(lambda look: look.list_jobs(JobQuery(), limit=1, offset=0)).total is None


@pytest.mark.parametrize("sort", ["id", "owner", "times.changed", "spec.name"])
@pytest.mark.parametrize("offset", [None, 0, 10])
def test_an_empty_list_is_a_page_too(world: World, sort: str, offset: int | None) -> None:
    found = world.look(lambda look: look.list_jobs(JobQuery(sort=sort), limit=5, offset=offset, count=True))
    assert (found.jobs, found.more, found.end, found.total) == ([], False, None, 0)


@pytest.mark.parametrize(("limit", "offset"), [(0, None), (-1, None), (1, -1)])
def test_a_page_has_rows_and_begins_in_the_list(world: World, limit: int, offset: int | None) -> None:
    with pytest.raises(BadRequest):
        ids(world, JobQuery(), limit, offset=offset)


def test_a_cursor_of_another_list_is_refused_or_harmless(world: World) -> None:
    world.add()
    with pytest.raises(BadRequest, match="cursor"):
        ids(world, JobQuery(sort="times.changed"), after=Cursor("x", 1))
    with pytest.raises(BadRequest):
        ids(world, JobQuery(), after=Cursor(None, 2**70))
    assert ids(world, JobQuery(sort="owner"), after=Cursor(5, 1)) == [1]
    assert ids(world, JobQuery(), after=Cursor(None, -5)) == [1]


def test_owners_compare_in_any_spelling(world: World) -> None:
    for owner in ("Ann", "bob", "ANN", "ann"):
        world.add(owner)
    for sort in ("id", "owner", "times.changed", "spec.priority"):
        assert ids(world, JobQuery(owner="aNN", sort=sort)) == [1, 3, 4]


def test_unset_times_come_first(world: World) -> None:
    for _ in range(3):
        world.add()
    world.end(2)
    assert ids(world, JobQuery(sort="times.ended")) == [1, 3, 2]
    assert ids(world, JobQuery(sort="times.ended", descending=True)) == [2, 3, 1]


def test_jobs_of_nodes_are_those_running_there(world: World) -> None:
    for state, nodes in (
        (JobState.RUNNING, ("N1", "n2")),
        (JobState.FINISHED, ("n1",)),
        (JobState.RUNNING, ("n3",)),
    ):
        world.put(world.add().id, state=state, nodes=nodes)
    assert ids(world, JobQuery(nodes=("n1", "n9"))) == [1]
    assert ids(world, JobQuery(nodes=("n2", "N3"))) == [1, 3]
    assert ids(world, JobQuery(nodes=())) == []
    assert ids(world, JobQuery(nodes=("n1",), states=frozenset({JobState.FINISHED}))) == []


@pytest.mark.parametrize("few", [0, 20_000])
def test_what_changed_since_is_right_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(joblist, "_FEW", few)
    for owner in ("ann", "bob", "ann", "bob"):
        world.clock.time += 10**6
        world.add(owner)
    world.clock.time += 10**6
    world.put(1, state=JobState.QUEUED)
    since = NOON + 3 * 10**6
    assert ids(world, JobQuery(changed_from=since)) == [1, 3, 4]
    assert ids(world, JobQuery(changed_from=since), limit=1, after=Cursor(None, 1)) == [3]
    assert ids(world, JobQuery(changed_from=since, descending=True), limit=1, offset=2) == [1]
    assert ids(world, JobQuery(changed_from=since, sort="owner")) == [1, 3, 4]
    assert ids(world, JobQuery(changed_from=since, sort="owner"), after=Cursor("Ann", 1)) == [3, 4]
    assert ids(world, JobQuery(changed_from=since, sort="times.changed")) == [3, 4, 1]
    assert ids(world, JobQuery(changed_from=since + 10**7)) == []
    page = world.look(
        lambda look: look.list_jobs(JobQuery(changed_from=since, owner="ann"), limit=9, count=True)
    )
    assert ([job.id for job in page.jobs], page.total) == ([1, 3], 2)
