"""Section 3: lists, filters, continuation, paging."""

import asyncio
import re
from itertools import chain

import pytest

from headgate.core.states import JobState
from tests.compliance.hpcpack.world import World, quoted


async def ids(world: World, target: str) -> list[str]:
    """The first column of a list."""
    answer = await world.ask("GET", target)
    assert answer.status == 200, answer.body
    return [next(iter(row.values())) for row in answer.rows]


# ---- 3.1: parameters


async def test_columns_come_in_the_order_and_spelling_of_request_and_tables(world: World) -> None:
    await world.job(Name="n")
    answer = await world.ask("GET", "/jobs?properties=name,%20ID,state,name")
    assert list(answer.rows[0]) == ["Name", "Id", "State"]
    assert list((await world.ask("GET", "/nodes")).rows[0])[:3] == ["Id", "Name", "DnsSuffix"]


@pytest.mark.parametrize("target", ["/jobs", "/jobs/1/tasks", "/nodes", "/jobs/1", "/jobs/1/tasks/1"])
async def test_an_unknown_column_is_an_error(world: World, target: str) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    answer = await world.ask(
        "GET", f"{target}?properties=Id,Colour" if "task" not in target else f"{target}?properties=Colour"
    )
    assert answer.status == 400
    assert "Colour" in answer.said


async def test_a_page_has_ten_rows_unless_said(world: World) -> None:
    for _ in range(12):
        await world.job()
    assert len((await world.ask("GET", "/jobs")).json) == 10
    assert len((await world.ask("GET", "/jobs?rowsPerRead=11")).json) == 11
    for few in ("0", "-5", "1"):
        assert len((await world.ask("GET", f"/jobs?rowsPerRead={few}")).json) == 1
    assert len((await world.ask("GET", "/jobs?rowsPerRead=2147483647")).json) == 12


@pytest.mark.parametrize(
    "parameter",
    ["rowsPerRead=ten", "rowsPerRead=99999999999", "startRow=x", "startRow=-1", "asc=maybe", "startRow=1.5"],
)
@pytest.mark.parametrize("target", ["/jobs", "/nodes", "/jobs/1/tasks"])
async def test_a_bad_parameter_is_refused_by_name(world: World, target: str, parameter: str) -> None:
    await world.job()
    answer = await world.ask("GET", f"{target}?{parameter}")
    assert answer.status == 400
    assert parameter.partition("=")[0] in answer.said


async def test_sorting_is_typed(world: World) -> None:
    names = ["b", "A", "c", "B", "10", "9"]
    for position, name in enumerate(names):
        await world.job(Name=name, Priority=position % 5)
        world.clock.time += 1_000_000
    assert await ids(world, "/jobs?properties=Id&asc=False") == ["6", "5", "4", "3", "2", "1"]
    assert await ids(world, "/jobs?properties=Name&sortJobsBy=NAME") == ["10", "9", "A", "b", "B", "c"]
    assert await ids(world, "/jobs?properties=Id&sortJobsBy=createTime&asc=false") == [
        "6",
        "5",
        "4",
        "3",
        "2",
        "1",
    ]
    assert await ids(world, "/jobs?properties=Id&sortJobsBy=Priority&asc=true") == [
        "1",
        "6",
        "2",
        "3",
        "4",
        "5",
    ]
    assert await ids(world, "/jobs?properties=Id&sortJobsBy=Colour&asc=false") == [
        "6",
        "5",
        "4",
        "3",
        "2",
        "1",
    ]
    assert await ids(world, "/nodes?properties=Name&sortNodesBy=NumCores") == ["NODE2", "NODE1"]
    assert await ids(world, "/nodes?properties=Name&sortNodesBy=Name&asc=false") == ["NODE2", "NODE1"]


async def test_tasks_sort_by_number_and_instance_not_as_text(world: World) -> None:
    job = await world.run_sweep(12)
    listed = await ids(world, f"/jobs/{job}/tasks?properties=TaskId&rowsPerRead=99&sortTasksBy=TaskId")
    assert listed == [*(f"{job}.1.{n}" for n in range(1, 13)), f"{job}.2"]
    assert await ids(world, f"/jobs/{job}/tasks?properties=TaskId&rowsPerRead=99&asc=false") == listed[::-1]


