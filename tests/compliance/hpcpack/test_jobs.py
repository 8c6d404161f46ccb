"""Section 4.3 (jobs), with what hpcpack-model says about them."""

import pytest

from headgate.core.properties import JOB
from headgate.core.states import JobState
from tests.compliance.hpcpack.world import World, given


async def test_a_new_job_has_the_published_defaults(world: World) -> None:
    """hpcpack-model, section 3: the column Default; every value is a string."""
    job = await world.job()
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert list(got) == [entry.name for entry in JOB.readable()]
    assert got | {"CreateTime": "", "ChangeTime": ""} == {
        "Id": "1", "Name": "", "Owner": "ann", "UserName": "", "Project": "", "RuntimeSeconds": "",
        "SubmitTime": "", "CreateTime": "", "EndTime": "", "StartTime": "", "ChangeTime": "",
        "State": "Configuring", "PreviousState": "Configuring", "MinCores": "1", "MaxCores": "1",
        "MinNodes": "1", "MaxNodes": "1", "MinSockets": "1", "MaxSockets": "1", "UnitType": "Core",
        "RequestedNodes": "", "IsExclusive": "False", "RunUntilCanceled": "False", "NodeGroups": "",
        "FailOnTaskFailure": "False", "AutoCalculateMax": "True", "AutoCalculateMin": "True",
        "CanGrow": "True", "CanShrink": "True", "Preemptable": "False", "ErrorMessage": "",
        "HasRuntime": "False", "RequeueCount": "0", "MinMemory": "1", "MaxMemory": "2147483647",
        "MinCoresPerNode": "1", "MaxCoresPerNode": "2147483647", "EndpointReference": "",
        "SoftwareLicense": "", "OrderBy": "", "ClientSource": "", "Progress": "0", "ProgressMessage": "",
        "TargetResourceCount": "0", "ExpandedPriority": "2000", "ServiceName": "",
        "JobTemplate": "Default", "HoldUntil": "", "NotifyOnStart": "False", "NotifyOnCompletion": "False",
        "ExcludedNodes": "", "EmailAddress": "", "Priority": "Normal", "AllocatedNodes": "",
        "Pool": "Default", "JobValidExitCodes": "", "ParentJobIds": "", "FailDependentTasks": "False",
        "NodeGroupOp": "Intersect", "SingleNode": "False", "ChildJobIds": "",
        "EstimatedProcessMemory": "0", "PlannedCoreCount": "-1", "TaskExecutionFailureRetryLimit": "0",
    }  # fmt: skip
    assert got["CreateTime"] == got["ChangeTime"] == "3/17/2030 5:46:40 PM"


async def test_what_is_set_is_read_again(world: World) -> None:
    told = {
        "Name": "näme \"quoted\" <&>", "Project": "p", "RuntimeSeconds": "60", "MinCores": "2",
        "MaxCores": "4", "UnitType": "Node", "AutoCalculateMin": "False", "AutoCalculateMax": "False",
        "RequestedNodes": "NODE1,NODE2", "NodeGroups": "ComputeNodes", "NodeGroupOp": "Union",
        "SingleNode": "True", "IsExclusive": "True", "RunUntilCanceled": "True",
        "FailOnTaskFailure": "True", "FailDependentTasks": "True", "JobValidExitCodes": "0,3..5,max",
        "Preemptable": "True", "MinMemory": "10", "MaxMemory": "20", "SoftwareLicense": "a:1,b:2",
        "OrderBy": "-Cores,Memory", "ClientSource": "c", "Progress": "50", "ProgressMessage": "half",
        "TargetResourceCount": "3", "Priority": "AboveNormal", "ExpandedPriority": "3100",
        "ServiceName": "s", "NotifyOnStart": "True", "EmailAddress": "a@b.c", "Pool": "P",
        "ParentJobIds": "1", "EstimatedProcessMemory": "5", "TaskExecutionFailureRetryLimit": "2",
    }  # fmt: skip
    await world.job()
    job = await world.job(**told)
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert {name: got[name] for name in told} == told
    assert got["HasRuntime"] == "True"
    assert (await world.ask("GET", "/jobs/1")).values["ChildJobIds"] == str(job)
    listed = await world.ask("GET", "/jobs?properties=ChildJobIds,ParentJobIds")
    assert [tuple(row.values()) for row in listed.rows] == [(str(job), ""), ("", "1")]


