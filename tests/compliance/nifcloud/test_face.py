"""The order of checks, paths, methods, bodies and visibility (spec nifcloud, sections 1 to 5).

`World.ask` compares every answer with the face's own description besides.
"""

from typing import Any

import pytest
from msgspec.structs import replace
from openapi_spec_validator import OpenAPIV31SpecValidator

from headgate.core.model import Mishap, Run, Times
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import HoldKind, PendingReason
from headgate.dialects.nifcloud.options import Options
from headgate.dialects.nifcloud.states import JOBS
from tests.compliance.nifcloud.world import SCRIPT, World

NOT_THERE = (404, "A specified URL is not found.")
NOT_PERMITTED = (404, "Operation not permitted.")
BODY = (400, "Invalid Request Body.")
CONTENT_TYPE = (400, "Invalid Content-Type.")


@pytest.mark.parametrize(
    ("method", "path", "user", "headers", "body", "said"),
    [
        # Each has every fault that is looked for later, too.
        ("POST", "/nowhere", "NO_ACCESS_KEY", {"content-type": "x"}, b"{", NOT_THERE),
        (
            *("PUT", "/jobs", "NO_ACCESS_KEY", {"content-type": "x"}, b"{"),
            (405, "A specified HTTP method is not allowed."),
        ),
        (
            *("POST", "/jobs", "NO_ACCESS_KEY", {"content-type": "x"}, b"{"),
            (401, "No access key was provided."),
        ),
        ("POST", "/jobs", "NO_SIGNATURE", {"content-type": "x"}, b"{", (401, "No signature was provided.")),
        (
            *("POST", "/jobs", "EXPIRED", {"content-type": "x"}, b"{"),
            (401, "The signature for this request is expired."),
        ),
        ("POST", "/jobs", "REFUSED", {"content-type": "x"}, b"{", (401, "Authentication API abended.")),
        (
            *("POST", "/jobs", "ben", {"content-type": "x"}, b"{"),
            (403, "You don't have enough rights to operate this API."),
        ),
        ("POST", "/jobs", "ada", {"content-type": "x"}, b"{", CONTENT_TYPE),
        ("POST", "/jobs", "ada", {}, b"{", BODY),
        ("POST", "/jobs", "ada", {}, b'{"jobfile": 1}', (422, "")),
        ("POST", "/jobs", "ada", {}, b'{"jobfile": "missing"}', (400, "Operation failed.")),
        (
            *("GET", "/jobs", "down", {}, b""),
            (503, "This service is temporarily unavailable. Please try again later."),
        ),
    ],
)
async def test_checks_come_in_their_order(
    method: str, path: str, user: str, headers: dict[str, str], body: bytes, said: tuple[int, str]
) -> None:
    world = await World(Options(users=("ADA",))).open()
    try:
        assert (await world.ask(method, path, body, user=user, headers=headers)).said == said
    finally:
        await world.close()


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/jobs/",
            "//jobs",
            "/JOBS",
            "/jobs/x",
            "/jobs/-1",
            "/jobs/+1",
            "/jobs/1.0",
            "/jobs/1/",
            "/jobs//1",
        ),
        *("/jobs/2147483648", "/jobs/99999999999", "/jobs/%31", "/jobs/1x", "/jobs/1%00", "/jobs/sync"),
        *("/files", "/files/", "/files/sync/", "/files/sync/x", "/files/syncs", "/files/1", "/", "/job"),
    ],
)
async def test_no_other_path_is_there_not_even_for_the_unknown(world: World, path: str) -> None:
    for user in ("ada", "NO_ACCESS_KEY"):
        assert (await world.ask("GET", path, user=user)).said == NOT_THERE
    assert world.identity.asked == [], "no signature is worked on for it (spec sigv4, 9.17)"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/jobs", "GET, POST"),
        ("/jobs/1", "GET, DELETE"),
        ("/files/sync", "POST"),
        ("/files/sync/1", "GET"),
    ],
)
async def test_a_known_path_says_which_methods_it_takes(world: World, path: str, allow: str) -> None:
    for method in {"HEAD", "OPTIONS", "PUT", "PATCH", "GET", "POST", "DELETE"} - set(allow.split(", ")):
        answer = await world.ask(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allow), method