async def test_nobody_learns_private_things_from_an_order(world: World) -> None:
    job = await world.job()
    for command in ("b", "a"):
        await world.task(job, CommandLine=command)
    listed = await ids(world, f"/jobs/{job}/tasks?properties=TaskId&sortTasksBy=CommandLine")
    assert listed == [f"{job}.1", f"{job}.2"]


# ---- 3.2: filters


async def test_filters_of_jobs(world: World) -> None:
    for _ in range(4):
        await world.job()
        world.clock.time += 60_000_000
    await world.put_job(2, state=JobState.RUNNING)
    await world.put_job(3, state=JobState.FINISHED)
    await world.ask("PUT", "/jobs/4", [{"Name": "NodeGroups", "Value": "ComputeNodes,HeadNodes"}])
    assert await ids(world, "/jobs?$filter=JobState+eq+Running") == ["2"]
    assert await ids(world, "/jobs?$filter=JobState+eq+160") == ["2", "3"]
    assert await ids(world, "/jobs?$filter=NodeGroup+eq+headnodes") == ["4"]
    assert await ids(world, "/jobs?$filter=ChangeTimeFrom+eq+3/17/2030+17:48:00") == ["3", "4"]
    both = "ChangeTimeFrom eq 03/17/2030 17:48:00 and JobState eq Finished"
    assert await ids(world, "/jobs?$filter=" + quoted(both)) == ["3"]
    assert await ids(world, "/jobs?owner=BEN") == []
    assert await ids(world, "/jobs?owner=ANN&$filter=JobState+eq+Running") == ["2"]


async def test_a_change_within_the_second_a_client_asks_from_is_not_lost(world: World) -> None:
    """Section 3.2: clients cut times to whole seconds, so the comparison includes them."""
    world.clock.time += 999_999
    await world.job()
    assert await ids(world, "/jobs?$filter=ChangeTimeFrom+eq+3/17/2030+5:46:40+PM") == ["1"]
    assert await ids(world, "/jobs?$filter=ChangeTimeFrom+eq+3/17/2030+5:46:41+PM") == []


async def test_filters_of_tasks(world: World) -> None:
    job = await world.run_sweep(3)
    base = f"/jobs/{job}/tasks?properties=TaskId&$filter="
    assert await ids(world, base + "TaskState+eq+Failed") == [f"{job}.1.2"]
    assert await ids(world, base + "TaskStates+eq+Failed,Finished") == [f"{job}.1.2"]
    assert await ids(world, base + "TaskIds+eq+2") == [f"{job}.2"]
    assert await ids(world, base + "TaskInstanceIds+eq+1,3") == [f"{job}.1.1", f"{job}.1.3"]
    assert await ids(world, base + "TaskIds+eq+1+and+TaskStates+eq+Queued,Dispatching") == [
        f"{job}.1.1",
        f"{job}.1.3",
    ]


async def test_filters_of_nodes(world: World) -> None:
    assert await ids(world, "/nodes?properties=Name&$filter=NodeState+eq+Online") == ["NODE1", "NODE2"]
    assert await ids(world, "/nodes?properties=Name&$filter=NodeState+eq+Offline") == []


@pytest.mark.parametrize(
    "target",
    [
        "/jobs?$filter=Owner+eq+ann",
        "/jobs?$filter=JobState+eq+Walking",
        "/jobs?$filter=TaskState+eq+Running",
        "/jobs/1/tasks?$filter=JobState+eq+Running",
        "/jobs/1/tasks?$filter=TaskIds+eq+one",
        "/nodes?$filter=ChangeTimeFrom+eq+2020-01-01",
        "/jobs?$filter=nonsense",
        "/jobs?$filter=ChangeTimeFrom+eq+now",
    ],
)
async def test_a_bad_filter_is_an_error(world: World, target: str) -> None:
    await world.job()
    answer = await world.ask("GET", target)
    assert answer.status == 400
    assert "filter" in answer.said


# ---- 3.3: continuation