async def test_numbers_booleans_and_null_are_taken_as_values(world: World) -> None:
    job = await world.job(MinCores=2, IsExclusive=True, RuntimeSeconds=None, UnitType=2, Priority="0")
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert (got["MinCores"], got["IsExclusive"], got["RuntimeSeconds"]) == ("2", "True", "")
    assert (got["UnitType"], got["Priority"], got["ExpandedPriority"]) == ("Node", "Lowest", "0")


async def test_all_properties_can_be_sent_back(world: World) -> None:
    """A client that reads all and sets them again is refused for the read-only ones alone."""
    job = await world.job(Name="n", RuntimeSeconds=5)
    rows = (await world.ask("GET", f"/jobs/{job}")).json
    settable = [row for row in rows if JOB[row["Name"]].moments and row["Name"] != "ChildJobIds"]
    before = (await world.ask("GET", f"/jobs/{job}")).values
    assert (await world.ask("PUT", f"/jobs/{job}", settable)).status == 204
    assert (await world.ask("GET", f"/jobs/{job}")).values == before


async def test_gpu_jobs_read_as_socket_jobs_with_a_mark(world: World) -> None:
    job = await world.job(UnitType="Gpu")
    assert (await world.ask("GET", f"/jobs/{job}")).values["UnitType"] == "Socket"
    assert (await world.ask("GET", f"/jobs/{job}/customProperties")).values == {"GPUJob": "True"}


@pytest.mark.parametrize("number", ["0", "2", "99", "2147483648", "9" * 30])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/submit"),
        ("POST", "/cancel"),
        ("GET", "/tasks"),
        ("POST", "/tasks"),
        ("GET", "/envVariables"),
    ],
)
async def test_an_unknown_job_is_404_and_named(world: World, method: str, path: str, number: str) -> None:
    await world.job()
    answer = await world.ask(method, f"/jobs/{number}{path}")
    assert answer.status == 404
    assert number in answer.said


@pytest.mark.parametrize("number", ["x", "1.0", "-1", "1a", "%D9%A1", "null", "template"])
async def test_a_job_id_is_a_decimal_integer(world: World, number: str) -> None:
    assert (await world.ask("GET", f"/jobs/{number}")).status == 400


async def test_the_whole_request_is_applied_or_none_of_it(world: World) -> None:
    """hpcpack-model, section 7.4."""
    job = await world.job(Name="before")
    for bad in (
        {"Name": "after", "State": "Running"},
        {"Name": "after", "MinCores": "x"},
        {"Name": "after", "Progress": 101},
    ):
        assert (await world.ask("PUT", f"/jobs/{job}", given(bad))).status == 400
    assert (await world.ask("GET", f"/jobs/{job}")).values["Name"] == "before"


async def test_a_read_only_property_is_named(world: World) -> None:
    job = await world.job()
    answer = await world.ask("PUT", f"/jobs/{job}", given({"ErrorMessage": "x"}))
    assert answer.said.startswith("The property ErrorMessage is read-only")


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED, JobState.CANCELED])
async def test_an_ended_job_keeps_its_name_but_not_its_progress(world: World, state: JobState) -> None:
    """hpcpack-model, section 7.4: a PUT of Name on a Canceled job is a 4xx and leaves the name (BVT)."""
    job = await world.job(Name="before")
    await world.put_job(job, state=state)
    answer = await world.ask("PUT", f"/jobs/{job}", given({"Name": "after"}))
    assert answer.status == 400
    assert "Name" in answer.said
    assert (
        await world.ask("PUT", f"/jobs/{job}", given({"Progress": 7, "ProgressMessage": "m"}))
    ).status == 204
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert (got["Name"], got["Progress"], got["ProgressMessage"]) == ("before", "7", "m")


