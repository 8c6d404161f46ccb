"""Values of the model into answers of /v1, and the description of both."""

import msgspec
import pytest
from msgspec.structs import replace

from headgate.core import errors
from headgate.core.errors import BadProperty, HeadgateError, NotAuthenticated, NotFound
from headgate.core.model import Instance, Job, JobSpec, Mishap, Run, Share, Task, TaskSpec, Times
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import Role, TaskType
from headgate.dialects.v1 import render, wire
from headgate.dialects.v1.errors import headers_of, refusal_body, status_of
from headgate.dialects.v1.openapi import document
from headgate.dialects.v1.routes import OPERATIONS
from headgate.ports.identity import Caller

NOON = 1_767_268_800_000_001
TIMES = Times(created=NOON, changed=NOON, started=NOON, ended=NOON)


def test_a_job_in_a_list_tells_what_everybody_may_know() -> None:
    job = Job(
        id=37,
        owner="ada",
        spec=JobSpec(name="n"),
        state=JobState.RUNNING,
        times=TIMES,
        environment={"A": "b"},
    )
    told = msgspec.to_builtins(render.summary(job))
    assert told["id"] == 37
    assert told["state"] == "running"
    assert told["created"] == "2026-01-01T12:00:00.000001Z"
    assert "environment" not in told


def test_private_parts_of_a_job_are_for_those_who_may_see_all() -> None:
    job = Job(
        id=1,
        owner="ada",
        times=TIMES,
        environment={"A": "b"},
        mishap=Mishap("Operation_CanceledByUser", ("why",)),
    )
    full = render.job(job, full=True)
    assert full.environment == {"A": "b"}
    assert "why" in full.failure
    less = render.job(job, full=False)
    assert (less.environment, less.failure, less.full) == ({}, "", False)


def test_a_job_names_the_task_that_failed_first_unless_that_only_failed_with_it() -> None:
    times = Times(created=NOON, changed=NOON)
    job = Job(id=37, state=JobState.FAILED, first_failed_task="37.3", times=times)
    failed, invalid = Mishap("Execution_TaskFailure", ("37.3",)), Mishap("Validation_NodeNotExist", ("n",))
    assert render.job(replace(job, mishap=failed), full=True).first_failed_task == 3
    assert render.job(replace(job, mishap=invalid), full=True).first_failed_task is None
    expired = Mishap("Execution_JobRuntimeExpired")
    assert render.job(replace(job, mishap=expired, times=TIMES), full=True).first_failed_task == 3
    assert render.job(replace(job, first_failed_task=""), full=True).first_failed_task is None


def test_an_instance_is_told_with_its_value_filled_in() -> None:
    spec = TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP, command_line="echo *", start_value=10, end_value=20, increment=5
    )
    task = Task(job_id=37, number=1, spec=spec, times=TIMES, instance_count=3, expanded=True)
    run = Run(exit_code=3, shares=(Share("n1", (0,)),))
    row = Instance(
        job_id=37,
        task=1,
        number=2,
        state=TaskState.FAILED,
        previous_state=TaskState.RUNNING,
        times=TIMES,
        run=run,
    )
    master = render.task(task, None, full=True)
    assert (master.command, master.instance_count, master.exit_code) == ("echo *", 3, None)
    assert master.sweep == wire.Sweep(start=10, end=20, increment=5)
    one = render.task(task, row, full=True)
    assert (one.instance, one.command, one.exit_code, one.nodes) == (2, "echo 15", 3, ["n1"])
    assert one.sweep is None


def test_an_instance_that_never_ran_failed_for_the_reason_of_its_task() -> None:
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=2)
    run = Run(mishap=Mishap("Execution_StartJobFailedOnNode", ("", "no account")))
    task = Task(job_id=37, number=1, spec=spec, times=TIMES, state=TaskState.FAILED, run=run)
    row = Instance(
        job_id=37,
        task=1,
        number=1,
        state=TaskState.FAILED,
        previous_state=TaskState.QUEUED,
        times=TIMES,
    )
    assert render.task(task, row, full=True).failure == "The job could not be started: no account"
    assert render.task(task, replace(row, state=TaskState.FINISHED), full=True).failure == ""


def test_the_files_that_somebody_elses_task_writes_to_are_not_told() -> None:
    task = Task(job_id=1, number=1, times=TIMES)
    assert render.task(task, None, full=True, streams=("/o", "")).output_file == "/o"
    assert "/o" not in msgspec.json.encode(render.task(task, None, full=False, streams=("/o", ""))).decode()


def test_the_command_of_somebody_elses_task_is_not_told() -> None:
    task = Task(job_id=1, number=1, spec=TaskSpec(command_line="secret"), times=TIMES)
    assert "secret" not in msgspec.json.encode(render.task(task, None, full=False)).decode()


def test_a_task_that_never_ran_has_no_exit_code() -> None:
    task = Task(
        job_id=1, number=1, state=TaskState.CANCELED, times=Times(created=NOON, changed=NOON, ended=NOON)
    )
    assert render.task(task, None, full=True).exit_code is None


def test_the_mightiest_role_is_told() -> None:
    assert render.me(Caller("a", Role.USER | Role.ADMIN, "DOM\\a")) == wire.Me(
        name="a", login="DOM\\a", role="admin"
    )


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HeadgateError)],
)
def test_every_refusal_has_a_status(kind: type[HeadgateError]) -> None:
    error = kind.__new__(kind)
    assert 400 <= status_of(error) < 600


def test_a_refusal_is_a_problem_that_names_the_field() -> None:
    media_type, body = refusal_body(400, BadProperty("no", name="tasks[0].name"), "r-1")
    assert media_type == "application/problem+json"
    told = msgspec.json.decode(body)
    assert (told["status"], told["field"], told["request_id"], told["detail"]) == (
        400,
        "tasks[0].name",
        "r-1",
        "no",
    )


def test_a_challenge_says_how_to_authenticate_and_when_to_come_back() -> None:
    headers = headers_of(NotAuthenticated("no", retry_after_s=7.6))
    assert "Basic" in headers["WWW-Authenticate"]
    assert headers["Retry-After"] == "8"
    assert headers_of(NotFound("no", kind="job")) == {}


def test_every_operation_is_described() -> None:
    described = document(OPERATIONS, version="1")
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert len(listed) == len(OPERATIONS)
    ids = [one["operationId"] for methods in described["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids)
    text = msgspec.json.encode(described).decode()
    schemas = described["components"]["schemas"]
    for name in set(_references(text)):
        assert name in schemas


def _references(text: str) -> list[str]:
    return [part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]]
