"""Section 4.4 (tasks and subtasks) and 4.2 (nodes), with what hpcpack-model says about them."""

import pytest

from headgate.core.properties import NODE, TASK
from tests.compliance.hpcpack.world import World, given


async def test_a_new_task_has_the_published_defaults(world: World) -> None:
    """hpcpack-model, section 4; a stored Basic task reads 0, 0, 1."""
    job = await world.job()
    await world.task(job, CommandLine="true")
    got = (await world.ask("GET", f"/jobs/{job}/tasks/1")).values
    assert list(got) == [entry.name for entry in TASK.readable()]
    times = {name: "" for name in got if name.endswith("Time")}
    assert got | times == {
        "TaskId": "1.1", "Name": "", "State": "Configuring", "PreviousState": "Configuring",
        "MinCores": "1", "MaxCores": "1", "MinNodes": "1", "MaxNodes": "1", "MinSockets": "1",
        "MaxSockets": "1", "RuntimeSeconds": "", "SubmitTime": "", "CreateTime": "", "EndTime": "",
        "ChangeTime": "", "StartTime": "", "ParentJobId": "1", "CommandLine": "true", "WorkDirectory": "",
        "RequiredNodes": "", "DependsOn": "", "IsExclusive": "False", "IsRerunnable": "True",
        "StdOutFilePath": "", "StdInFilePath": "", "StdErrFilePath": "", "ExitCode": "0",
        "RequeueCount": "0", "StartValue": "0", "EndValue": "0", "IncrementValue": "1", "ErrorMessage": "",
        "Output": "", "HasRuntime": "False", "UserBlob": "", "Type": "Basic",
        "IsServiceConcluded": "False", "FailJobOnFailure": "False", "FailJobOnFailureCount": "1",
        "AllocatedCoreIds": "", "AllocatedNodes": "", "TaskValidExitCodes": "", "JobTaskId": "1",
        "InstanceId": "0", "ExitIfPossible": "False", "ExecutionFailureRetryCount": "0",
        "AutoRequeueCount": "0", "RequestedNodeGroup": "",
    }  # fmt: skip
    assert got["CreateTime"] == "3/17/2030 5:46:40 PM"


async def test_what_is_set_is_read_again(world: World) -> None:
    told = {
        "Name": "t*", "Type": "ParametricSweep", "StartValue": "-1", "EndValue": "7",
        "IncrementValue": "2", "CommandLine": "run * > ^*", "WorkDirectory": "/w", "StdInFilePath": "i",
        "StdOutFilePath": "o*", "StdErrFilePath": "e", "MinCores": "2", "MaxCores": "3",
        "RequiredNodes": "NODE1", "DependsOn": "a,b", "IsExclusive": "True", "IsRerunnable": "False",
        "RuntimeSeconds": "9", "TaskValidExitCodes": "0,2..4", "FailJobOnFailure": "True",
        "FailJobOnFailureCount": "5", "UserBlob": "b", "RequestedNodeGroup": "HeadNodes",
    }  # fmt: skip
    job = await world.job()
    task = await world.task(job, **told)
    got = (await world.ask("GET", f"/jobs/{job}/tasks/{task}")).values
    assert {name: got[name] for name in told} == told
    assert (await world.ask("PUT", f"/jobs/{job}/tasks/{task}", given({"Commandline": "x"}))).status == 204
    assert (await world.ask("GET", f"/jobs/{job}/tasks/{task}?properties=commandline")).values == {
        "CommandLine": "x"
    }


async def test_tasks_are_numbered_within_their_job(world: World) -> None:
    first, second = await world.job(), await world.job()
    assert [await world.task(job) for job in (first, first, second)] == [1, 2, 1]


async def test_a_subtask_is_its_master_with_the_value_filled_in(world: World) -> None:
    job = await world.run_sweep(3)
    failed = (await world.ask("GET", f"/jobs/{job}/tasks/1/subtasks/2")).values
    assert (failed["TaskId"], failed["InstanceId"], failed["JobTaskId"]) == (f"{job}.1.2", "2", "1")
    assert (failed["CommandLine"], failed["State"], failed["ExitCode"]) == ("echo 2", "Failed", "3")
    assert (failed["AllocatedCoreIds"], failed["AllocatedNodes"]) == ("NODE1 0 1 NODE2 0", "NODE1,NODE2")
    assert failed["Output"] == "two\n\ufffd"
    untouched = (
        await world.ask("GET", f"/jobs/{job}/tasks/1/subtasks/3?properties=state,CommandLine,Output")
    ).values
    assert untouched == {"State": "Queued", "CommandLine": "echo 3", "Output": ""}