async def test_a_running_job_lets_its_priority_change_and_its_size_not(world: World) -> None:
    job = await world.run_sweep()
    assert (await world.ask("PUT", f"/jobs/{job}", given({"Priority": "Highest"}))).status == 204
    answer = await world.ask("PUT", f"/jobs/{job}", given({"MinCores": 2}))
    assert answer.status == 400
    assert "MinCores" in answer.said
    assert "Running" in answer.said


# ---- submit


async def test_submit_applies_properties_first(world: World) -> None:
    job = await world.job()
    await world.task(job, CommandLine="true")
    hold = given({"HoldUntil": "3/18/2030 12:00:00 AM", "UserName": "ann", "Password": "x"})
    assert (await world.ask("POST", f"/jobs/{job}/submit", hold)).status == 204
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert (got["State"], got["HoldUntil"], got["UserName"]) == ("Queued", "3/18/2030 12:00:00 AM", "ann")
    assert got["SubmitTime"] == "3/17/2030 5:46:40 PM"


async def test_a_property_error_leaves_the_job_configuring(world: World) -> None:
    job = await world.job()
    await world.task(job, CommandLine="true")
    answer = await world.ask("POST", f"/jobs/{job}/submit", given({"HoldUntil": "1/1/2020"}))
    assert answer.status == 400
    assert (await world.ask("GET", f"/jobs/{job}")).values["State"] == "Configuring"


async def test_a_job_that_is_not_valid_fails_and_says_why(world: World) -> None:
    """Section 4.3: the call returns before validation; the failure shows in the job."""
    job = await world.job()
    await world.task(job, Name="no command")
    assert (await world.ask("POST", f"/jobs/{job}/submit")).status == 204
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert got["State"] == "Failed"
    assert got["ErrorMessage"]


async def test_only_jobs_being_configured_can_be_submitted(world: World) -> None:
    job = await world.job()
    await world.task(job, CommandLine="true")
    assert (await world.ask("POST", f"/jobs/{job}/submit")).status == 204
    answer = await world.ask("POST", f"/jobs/{job}/submit")
    assert answer.status == 400
    assert "Configuring" in answer.said


# ---- cancel, finish, requeue


async def test_a_canceled_job_cannot_be_canceled_again_in_the_words_clients_know(world: World) -> None:
    """hpcpack-model, section 14."""
    job = await world.job()
    await world.put_job(job, state=JobState.CANCELED)
    answer = await world.ask("POST", f"/jobs/{job}/cancel")
    assert answer.status == 400
    assert "Jobs in the Canceled state cannot be canceled." in answer.said


@pytest.mark.parametrize("forced", ["", "?forced=true", "?Forced=False"])
async def test_cancel_ends_canceled_with_the_message_or_none(world: World, forced: str) -> None:
    """hpcpack-model, section 7.3: the word `None` when no message was given."""
    for body, told in ((b"", "None"), (b'"enough"', "enough"), (b"null", "None")):
        job = await world.job()
        assert (await world.ask("POST", f"/jobs/{job}/cancel{forced}", body)).status == 204
        got = (await world.ask("GET", f"/jobs/{job}")).values
        assert got["State"] == "Canceled"
        assert told in got["ErrorMessage"]


async def test_a_bad_forced_is_refused(world: World) -> None:
    job = await world.job()
    assert (await world.ask("POST", f"/jobs/{job}/cancel?forced=perhaps")).status == 400
    assert (await world.ask("GET", f"/jobs/{job}")).values["State"] == "Configuring"


async def test_requeue_is_for_canceled_and_failed_jobs_in_the_words_clients_know(world: World) -> None:
    job = await world.job()
    answer = await world.ask("POST", f"/jobs/{job}/requeue")
    assert answer.status == 400
    assert answer.said.startswith("Only jobs that are in the Canceled or Failed state can be requeued.")
    await world.task(job, CommandLine="true")
    await world.ask("POST", f"/jobs/{job}/submit")
    await world.ask("POST", f"/jobs/{job}/cancel")
    assert (await world.ask("POST", f"/jobs/{job}/requeue")).status == 204
    got = (await world.ask("GET", f"/jobs/{job}")).values
    assert (got["State"], got["RequeueCount"], got["EndTime"], got["ErrorMessage"]) == ("Queued", "1", "", "")


