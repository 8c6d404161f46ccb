"""Recorded exchanges: the examples printed in the contract, as far as nothing has to run for them.

Each case is (section, request, answer); `{job}` and `{sweep}` stand for ids.
"""

import json
from typing import Any

import pytest

from tests.compliance.hpcpack.world import World

CASES: list[tuple[str, str, str, str, int, Any]] = [
    # section, method, target, body as sent, status, body as answered
    (
        "4.3: a job is created; keys as the acceptance test spells them",
        "POST", "/jobs", '[{"name":"Name","value":"x"}]', 200, 3,
    ),
    (
        "4.3: a task is created; the answer is its number within the job",
        "POST", "/jobs/{job}/tasks", '[{"Name":"CommandLine","Value":"echo hi"}]', 200, 1,
    ),
    ("4.3: variables", "POST", "/jobs/{job}/envVariables", '[{"Name":"MODE","Value":"fast"}]', 204, None),
    (
        "4.3: id,state in the spelling of the tables",
        "GET", "/jobs/{job}?properties=id,state", "", 200,
        [{"Name": "Id", "Value": "1"}, {"Name": "State", "Value": "Configuring"}],
    ),
    ("4.3: cancel with a message", "POST", "/jobs/{job}/cancel", '"not needed any more"', 204, None),
    (
        "4.4: the row of an expanded sweep, in the default columns",
        "GET", "/jobs/{sweep}/tasks?$filter=TaskInstanceIds+eq+2", "", 200,
        [
            {
                "Properties": [
                    {"Name": "TaskId", "Value": "2.1.2"},
                    {"Name": "Name", "Value": "Sweep"},
                    {"Name": "State", "Value": "Failed"},
                    {"Name": "CommandLine", "Value": "echo 2"},
                    {"Name": "ExitCode", "Value": "3"},
                    {"Name": "ParentJobId", "Value": "2"},
                    {"Name": "JobTaskId", "Value": "1"},
                    {"Name": "InstanceId", "Value": "2"},
                ]
            }
        ],
    ),
    (
        "3.1: the default columns of a job list",
        "GET", "/jobs?rowsPerRead=1", "", 200,
        [
            {
                "Properties": [
                    {"Name": "Id", "Value": "1"},
                    {"Name": "Owner", "Value": "ann"},
                    {"Name": "Name", "Value": "demo"},
                    {"Name": "State", "Value": "Configuring"},
                    {"Name": "Priority", "Value": "AboveNormal"},
                ]
            }
        ],
    ),
    ("4.1: version", "GET", "/cluster/version", "", 200, "5.3.6450.0"),
    ("4.1: head node", "GET", "/cluster/activeHeadNode", "", 200, "HEADGATE"),
    ("4.1: date format", "GET", "/cluster/info/dateTimeFormat", "", 200, "M/d/yyyy h:mm:ss tt"),
    ("4.3: templates", "GET", "/jobs/templates", "", 200, ["Default"]),
    ("4.2: members of a group", "GET", "/nodes/groups/computenodes", "", 200, ["NODE1", "NODE2"]),
    (
        "4.2: groups, each with exactly Name then Description",
        "GET", "/nodes/groups", "", 200,
        [
            {
                "Properties": [
                    {"Name": "Name", "Value": "ComputeNodes"},
                    {"Name": "Description", "Value": "Nodes that run jobs"},
                ]
            },
            {
                "Properties": [
                    {"Name": "Name", "Value": "HeadNodes"},
                    {"Name": "Description", "Value": "Nodes that schedule jobs"},
                ]
            },
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
async def test_recorded(world: World, case: tuple[str, str, str, str, int, Any]) -> None:
    _, method, target, body, status, answer = case
    job = await world.job(Name="demo", Priority="AboveNormal")
    sweep = await world.run_sweep()
    target = target.replace("{job}", str(job)).replace("{sweep}", str(sweep))
    got = await world.ask(method, target, body.encode())
    assert got.status == status, got.body
    if answer is None:
        assert got.body == b""
    else:
        assert got.json == answer
        # To the letter: the order of keys and properties, and ids as numbers only where they are created.
        assert got.body.decode() == json.dumps(answer, separators=(",", ":"))


async def test_a_job_from_creation_to_submission(world: World) -> None:
    """The example of section 4.3 in one go."""
    properties = b'[{"Name":"Name","Value":"demo"},{"Name":"Priority","Value":"AboveNormal"}]'
    created = await world.ask("POST", "/jobs", properties)
    assert (created.status, created.body) == (200, b"1")
    task = await world.ask("POST", "/jobs/1/tasks", b'[{"Name":"CommandLine","Value":"echo hi"}]')
    assert (task.status, task.body) == (200, b"1")
    variables = await world.ask("POST", "/jobs/1/envVariables", b'[{"Name":"MODE","Value":"fast"}]')
    assert variables.status == 204
    assert (await world.ask("POST", "/jobs/1/submit", content_type=None)).status == 204
    state = await world.ask("GET", "/jobs/1?properties=id,state")
    assert state.body == b'[{"Name":"Id","Value":"1"},{"Name":"State","Value":"Queued"}]'
    assert (await world.ask("POST", "/jobs/1/cancel", b'"not needed any more"')).status == 204
    ended = await world.ask("GET", "/jobs/1?properties=State,ErrorMessage")
    assert ended.values["State"] in ("Canceling", "Canceled")
    assert "not needed any more" in ended.values["ErrorMessage"]
