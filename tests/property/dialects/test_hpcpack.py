"""The HPC Pack face.

Anything may arrive, the answer is ours or the documented error; paging loses nothing.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.properties import JOB, TASK
from headgate.core.states import JobState
from tests.compliance.hpcpack.world import World
from tests.property.dialects.sync import Sync

T = TypeVar("T")
DOCUMENTED = {200, 202, 204, 400, 401, 403, 404, 405, 413, 415}


@pytest.fixture(scope="module")
def sync() -> Iterator[Sync]:
    world = World()
    sync = Sync(world, world.ask)
    yield sync
    sync.close()


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"])
WORDS = """jobs Jobs 1 2 0 99 tasks subtasks nodes groups cluster version submit cancel finish requeue
envVariables
customProperties templates jobFile NODE1 .. info operations takeOffline nodeGroups ComputeNodes metrics stats
history HPCNetwork first definitions"""
STEPS = st.sampled_from([*WORDS.split(), ""])
PATHS = st.lists(STEPS | st.text(max_size=5), max_size=7).map(lambda steps: "/" + "/".join(steps))
KNOWN = st.sampled_from(
    [
        f"/jobs{job}{rest}"
        for job in ("", "/1", "/2")
        for rest in (
            "",
            "/tasks",
            "/tasks/1",
            "/tasks/1/subtasks/2",
            "/envVariables",
            "/tasks/2/customProperties",
        )
    ]
    + [
        "/cluster/nodes",
        "/cluster/nodeGroups",
        "/cluster/nodeGroups/g",
        "/cluster/nodeGroups/g/nodes",
        "/cluster/operations",
        "/cluster/metrics/history/HPCNetwork",
        "/cluster/nodes/metrics",
    ]
    + ["/jobs/2/submit", "/jobs/1/tasks/2/requeue", "/nodes", "/jobs/2/requeue"]
)
PARAMETERS = st.sampled_from(
    [
        "properties",
        "$filter",
        "asc",
        "rowsPerRead",
        "startRow",
        "queryId",
        "sortJobsBy",
        "owner",
        "names",
        "forced",
        "nodeNames",
        "jobs",
        "state",
        "fromTime",
        "toTime",
        "limit",
        "metricNames",
    ]
)
PROPERTY_NAMES = st.sampled_from([entry.name for registry in (JOB, TASK) for entry in registry])
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
PROPERTIES = st.lists(
    st.fixed_dictionaries({"Name": PROPERTY_NAMES | st.text(max_size=4), "Value": VALUES}), max_size=4
)
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)
MEMBERSHIPS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=4) | st.just("g"),
        "Description": VALUES,
        "Managed": VALUES,
        "Operation": st.sampled_from(["add", "Remove"]) | VALUES,
        "NodeNames": st.lists(st.sampled_from(["NODE1", "node2"]) | VALUES, max_size=3) | VALUES,
    },
)
BODIES = (
    st.just(b"")
    | MEMBERSHIPS.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60)
    | PROPERTIES.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps(value).encode())
)
QUERIES = st.dictionaries(PARAMETERS, st.text(st.characters(codec="ascii"), max_size=20), max_size=3).map(
    lambda query: "&".join(f"{name}={value}" for name, value in query.items())
)


@given(METHODS, KNOWN | PATHS, QUERIES, BODIES)
def test_anything_may_arrive(sync: Sync, method: str, path: str, query: str, body: bytes) -> None:
    target = path.replace("?", "").replace("%", "") + "?" + query
    answer = sync.ask(method, target, body, user="boss")
    assert answer.status in DOCUMENTED, answer
    if answer.body:
        json.loads(answer.body)


@given(PROPERTIES)
def test_what_was_refused_changed_nothing(sync: Sync, properties: list[dict[str, object]]) -> None:
    before = sync.ask("GET", "/jobs/2").json
    answer = sync.ask("PUT", "/jobs/2", properties)
    after = sync.ask("GET", "/jobs/2").json
    assert answer.status in (204, 400, 403, 404)
    assert answer.status == 204 or after == before


@given(
    st.lists(st.tuples(st.text("abAB\u00e4", max_size=2), st.integers(0, 3)), min_size=1, max_size=12),
    st.integers(1, 13),
    st.sampled_from(["Id", "Name", "ChangeTime", "Owner", "State", "IsExclusive", "EndTime", "Nonsense"]),
    st.booleans(),
)
def test_paging_lists_every_job_once_both_ways(
    jobs: list[tuple[str, int]], rows: int, sort: str, ascending: bool
) -> None:
    async def story() -> None:
        world = await World().open()
        for name, seconds in jobs:
            world.clock.time += seconds * 1_000_000
            job = await world.job(Name=name)
            if seconds == 2:
                await world.put_job(job, state=JobState.RUNNING)
        base = f"/jobs?properties=Id&sortJobsBy={sort}&asc={ascending}&rowsPerRead={rows}"
        continued: list[str] = []
        following = ""
        while True:
            answer = await world.ask("GET", base + following)
            assert answer.json
            continued += [row["Id"] for row in answer.rows]
            if "x-ms-continuation-queryid" not in answer.headers:
                break
            following = "&queryId=" + answer.headers["x-ms-continuation-queryid"]
        paged: list[str] = []
        for start in range(0, len(jobs) + 1, rows):
            answer = await world.ask("GET", f"{base}&startRow={start}")
            assert answer.headers["x-ms-row-count"] == str(len(jobs))
            paged += [row["Id"] for row in answer.rows]
        assert continued == paged
        assert sorted(map(int, continued)) == list(range(1, len(jobs) + 1))
        await world.close()

    asyncio.run(story())
