"""The published document, example by example, and what was decided where it contradicts itself (7)."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from headgate.core.errors import BadRequest, HeadgateError, NotPermitted, TooLarge, Unavailable
from headgate.core.states import JobState, TaskState
from headgate.core.syncs import Direction, SyncState
from headgate.dialects.nifcloud.errors import OUTCOMES, STATUSES
from headgate.dialects.nifcloud.options import Options
from tests.compliance.nifcloud.world import SCRIPT, World, gate_says

DOCUMENT = json.loads((Path(__file__).parent / "recorded" / "document.json").read_text())
# 2021-04-12T11:25:50 in Japan.
ACCEPTED = 1_618_194_350_000_000


def test_the_catalogue_is_the_documents_and_nothing_besides() -> None:
    ours = sorted((one.status, one.code, one.message) for one in OUTCOMES.values())
    assert ours == sorted((status, code, message) for status, code, message in DOCUMENT["errors"])


async def test_the_example_of_a_job_is_answered_for_such_a_job(world: World) -> None:
    """Both spellings beside each other (7.1), node_require also of one job (7.2)."""
    text = '#!/bin/sh\n#PJM -L "node=2,elapse=60,rscgrp=small"\n#PJM -g rccs-aot\n'
    number = await world.submit(text, path="scripts/job1.sh")
    times = (await world.store.read(lambda look: look.job(number))).times
    started = ACCEPTED - 50_000_000
    changed = type(times)(created=ACCEPTED, submitted=ACCEPTED, started=started, changed=started)
    await world.put_job(number, state=JobState.RUNNING, previous_state=JobState.QUEUED, times=changed)
    await world.put_task(number, state=TaskState.DISPATCHING)
    world.clock.microseconds = started
    expected = {
        **DOCUMENT["job"],
        "job_id": str(number),
        "user": "ada",
        "node_require": "2",
        "elapse_time": "0000:00:00",
        "Fugaku:elapse_limit": "0000:01:00",
    }
    assert (await world.ask("GET", f"/jobs/{number}")).json == expected
    assert (await world.ask("GET", "/jobs")).json == [expected]


async def test_the_example_of_a_submission_is_taken(world: World) -> None:
    """201 and an integer (7.3, 7.7), where the job shows it as text."""
    world.put("scripts/job1.sh", SCRIPT)
    answer = await world.ask("POST", "/jobs", DOCUMENT["submit"])
    number = answer.json["job_id"]
    assert (answer.status, list(answer.json), type(number)) == (201, ["job_id"], int)
    assert answer.headers["location"] == f"/jobs/{number}"
    assert (await world.ask("GET", f"/jobs/{number}")).json["job_id"] == str(number)


async def test_the_example_of_a_sync_is_taken_and_the_defaults_are_those_of_its_text(world: World) -> None:
    """200, not 201 (7.7); from_online though the sample says to_online (7.8)."""
    answer = await world.ask("POST", "/files/sync", DOCUMENT["sync"])
    assert (answer.status, answer.json) == (200, {"requestid": 1})
    assert (await world.ask("POST", "/files/sync", {"path": "a"})).json == {"requestid": 2}
    assert [(one.direction, one.delete) for one in world.syncs] == [(Direction.FROM_ONLINE, False)] * 2


@pytest.mark.parametrize(
    ("state", "result", "answer"),
    [
        (SyncState.WAITING, 0, {"status": "waiting"}),
        (SyncState.RUNNING, 0, {"status": "waiting"}),
        (SyncState.COMPLETE, 0, {"status": "complete", "result": "0"}),
        (SyncState.COMPLETE, 9, {"status": "complete", "result": "9"}),
        (SyncState.UNUSABLE, 3, {"status": "error: parameter error"}),
    ],
)
async def test_a_sync_has_a_result_when_it_is_complete(
    world: World, state: SyncState, result: int, answer: dict[str, str]
) -> None:
    await world.ask("POST", "/files/sync", {"path": "a"})
    changed = replace(world.syncs[0], state=state, result=result)
    await world.store.write(lambda tx: tx.put_sync(changed))
    assert (await world.ask("GET", "/files/sync/1")).json == answer


async def test_a_sync_that_is_not_ones_own_is_as_unknown_as_none(world: World) -> None:
    """200 and `no such ID` (7.5, 7.6)."""
    await world.ask("POST", "/files/sync", {"path": "a"})
    for user, number in (("ben", 1), ("boss", 1), ("ada", 2), ("ada", 0)):
        answer = await world.ask("GET", f"/files/sync/{number}", user=user)
        assert (answer.status, answer.json) == (200, {"status": "error: no such ID"})


async def test_what_fails_on_all_jobs_and_on_one_is_spelt_differently(world: World) -> None:
    """7.4, 7.9."""
    assert (await world.ask("POST", "/jobs", {"jobfile": "missing"})).said == (400, "Operation failed.")
    assert OUTCOMES["FAILED_ON_ONE"].message == "Operation Failed."
    assert (await world.ask("POST", "/files/sync", {"path": "../x"})).said == (400, "Operation failed.")
    world.files.down = True
    unavailable = (503, "This service is temporarily unavailable. Please try again later.")
    assert (await world.ask("POST", "/files/sync", {"path": "x"})).said == unavailable
    assert (await world.ask("POST", "/jobs", {"jobfile": "x"})).said == unavailable


@pytest.mark.parametrize(
    ("status", "error", "answered", "code"),
    [
        (403, NotPermitted("a foreign page"), 403, "Client.AuthFailurePermission.MultiAccount"),
        (408, BadRequest("too slow"), 400, "GeneralError"),
        (413, TooLarge("too large"), 400, "GeneralError"),
        (500, HeadgateError("a fault"), 500, "Server.InternalServerError"),
        (503, Unavailable("starting"), 503, "Server.ServiceUnavailable"),
    ],
)
def test_what_is_refused_before_the_face_is_in_the_catalogue_too(
    status: int, error: HeadgateError, answered: int, code: str
) -> None:
    assert STATUSES.get(status, status) == answered
    assert gate_says(status, error)["code"] == code


async def test_maintenance_is_told_to_everybody_and_the_limit_comes_before_it() -> None:
    world = await World(Options(maintenance=True)).open()
    try:
        for method, path in (("GET", "/jobs"), ("PATCH", "/nowhere"), ("POST", "/files/sync")):
            answer = await world.ask(method, path, user="NO_ACCESS_KEY")
            assert answer.said == (503, "The system is in maintenance now.")
        world.face._places.in_use = 10
        assert (await world.ask("GET", "/jobs")).status == 500
    finally:
        await world.close()