async def test_what_was_signed_is_what_came_over_the_wire(world: World) -> None:
    await world.ask("GET", "/jobs?b=%2F&a", headers={"x-amz-date": "d"})
    [asked] = world.identity.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("GET", b"/jobs", b"b=%2F&a", b"")
    assert (b"x-amz-date", b"d") in asked.headers


async def test_only_the_hosts_that_were_named_are_answered() -> None:
    world = await World(Options(hosts=("hpc.example.org",))).open()
    try:
        assert (await world.ask("GET", "/jobs", headers={"host": "HPC.example.org"})).status == 200
        assert (await world.ask("GET", "/jobs", headers={"host": "x"})).status == 401
        assert (await world.ask("GET", "/jobs", headers={"host": ""})).status == 401
    finally:
        await world.close()


@pytest.mark.parametrize(
    ("content_type", "fine"),
    [
        ("application/json", True),
        ("Application/JSON ; Charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json;charset=utf-16", False),
        ("application/json;charset=utf-8;charset=latin-1", False),
        ("application/x-www-form-urlencoded", False),
        ("text/json", False),
        ("application/json, text/plain", False),
        ("", False),
    ],
)
async def test_a_body_is_json_in_utf_8(world: World, content_type: str, fine: bool) -> None:
    for path, body in (("/jobs", {"jobfile": "run.sh"}), ("/files/sync", {"path": "a"})):
        world.put("run.sh", SCRIPT)
        answer = await world.ask("POST", path, body, headers={"content-type": content_type})
        assert (answer.said != CONTENT_TYPE) is fine
    assert (await world.ask("GET", "/jobs", headers={"content-type": content_type})).status == 200


async def test_a_body_that_is_packed_is_refused(world: World) -> None:
    for coding, fine in (("gzip", False), ("identity", True), ("Identity", True), ("gzip, identity", False)):
        answer = await world.ask("POST", "/files/sync", {"path": "a"}, headers={"content-encoding": coding})
        assert (answer.said != CONTENT_TYPE) is fine


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"x",
            b"{",
            b"[]",
            b'"a"',
            b"null",
            b"1",
            b'{"path": "a"} {}',
            b"{'path': 'a'}",
            b'\xff{"a":1}',
        ),
        *(
            b'{"path": "\xff"}',
            b'\xef\xbb\xbf{"path": "a"}',
            b'{"path": NaN}',
            b'{"path": "a", "x": Infinity}',
        ),
        *(
            b'{"path": "a", "path": "a"}',
            b'{"path": "a", "x": 1, "x": 2}',
            b'{"path": "a", "p\\u0061th": "b"}',
        ),
        *(b'{"path":"a","x":' + b"[" * 50_000, b'{"path": "a", "x": ' + b"1" * 5000 + b"}", b"\0" * 70_000),
        '{"path": "a"}'.encode("utf-16"),
    ],
)
async def test_what_is_no_json_object_is_no_request(world: World, body: bytes) -> None:
    for path in ("/jobs", "/files/sync"):
        assert (await world.ask("POST", path, body)).said == BODY
    assert world.syncs == []


MISSING = "value_error.missing"


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("/jobs", {}, [("jobfile", MISSING)]),
        ("/jobs", {"jobfile": None}, [("jobfile", MISSING)]),
        (
            "/jobs",
            {"jobfile": 1, "qopt": ["-v"]},
            [("jobfile", "type_error.str"), ("qopt", "type_error.str")],
        ),
        ("/files/sync", {}, [("path", MISSING)]),
        (
            "/files/sync",
            {"path": {}, "delete": 1},
            [("path", "type_error.str"), ("delete", "value_error.strictbool")],
        ),
        ("/files/sync", {"path": "a", "delete": "true"}, [("delete", "value_error.strictbool")]),
        ("/files/sync", {"path": "a", "direction": "both"}, [("direction", "type_error.enum")]),
        ("/files/sync", {"path": "a", "direction": []}, [("direction", "type_error.enum")]),
    ],
)
async def test_members_that_are_not_what_they_have_to_be_are_named(
    world: World, path: str, body: Any, faults: list[tuple[str, str]]
) -> None:
    answer = await world.ask("POST", path, body)
    assert answer.status == 422
    assert [(one["loc"], one["type"]) for one in answer.json["detail"]] == [
        (["body", name], kind) for name, kind in faults
    ]
    assert world.syncs == []