@pytest.mark.parametrize("subtask", ["4", "0", "999999999999"])
async def test_a_subtask_that_does_not_exist_is_404(world: World, subtask: str) -> None:
    job = await world.run_sweep(3)
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/cancel"),
        ("POST", "/finish"),
        ("POST", "/requeue"),
    ):
        assert (await world.ask(method, f"/jobs/{job}/tasks/1/subtasks/{subtask}{path}")).status == 404
    assert (await world.ask("GET", f"/jobs/{job}/tasks/1")).values["State"] == "Running"


async def test_before_submission_a_subtask_is_not_expanded_in_the_words_clients_know(world: World) -> None:
    """hpcpack-model, section 6.2: the BVT polls on this text."""
    job = await world.job()
    await world.task(job, Type="ParametricSweep", StartValue=1, EndValue=3, CommandLine="echo *")
    answer = await world.ask("GET", f"/jobs/{job}/tasks/1/subtasks/1")
    assert answer.status == 404
    assert b"the specified subtask has not been expanded yet" in answer.body


@pytest.mark.parametrize("number", ["0", "9", "99999999999"])
async def test_an_unknown_task_is_404(world: World, number: str) -> None:
    job = await world.run_sweep()
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/cancel"),
        ("GET", "/envVariables"),
        ("GET", "/subtasks/1"),
    ):
        answer = await world.ask(method, f"/jobs/{job}/tasks/{number}{path}")
        assert answer.status == 404, (method, path)


@pytest.mark.parametrize("place", ["/jobs/1/tasks/x", "/jobs/1/tasks/1/subtasks/x", "/jobs/x/tasks/1"])
async def test_ids_are_decimal_integers(world: World, place: str) -> None:
    await world.run_sweep()
    assert (await world.ask("GET", place)).status == 400


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"Colour": "red"}, "Colour"),
        ({"TaskId": "1.1"}, "TaskId"),
        ({"Name": "a,b"}, "comma"),
        ({"MinCores": "many"}, "MinCores"),
        ({"Type": "Loop"}, "Type"),
        ({"Type": "Basic", "StartValue": 5}, "StartValue"),
        ({"Type": "Basic", "IsParametric": True}, "IsParametric"),
        ({"FailJobOnFailureCount": 0}, "FailJobOnFailureCount"),
        ({"TaskValidExitCodes": "1,,2"}, "TaskValidExitCodes"),
        ({"UserBlob": "x" * 4001}, "UserBlob"),
        ({"CommandLine": "a\u0000b"}, "CommandLine"),
        ({"RuntimeSeconds": "-1"}, "RuntimeSeconds"),
    ],
)
async def test_a_bad_property_is_refused_by_name_and_no_task_is_made(
    world: World, properties: dict[str, object], said: str
) -> None:
    job = await world.job()
    answer = await world.ask("POST", f"/jobs/{job}/tasks", given(properties))
    assert answer.status == 400
    assert said in answer.said
    assert (await world.ask("GET", f"/jobs/{job}/tasks")).json == []


async def test_a_submitted_task_cannot_be_changed(world: World) -> None:
    job = await world.run_sweep()
    for path in ("1", "2", "1/subtasks/1", "1/subtasks/2"):
        answer = await world.ask("PUT", f"/jobs/{job}/tasks/{path}", given({"CommandLine": "x"}))
        assert answer.status == 400


async def test_a_task_added_to_a_submitted_job_is_submitted_at_once(world: World) -> None:
    """hpcpack-model, section 7.3 (inferred)."""
    job = await world.run_sweep()
    number = await world.task(job, CommandLine="true")
    assert (await world.ask("GET", f"/jobs/{job}/tasks/{number}")).values["State"] == "Queued"