async def read_all(world: World, target: str) -> list[list[str]]:
    """Page by page, as official samples do: the token pasted without encoding."""
    pages, following = [], ""
    while True:
        answer = await world.ask("GET", target + following)
        assert answer.status == 200
        assert "x-ms-row-count" not in answer.headers
        pages.append([next(iter(row.values())) for row in answer.rows])
        token = answer.headers.get("x-ms-continuation-queryid")
        if token is None:
            return pages
        assert re.fullmatch("[A-Za-z0-9_.~-]+", token)
        following = f"&queryId={token}"


@pytest.mark.parametrize(("rows", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (8, [7])])
@pytest.mark.parametrize(
    "order",
    ["", "&sortJobsBy=Name&asc=false", "&sortJobsBy=Owner", "&sortJobsBy=EndTime", "&sortJobsBy=IsExclusive"],
)
async def test_every_row_comes_once_and_no_page_is_empty(
    world: World, rows: int, sizes: list[int], order: str
) -> None:
    for name in ("b", "a", "B", "", "c", "a", "A"):
        await world.job(Name=name)
    pages = await read_all(world, f"/jobs?properties=Id&rowsPerRead={rows}{order}")
    assert [len(page) for page in pages] == sizes
    assert sorted(chain(*pages)) == ["1", "2", "3", "4", "5", "6", "7"]
    assert list(chain(*pages)) == (await read_all(world, f"/jobs?properties=Id&rowsPerRead=99{order}"))[0]


async def test_tasks_and_nodes_continue_too(world: World) -> None:
    job = await world.run_sweep(5)
    pages = await read_all(world, f"/jobs/{job}/tasks?properties=TaskId&rowsPerRead=4")
    assert pages == [[f"{job}.1.{n}" for n in range(1, 5)], [f"{job}.1.5", f"{job}.2"]]
    assert await read_all(world, "/nodes?properties=Name&rowsPerRead=1") == [["NODE1"], ["NODE2"]]
    for sort in ("Reachable", "State", "OfflineTime", "Guid", "NodeGroups"):
        pages = await read_all(world, f"/nodes?properties=Name&rowsPerRead=1&sortNodesBy={sort}")
        assert pages == [["NODE1"], ["NODE2"]]
    descending = "/nodes?properties=Name&rowsPerRead=1&sortNodesBy=Name&asc=false"
    assert await read_all(world, descending) == [["NODE2"], ["NODE1"]]


async def token_of(world: World, target: str = "/jobs?rowsPerRead=1", user: str = "ann") -> str:
    return (await world.ask("GET", target, user=user)).headers["x-ms-continuation-queryid"]


async def test_a_token_lasts_an_hour_and_a_restart(world: World) -> None:
    for _ in range(3):
        await world.job()
    token = await token_of(world)
    world.clock.time += 59 * 60 * 1_000_000
    assert (await world.ask("GET", f"/jobs?rowsPerRead=1&queryId={token}")).rows[0]["Id"] == "2"
    world.clock.time += 2 * 60 * 1_000_000
    answer = await world.ask("GET", f"/jobs?rowsPerRead=1&queryId={token}")
    assert answer.status == 400
    assert "expired" in answer.said


@pytest.mark.parametrize("token", ["1", "x" * 10_000, "%00", "....", "AAAA", "%FF%FE", "é", "=="])
@pytest.mark.parametrize("target", ["/jobs", "/nodes", "/jobs/1/tasks"])
async def test_a_token_that_is_not_ours_is_refused(world: World, target: str, token: str) -> None:
    await world.job()
    assert (await world.ask("GET", f"{target}?queryId={token}")).status == 400


async def test_a_token_of_another_list_or_caller_is_refused(world: World) -> None:
    for _ in range(3):
        await world.job()
    token = await token_of(world)
    for target in (
        "/jobs?sortJobsBy=Name",
        "/jobs?asc=false",
        "/jobs?owner=ann",
        "/jobs?$filter=JobState+eq+Configuring",
        "/nodes?",
        "/jobs/1/tasks?",
    ):
        assert (await world.ask("GET", f"{target}&queryId={token}")).status == 400
    assert (await world.ask("GET", f"/jobs?queryId={token}", user="ben")).status == 400
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert (await world.ask("GET", f"/jobs?queryId={changed}")).status == 400
    # Other columns and page sizes make no other list.
    assert (await world.ask("GET", f"/jobs?properties=Id&rowsPerRead=5&queryId={token}")).rows == [
        {"Id": "2"},
        {"Id": "3"},
    ]
    assert (await world.ask("GET", "/jobs?queryId=")).status == 200


