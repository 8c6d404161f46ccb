"""Lists of jobs equal what a plain Python list would give, by offset and by cursor, with exact totals.

Ids and times are spread over all the scales at which jobs are counted (store/ladders.py).
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from headgate.core.model import Job, JobSpec, Times
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.store import Cursor, JobPage, JobQuery
from headgate.store import ladders, sortkeys
from headgate.store.transaction import Transaction
from tests.unit.store.worlds import NOON, World

# Hundreds of examples, on a machine that is busy with other tests.
pytestmark = pytest.mark.timeout(300)

OWNERS = ("ann", "Ann", "BOB", "bob", "", "Zoë", "=", "straße", "STRASSE")
STATES = tuple(JobState)
QUICK_SORTS = ("id", "owner", "times.changed")
SORTS = (*QUICK_SORTS, "state", "spec.name", "spec.priority", "times.ended", "nodes")
# Buckets of ids and of times of change begin at multiples of these; histories like to be there.
ID_EDGES = (1, 1, 1, 1, 1024, 4096, 2**15, 2**17, 2**20, 2**22)
TIME_EDGES = (1, 1, 1, 1, 2**20, 2**20, 2**26, 2**32, 2**38)


def history(chance: Random, commits: int) -> Iterator[list[tuple[Any, ...]]]:
    """Commits of what may happen, by a seed and not piece by piece: a list has to be long to be paged."""
    last = 0
    for _ in range(commits):
        commit: list[tuple[Any, ...]] = []
        for _ in range(chance.randrange(12)):
            state, extra = chance.choice(STATES), chance.randrange(4)
            match chance.choice(("add", "add", "add", "put", "put", "remove")):
                case "add":
                    edge = chance.choice(ID_EDGES)
                    last = max(
                        last + 1, (last // edge + chance.randrange(3)) * edge + chance.choice((-1, 0, 0))
                    )
                    commit.append(("add", last, chance.choice(OWNERS), state, extra))
                case "put":
                    commit.append(("put", chance.randrange(999), state, extra))
                case "remove":
                    commit.append(("remove", chance.randrange(3)))
        edge = chance.choice(TIME_EDGES)
        commit.append(("wait", edge, chance.choice((-1, 0, 0, 5))))
        yield commit


seeds = st.integers(0, 2**32).map(Random)
queries = st.builds(
    JobQuery,
    states=st.none() | st.frozensets(st.sampled_from(STATES), max_size=4),
    owner=st.none() | st.sampled_from(OWNERS) | st.just("nobody"),
    node_group=st.none() | st.none() | st.just("GroupA"),
    nodes=st.none() | st.none() | st.just(("N1", "n7")),
    sort=st.sampled_from(SORTS),
    descending=st.booleans(),
)
quick_queries = st.builds(
    JobQuery,
    states=st.none() | st.frozensets(st.sampled_from(STATES), min_size=5),
    owner=st.none() | st.none() | st.sampled_from(OWNERS),
    sort=st.sampled_from(QUICK_SORTS),
    descending=st.booleans(),
)


class Model:
    """The same history on a dict."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jobs: dict[int, Job] = {}

    def live(self, commit: list[tuple[Any, ...]]) -> None:
        """One commit, in the store and here."""

        def change(tx: Transaction) -> None:
            for happened in commit:
                self._do(tx, happened)

        for happened in commit:
            if happened[0] == "wait":
                _, edge, more = happened
                self.world.clock.time = max(
                    self.world.clock.time, (self.world.clock.time // edge + 1) * edge + more
                )
        self.world.write(change)

    def _do(self, tx: Transaction, happened: tuple[Any, ...]) -> None:
        match happened:
            case ("add", number, owner, state, extra):
                job = Job(
                    id=number,
                    owner=owner,
                    state=state,
                    spec=JobSpec(
                        name="aBc"[extra % 3 :], node_groups=("groupa",) if extra else (), priority=extra
                    ),
                    nodes=("n1",) if extra == 2 else ("N2", "N7") if extra else (),
                    times=Times(tx.now, tx.now, ended=tx.now if state in FINAL_JOB_STATES else None),
                )
                tx.insert_job(job)
                self.jobs[job.id] = job
            case ("put", index, state, extra) if self.jobs:
                job = tx.job(sorted(self.jobs)[index % len(self.jobs)])
                ended = tx.now if state in FINAL_JOB_STATES else None
                spec = msgspec.structs.replace(job.spec, node_groups=("x", "GROUPA") if extra > 1 else ())
                job = msgspec.structs.replace(
                    job,
                    state=state,
                    progress=extra,
                    spec=spec,
                    times=msgspec.structs.replace(job.times, changed=tx.now, ended=ended),
                )
                tx.put_job(job)
                self.jobs[job.id] = job
            case ("remove", limit):
                before = tx.now - 1
                gone = sorted(
                    (job.times.ended, job.id)
                    for job in self.jobs.values()
                    if job.state in FINAL_JOB_STATES
                    and job.times.ended is not None
                    and job.times.ended < before
                )[:limit]
                assert tx.remove_ended(before=before, limit=limit) == len(gone)
                for _, job_id in gone:
                    del self.jobs[job_id]

    def expected(self, query: JobQuery) -> list[Job]:
        value = sortkeys.sort_value(Job, query.sort)
        fitting = [job for job in self.jobs.values() if fits(job, query)]
        return sorted(fitting, key=lambda job: (sortkeys.key(value(job)), job.id), reverse=query.descending)


def fits(job: Job, query: JobQuery) -> bool:
    wanted = {name.casefold() for name in query.nodes or ()}
    return (
        (query.states is None or job.state in query.states)
        and (query.owner is None or job.owner.casefold() == query.owner.casefold())
        and (
            query.node_group is None or query.node_group.casefold() in map(str.casefold, job.spec.node_groups)
        )
        and (query.changed_from is None or job.times.changed >= query.changed_from)
        and (
            query.nodes is None
            or (job.state is JobState.RUNNING and not wanted.isdisjoint(map(str.casefold, job.nodes)))
        )
    )


def page(
    world: World, query: JobQuery, limit: int, after: Cursor | None = None, offset: int | None = None
) -> JobPage:
    return world.look(lambda look: look.list_jobs(query, limit=limit, after=after, offset=offset, count=True))


def check(model: Model, query: JobQuery, limit: int) -> None:
    """Every page of a list, both ways."""
    note(repr(query))
    expected = model.expected(query)
    ids = [job.id for job in expected]
    for offset in {0, 1, len(ids) // 2, max(0, len(ids) - limit), len(ids), len(ids) + 3}:
        found = page(model.world, query, limit, offset=offset)
        assert [job.id for job in found.jobs] == ids[offset : offset + limit]
        assert (found.total, found.more) == (len(ids), offset + limit < len(ids))
    seen: list[Job] = []
    after = None
    while True:
        found = page(model.world, query, limit, after=after)
        seen += found.jobs
        assert found.total == len(ids)
        if not found.more:
            break
        assert found.jobs, "more, but nothing on this page"
        after = found.end
    assert seen == expected


def kept_counts(world: World) -> dict[tuple[int, str, int, int], int]:
    """The table of counts as it is. An empty bucket must have no row."""
    rows = world.store._peeking.session.connection.execute(
        "SELECT shelf, owner, state, bucket, n FROM counts"
    )
    return {(shelf, owner, state, bucket): n for shelf, owner, state, bucket, n in rows}


def counted_anew(model: Model) -> dict[tuple[int, str, int, int], int]:
    """The table of counts as it should be."""
    counts: Counter[tuple[int, str, int, int]] = Counter()
    for job in model.jobs.values():
        own = ladders.of_owner(job.owner.casefold())
        for ladder, owner, key in (
            (ladders.BY_ID, ladders.EVERYBODY, job.id),
            (ladders.BY_OWNER_ID, own, job.id),
            (ladders.BY_CHANGE, ladders.EVERYBODY, job.times.changed),
            (ladders.BY_OWNER_CHANGE, own, job.times.changed),
        ):
            for shelf in ladder.shelves:
                counts[shelf.number, owner, job.state.value, key >> shelf.shift] += 1
    return dict(counts)


@given(
    seeds, st.integers(0, 25), st.lists(queries | quick_queries, min_size=4, max_size=12), st.integers(1, 17)
)
def test_lists_of_jobs_equal_the_naive_model(
    chance: Random, commits: int, asked: list[JobQuery], limit: int
) -> None:
    world = World(":memory:")
    try:
        model = Model(world)
        for commit in history(chance, commits):
            model.live(commit)
        moments = [NOON, *(job.times.changed + more for job in model.jobs.values() for more in (0, 1))]
        for query in asked:
            since = chance.choice((None, chance.choice(moments)))
            check(model, msgspec.structs.replace(query, changed_from=since), limit)
        counted = Counter(job.state for job in model.jobs.values())
        assert world.look(lambda look: look.count_jobs()) == counted
        assert kept_counts(world) == counted_anew(model)
    finally:
        world.close()


@given(seeds, st.sampled_from(SORTS), st.booleans())
def test_rows_that_keep_their_key_are_shown_once_while_others_change(
    chance: Random, sort: str, descending: bool
) -> None:
    world = World(":memory:")
    try:
        model = Model(world)
        commits = history(chance, 30)
        for _ in range(10):
            model.live(next(commits))
        query = JobQuery(sort=sort, descending=descending)
        value = sortkeys.sort_value(Job, sort)
        kept = {job.id: value(job) for job in model.jobs.values()}
        seen: list[int] = []
        after = None
        while True:
            found = page(world, query, 5, after=after)
            seen += [job.id for job in found.jobs]
            if not found.more:
                break
            after = found.end
            for commit in islice(commits, 1):
                model.live(commit)
                now = {job.id: value(job) for job in model.jobs.values()}
                kept = {job_id: key for job_id, key in kept.items() if job_id in now and now[job_id] == key}
        shown = Counter(seen)
        assert {job_id: shown[job_id] for job_id in kept} == dict.fromkeys(kept, 1)
    finally:
        world.close()