async def test_cancel_finish_and_requeue_of_tasks_and_subtasks(world: World) -> None:
    job = await world.run_sweep(5)
    base = f"/jobs/{job}/tasks"

    async def state(path: str) -> str:
        return (await world.ask("GET", f"{base}/{path}?properties=State")).values["State"]

    assert (await world.ask("POST", f"{base}/1/subtasks/3/cancel?forced=true", b'"out"')).status == 204
    assert await state("1/subtasks/3") == "Canceled"
    assert (await world.ask("POST", f"{base}/1/subtasks/4/finish", b'"enough"')).status == 204
    assert await state("1/subtasks/4") == "Finished"
    assert (await world.ask("POST", f"{base}/1/subtasks/2/requeue", b'"again"')).status == 204
    assert await state("1/subtasks/2") == "Queued"
    assert (await world.ask("POST", f"{base}/1/subtasks/4/cancel")).status == 400
    assert (await world.ask("POST", f"{base}/2/cancel", b'"not wanted"')).status == 204
    assert await state("2") == "Canceled"
    message = (await world.ask("GET", f"{base}/2?properties=ErrorMessage")).values["ErrorMessage"]
    assert "not wanted" in message
    assert (await world.ask("POST", f"{base}/2/cancel")).status == 400
    assert (await world.ask("POST", f"{base}/2/requeue")).status == 204
    assert await state("2") == "Queued"
    assert (await world.ask("POST", f"{base}/2/finish")).status == 204
    assert await state("2") == "Finished"


async def test_a_sweep_of_a_million_is_listed_counted_and_canceled(world: World) -> None:
    job = await world.job()
    await world.task(job, Type="ParametricSweep", StartValue=1, EndValue=1_000_000, CommandLine="echo *")
    assert (await world.ask("POST", f"/jobs/{job}/submit")).status == 204
    answer = await world.ask("GET", f"/jobs/{job}/tasks?properties=TaskId,CommandLine&startRow=999998")
    assert answer.rows == [
        {"TaskId": f"{job}.1.{number}", "CommandLine": f"echo {number}"} for number in (999_999, 1_000_000)
    ]
    assert answer.headers["x-ms-row-count"] == "1000000"
    assert (await world.ask("POST", f"/jobs/{job}/cancel")).status == 204
    last = await world.ask("GET", f"/jobs/{job}/tasks/1/subtasks/1000000?properties=State")
    assert last.values == {"State": "Canceled"}


# ---- nodes (4.2)


async def test_a_node_with_all_its_properties(world: World) -> None:
    got = (await world.ask("GET", "/nodes/node1")).values
    assert list(got) == [entry.name for entry in NODE.readable()]
    assert got == {
        "Id": "1", "Name": "NODE1", "DnsSuffix": "", "Guid": got["Guid"], "State": "Online",
        "Reachable": "True", "Availability": "AlwaysOn", "Location": "Linux", "JobType": "Batch, Admin",
        "NumCores": "8", "NumSockets": "1", "CpuSpeed": "0", "MemorySize": "16384",
        "NodeGroups": "ComputeNodes,HeadNodes", "OnlineTime": "3/17/2030 5:46:40 PM", "OfflineTime": "",
        "MoveToOffline": "False", "AzureServiceName": "",
    }  # fmt: skip
    assert (await world.ask("GET", "/nodes")).rows[0] == got
    assert (await world.ask("GET", "/nodes/NODE1?properties=name,numcores")).values == {
        "Name": "NODE1",
        "NumCores": "8",
    }


@pytest.mark.parametrize("path", ["/nodes/NODE9", "/nodes/groups/NoGroup", "/nodes/x%20y"])
async def test_unknown_nodes_and_groups_are_404_and_named(world: World, path: str) -> None:
    answer = await world.ask("GET", path)
    assert answer.status == 404
    assert path.rpartition("/")[2][:4].replace("%20", " ") in answer.said


async def test_the_first_group_is_not_empty(world: World) -> None:
    """hpcpack-model, section 5: the official sample takes the first group's first member."""
    first = (await world.ask("GET", "/nodes/groups")).rows[0]["Name"]
    assert (await world.ask("GET", f"/nodes/groups/{first}")).json