async def test_finish_ends_a_queued_job_finished(world: World) -> None:
    job = await world.job()
    await world.task(job, CommandLine="true")
    await world.ask("POST", f"/jobs/{job}/submit")
    assert (await world.ask("POST", f"/jobs/{job}/finish", b'"done"')).status == 204
    assert (await world.ask("GET", f"/jobs/{job}")).values["State"] == "Finished"


# ---- variables and custom properties (hpcpack-model, section 10)


@pytest.mark.parametrize("path", ["/jobs/1", "/jobs/1/tasks/1"])
async def test_variables_are_merged_and_an_empty_value_deletes(world: World, path: str) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    path += "/envVariables"
    assert (await world.ask("GET", path)).json == []
    for change in ({"MODE": "fast", "A": "1"}, {"A": "2", "B": 3}, {"MODE": ""}, {"B": None}):
        assert (await world.ask("POST", path, given(change))).status == 204
    assert (await world.ask("GET", path)).values == {"A": "2"}
    asked = await world.ask("GET", f"{path}?names=Nope,A,A")
    assert asked.json == [{"Name": "Nope", "Value": ""}, {"Name": "A", "Value": "2"}]


async def test_reading_a_tasks_variables_shows_only_its_own(world: World) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    await world.ask("POST", "/jobs/1/envVariables", given({"A": "1"}))
    assert (await world.ask("GET", "/jobs/1/tasks/1/envVariables")).json == []


@pytest.mark.parametrize("name", ["CCP_JOBID", "ccp_nodes", "a=b", "1a", "ü"])
async def test_some_names_are_no_variables(world: World, name: str) -> None:
    await world.job()
    answer = await world.ask("POST", "/jobs/1/envVariables", given({"GOOD": "1", name: "x"}))
    assert answer.status == 400
    assert (await world.ask("GET", "/jobs/1/envVariables")).json == []


@pytest.mark.parametrize("path", ["/jobs/1", "/jobs/1/tasks/1"])
async def test_custom_properties_are_merged_and_null_deletes(world: World, path: str) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    path += "/customProperties"
    for change in ({"ticket": "42", "A": "1"}, {"A": "", "B": True}, {"ticket": None}):
        assert (await world.ask("POST", path, given(change))).status == 204
    assert (await world.ask("GET", path)).values == {"A": "", "B": "True"}
    assert (await world.ask("GET", f"{path}?names=Nope,B")).values == {"B": "True"}
    assert (await world.ask("POST", path, given({"x" * 81: "1"}))).status == 400
    assert (await world.ask("POST", path, given({"x": "y" * 1025}))).status == 400


async def test_what_cannot_work_is_stored_returned_and_warned_of(world: World) -> None:
    """Our own property, which is not among "all properties" (docs/reference/properties.md)."""
    job = await world.job(SoftwareLicense="a:1", NotifyOnStart=True)
    assert (await world.ask("GET", f"/jobs/{job}")).values["SoftwareLicense"] == "a:1"
    lines = (await world.ask("GET", f"/jobs/{job}?properties=warnings")).values["Warnings"].splitlines()
    assert [line.split(" has no effect: ")[0] for line in lines] == ["SoftwareLicense", "NotifyOnStart"]
    document = "<Job><EnvironmentVariables><Variable><Name>A</Name></Variable></EnvironmentVariables></Job>"
    made = (await world.ask("POST", "/jobs/jobFile", document)).json
    said = (await world.ask("GET", f"/jobs/{made}?properties=Warnings")).values["Warnings"]
    assert said == "Job XML, line 1, <Variable>: it lacks its Name or its Value and is ignored."
    refused = await world.ask("PUT", f"/jobs/{job}", given({"Warnings": "none"}))
    assert refused.status == 400
    assert "Warnings is read-only" in refused.said