async def test_null_is_absent_and_strangers_are_ignored(world: World) -> None:
    world.put("run.sh", SCRIPT)
    assert (
        await world.ask("POST", "/jobs", {"jobfile": "run.sh", "qopt": None, "x": {"y": 1}})
    ).status == 201
    body = {"path": "a", "direction": None, "delete": None, "x": None}
    assert (await world.ask("POST", "/files/sync", body)).status == 200


async def test_the_description_is_one_and_is_open_to_everybody(world: World) -> None:
    OpenAPIV31SpecValidator(world.description).validate()
    told = {(path, method) for path, methods in world.description["paths"].items() for method in methods}
    assert told == {
        *(("/jobs", "get"), ("/jobs", "post"), ("/jobs/{jobid}", "get"), ("/jobs/{jobid}", "delete")),
        *(("/files/sync", "post"), ("/files/sync/{requestid}", "get")),
    }
    world.face._places.in_use = 10
    assert (await world._send("GET", "/files/openapi.json", b"", {})).status == 200


# ---- jobs


async def test_the_list_has_ones_own_jobs_by_number_and_an_administrators_no_others(world: World) -> None:
    numbers = [await world.submit(user=user) for user in ("ada", "ben", "ada", "ada")]
    listed = (await world.ask("GET", "/jobs")).json
    assert [int(one["job_id"]) for one in listed] == [numbers[0], numbers[2], numbers[3]]
    assert (await world.ask("GET", "/jobs", user="boss")).json == []


async def test_a_long_list_is_whole(world: World) -> None:
    first = await world.submit()

    def many(tx: Any) -> None:
        for _ in range(1100):
            tx.add_job(tx.job(first))

    await world.store.write(many)
    numbers = [int(one["job_id"]) for one in (await world.ask("GET", "/jobs")).json]
    assert len(numbers) == 1101
    assert numbers == sorted(set(numbers))


async def test_what_is_not_ones_own_or_has_ended_is_as_if_it_were_not(world: World) -> None:
    number, ended = await world.submit(), await world.submit()
    await world.put_job(ended, state=JobState.FINISHED, times=Times(ended=world.clock.now()))
    for method in ("GET", "DELETE"):
        assert (await world.ask(method, f"/jobs/{number}", user="ben")).said == NOT_PERMITTED
        assert (await world.ask(method, f"/jobs/{number}", user="boss")).said == NOT_PERMITTED
        assert (await world.ask(method, f"/jobs/{ended}")).said == NOT_PERMITTED
        assert (await world.ask(method, "/jobs/0")).said == NOT_PERMITTED
        assert (await world.ask(method, "/jobs/2147483647")).said == NOT_PERMITTED
    assert (await world.ask("GET", f"/jobs/{number}")).json["status"] == "QUE"


@pytest.mark.parametrize("state", list(JobState))
async def test_every_state_is_shown_or_gone(world: World, state: JobState) -> None:
    number = await world.submit()
    await world.put_job(number, state=state, times=Times(created=1, started=1, ended=1))
    answer = await world.ask("GET", f"/jobs/{number}")
    shown = [one["status"] for one in (await world.ask("GET", "/jobs")).json]
    if state in (JobState.FINISHED, JobState.FAILED, JobState.CANCELED):
        assert (answer.said, shown) == (NOT_PERMITTED, [])
    else:
        assert (answer.json["status"], shown) == (JOBS[state], [JOBS[state]])


async def test_deleting_cancels_and_twice_is_no_fault(world: World) -> None:
    waiting, running = await world.submit(), await world.submit()
    assert (await world.ask("DELETE", f"/jobs/{waiting}")).status == 204
    assert (await world.ask("DELETE", f"/jobs/{waiting}")).said == NOT_PERMITTED, "it is gone at once"
    await world.put_job(running, state=JobState.CANCELING)
    assert (await world.ask("DELETE", f"/jobs/{running}")).status == 204
    await world.put_job(running, state=JobState.FINISHING)
    assert (await world.ask("DELETE", f"/jobs/{running}")).said == NOT_PERMITTED, "RNE refuses it"