# ---- 3.4: paging


async def test_paging_counts_all_rows_that_match(world: World) -> None:
    for _ in range(5):
        await world.job()
    await world.put_job(1, state=JobState.RUNNING)
    for start, rows, listed in ((0, 2, ["1", "2"]), (4, 2, ["5"]), (5, 2, []), (2_147_483_647, 2, [])):
        answer = await world.ask(
            "GET", f"/jobs?properties=Id&startRow={start}&rowsPerRead={rows}&queryId=nonsense"
        )
        assert (answer.status, [row["Id"] for row in answer.rows]) == (200, listed)
        assert answer.headers["x-ms-row-count"] == "5"
        assert "x-ms-continuation-queryid" not in answer.headers
    filtered = await world.ask("GET", "/jobs?startRow=0&$filter=JobState+eq+Configuring&asc=False")
    assert filtered.headers["x-ms-row-count"] == "4"
    assert [row["Id"] for row in filtered.rows] == ["5", "4", "3", "2"]


async def test_paging_tasks_and_nodes(world: World) -> None:
    job = await world.run_sweep(5)
    answer = await world.ask("GET", f"/jobs/{job}/tasks?properties=TaskId&startRow=3&rowsPerRead=2")
    assert [row["TaskId"] for row in answer.rows] == [f"{job}.1.4", f"{job}.1.5"]
    assert answer.headers["x-ms-row-count"] == "6"
    answer = await world.ask("GET", "/nodes?properties=Name&startRow=1")
    assert (answer.rows, answer.headers["x-ms-row-count"]) == ([{"Name": "NODE2"}], "2")
    answer = await world.ask("GET", "/nodes?startRow=7")
    assert (answer.json, answer.headers["x-ms-row-count"]) == ([], "2")


# ---- long pages


async def test_a_long_page_is_sent_in_parts_and_is_one_list(world: World) -> None:
    job = await world.run_sweep(1000)
    answer = await world.ask("GET", f"/jobs/{job}/tasks?rowsPerRead=5000")
    assert len(answer.json) == 1001
    assert "content-length" not in answer.headers
    outputs = await world.ask("GET", f"/jobs/{job}/tasks?rowsPerRead=50&properties=InstanceId,Output")
    assert [row["Output"] for row in outputs.rows[:3]] == ["", "two\n\ufffd", ""]


async def test_other_requests_get_their_turn_during_a_long_page(world: World) -> None:
    job = await world.run_sweep(9000)
    long = asyncio.ensure_future(world.ask("GET", f"/jobs/{job}/tasks?rowsPerRead=9000"))
    turns = 0
    while not long.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(long.result().json) == 9000
    assert turns > 30


async def test_a_sweep_that_has_not_been_expanded_is_one_row(world: World) -> None:
    """hpcpack-model, section 6.4."""
    job = await world.job()
    await world.task(job, Type="ParametricSweep", StartValue=1, EndValue=1_000_000, CommandLine="echo *")
    assert await ids(world, f"/jobs/{job}/tasks") == [f"{job}.1"]


async def test_sweeps_expanded_and_not(world: World) -> None:
    """A sweep 1..3 and a Basic task: 4 rows expanded, 2 rows not (hpcpack-model, section 6.4)."""
    job = await world.run_sweep(3)
    for yes in ("", "?expandParametric=true", "?ExpandParametric=True"):
        assert len((await world.ask("GET", f"/jobs/{job}/tasks{yes}")).json) == 4
    for no in ("false", "False", "0"):
        answer = await world.ask("GET", f"/jobs/{job}/tasks?expandParametric={no}")
        assert [row["TaskId"] for row in answer.rows] == [f"{job}.1", f"{job}.2"]