async def test_ended_jobs_can_be_asked_for_a_while_where_that_was_set() -> None:
    world = await World(Options(ended_readable_s=60)).open()
    try:
        number = await world.submit()
        now = world.clock.now()
        mishap = Mishap("Execution_JobRuntimeExpired")
        await world.put_job(
            number,
            state=JobState.FAILED,
            previous_state=JobState.RUNNING,
            mishap=mishap,
            times=Times(created=now, submitted=now, started=now, ended=now + 600_000_000),
        )
        await world.put_task(number, state=TaskState.FAILED, run=Run(signal=9, exit_code=137))
        world.clock.pass_time(659)
        found = (await world.ask("GET", f"/jobs/{number}")).json
        assert {name: found[name] for name in ("status", "Fugaku:lst", "elapse_time")} == {
            "status": "EXT",
            "Fugaku:lst": "RUN",
            "elapse_time": "0000:10:00",
        }
        codes = [found[f"Fugaku:{name}"] for name in ("ec", "pc", "sn", "reason")]
        assert codes == ["0", "11", "9", "ELAPSE LIMIT EXCEEDED"]
        assert (await world.ask("GET", "/jobs")).json == []
        assert (await world.ask("DELETE", f"/jobs/{number}")).said == NOT_PERMITTED
        world.clock.pass_time(1)
        assert (await world.ask("GET", f"/jobs/{number}")).said == NOT_PERMITTED
    finally:
        await world.close()


async def test_a_held_job_is_shown_as_held(world: World) -> None:
    number = await world.submit()
    spec = (await world.store.read(lambda look: look.job(number))).spec
    await world.put_job(
        number,
        spec=replace(spec, holds=(HoldKind.USER,)),
        blocked=True,
        pending_reason=PendingReason.HELD_BY_USER,
    )
    found = (await world.ask("GET", f"/jobs/{number}")).json
    assert (found["status"], found["Fugaku:lst"], found["Fugaku:pc"]) == ("HLD", "QUE", "4")
    assert found["Fugaku:reason"] == "ada:"


async def test_a_script_is_submitted_with_the_storage_as_its_directory_or_its_own(world: World) -> None:
    number = await world.submit(path="work/run.sh")
    spec = (await world.store.read(lambda look: look.job(number))).spec
    assert (spec.name, spec.submit_directory, spec.flavour) == ("run.sh", "/srv/hpc/ada", "pjm")
    other = await World(Options(work_directory="script")).open()
    try:
        for path, directory in (("work/run.sh", "/srv/hpc/ada/work"), ("run.sh", "/srv/hpc/ada")):
            number = await other.submit(path=path)
            found = await other.store.read(lambda look, number=number: look.job(number))  # type: ignore[misc]  # bound for ruff
            assert found.spec.submit_directory == directory
    finally:
        await other.close()


async def test_a_script_that_names_what_is_not_there_is_refused_and_leaves_no_job(world: World) -> None:
    for text in (
        "#PJM -L rscgrp=nowhere\n",
        "#PJM -L node=3\n",
        "#PJM -Z\n",
        "#PJM -L node=0\n",
        "#!/bin/sh '\ntrue\n",
    ):
        world.put("bad.sh", text)
        assert (await world.ask("POST", "/jobs", {"jobfile": "bad.sh"})).said == (400, "Operation failed.")
    assert (await world.ask("GET", "/jobs")).json == []


async def test_a_bulk_job_is_one_entry_of_its_own_model(world: World) -> None:
    number = await world.submit('#PJM --bulk --sparam "0-9"\n#PJM -L node=1\n')
    [found] = (await world.ask("GET", "/jobs")).json
    assert found["job_id"] == str(number)
    summary = [found[name] for name in ("Fugaku:md", "Fugaku:ec", "Fugaku:pc", "Fugaku:sn", "elapse_time")]
    assert summary == ["BU", "-", "-", "-", "-"]
    assert (await world.ask("DELETE", f"/jobs/{number}")).status == 204
