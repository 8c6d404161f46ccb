"""A job runs: the ordinary course of things, state by state."""

import pytest

from headgate.core.vocabulary import TaskType
from headgate.ports.engine import Ending, Fault
from tests.unit.dispatcher.engine import Clock, node
from tests.unit.dispatcher.story import ADMIN, ALICE, UNTIL_CANCELED, Story, basic, sweep, typed


async def test_a_job_of_one_task_passes_every_state_in_order(story: Story) -> None:
    job = await story.job(basic("sleep 5"))
    assert story.state(job) == "QUEUED"
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["RUNNING"])
    await story.advance(5)
    assert story.path(job) == [
        "CONFIGURING",
        "SUBMITTED",
        "VALIDATING",
        "QUEUED",
        "RUNNING",
        "FINISHING",
        "FINISHED",
    ]
    assert story.path(job, 1) == [
        "CONFIGURING",
        "SUBMITTED",
        "VALIDATING",
        "QUEUED",
        "DISPATCHING",
        "RUNNING",
        "FINISHING",
        "FINISHED",
    ]


async def test_a_subtask_begins_its_path_queued(story: Story) -> None:
    job = await story.job(sweep(2))
    await story.settle()
    assert story.path(job, 1, 2) == ["QUEUED", "DISPATCHING", "RUNNING", "FINISHING", "FINISHED"]
    assert story.states(job) == ["FINISHED"]


async def test_a_task_that_exits_badly_fails_the_job_after_the_others_have_run(story: Story) -> None:
    job = await story.job(basic("exit 3"), basic("sleep 5"))
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["FAILED", "RUNNING"])
    await story.advance(5)
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED", "FINISHED"])
    assert f"{job}.1" in story.why(job)
    assert "3" in story.why(job, 1)
    assert story.the_task(job).run.exit_code == 3


@pytest.mark.parametrize(
    ("job_codes", "task_codes", "code", "state"),
    [
        ("", "", 0, "FINISHED"),
        ("", "", 1, "FAILED"),
        ("3..5", "", 4, "FINISHED"),
        ("3..5", "", 0, "FAILED"),
        ("3..5", "0", 4, "FAILED"),
        ("3..5", "7", 7, "FINISHED"),
        ("min..max", "", -9, "FINISHED"),
    ],
)
async def test_the_tasks_valid_exit_codes_stand_in_for_the_jobs(
    story: Story, job_codes: str, task_codes: str, code: int, state: str
) -> None:
    job = await story.job(basic(f"exit {code}", valid_exit_codes=task_codes), valid_exit_codes=job_codes)
    await story.settle()
    assert story.states(job) == [state]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.WORK_DIRECTORY, "Execution_WorkingDirectoryNotFound"),
        (Fault.STDIN, "Execution_FailedToOpenStandardInput"),
        (Fault.STDOUT, "Execution_FailedToOpenStandardOutput"),
        (Fault.STDERR, "Execution_FailedToOpenStandardError"),
        (Fault.ACCOUNT, "Execution_StartJobFailedOnNode"),
        (Fault.SCRIPT, "Execution_StartJobFailedOnNode"),
    ],
)
async def test_what_could_not_be_started_failed_with_the_reason(
    story: Story, fault: Fault, code: str
) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job, ending=Ending.NOT_STARTABLE, fault=fault, reason="no such thing")
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED"])
    mishap = story.the_task(job).run.mishap
    assert mishap is not None
    assert mishap.code == code
    assert "no such thing" in mishap.parameters[-1]


async def test_the_engines_refusal_fails_the_task_with_its_reason(story: Story) -> None:
    story.engine.answers.append("refuse")
    job = await story.job(basic())
    await story.settle()
    assert story.states(job) == ["FAILED"]
    assert "I do not like it" in story.why(job, 1)


async def test_an_owner_without_an_account_gets_the_reason(story: Story) -> None:
    story.accounts.refused["alice"] = "uid 0 is never used"
    job = await story.job(basic(), sweep(1_000_000), basic(name="b", depends_on=("a",)), basic(name="a"))
    await story.settle()
    assert (story.state(job), set(story.states(job))) == ("FAILED", {"FAILED"})
    assert "uid 0" in story.why(job, 1)
    assert not story.engine.submitted


async def test_wall_time_fails_the_task(story: Story) -> None:
    job = await story.job(basic("wait", runtime_s=10))
    await story.advance(9)
    assert story.states(job) == ["RUNNING"]
    await story.advance(2)
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED"])
    assert story.the_task(job).run.mishap is not None
    assert "run time" in story.why(job, 1)


async def test_run_time_of_the_job_cancels_it(story: Story) -> None:
    job = await story.job(basic("wait"), *[basic("wait")] * 4, runtime_s=60)
    await story.advance(59)
    assert story.state(job) == "RUNNING"
    await story.advance(2)
    assert story.state(job) == "CANCELED"
    assert story.states(job) == ["FAILED"] * 4 + ["CANCELED"]
    assert story.the_job(job).mishap is not None
    assert "run time" in story.why(job)


async def test_a_job_that_runs_until_it_is_cancelled_has_a_run_time_too(story: Story) -> None:
    job = await story.job(runtime_s=60, **UNTIL_CANCELED)
    await story.settle()
    assert story.state(job) == "RUNNING"
    await story.advance(61)
    assert story.state(job) == "CANCELED"


async def test_a_job_that_runs_until_it_is_cancelled_outlives_its_tasks(story: Story) -> None:
    job = await story.job(basic("exit 1"), **UNTIL_CANCELED)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["FAILED"])
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert story.state(job) == "CANCELED"


async def test_a_job_without_tasks_is_finished_at_once(story: Story) -> None:
    job = await story.job()
    assert story.state(job) == "FINISHED"
    assert "RUNNING" in story.path(job)
    assert story.the_job(job).times.started is not None


async def test_a_sweep_hands_each_instance_its_value(story: Story) -> None:
    job = await story.job(
        typed(
            TaskType.PARAMETRIC_SWEEP,
            "echo * ** > out.*",
            name="part *",
            start_value=10,
            end_value=20,
            increment=5,
        )
    )
    await story.settle()
    assert [run.script for run in story.engine.launches] == [
        "echo 10 10 > out.10\n",
        "echo 15 15 > out.15\n",
        "echo 20 20 > out.20\n",
    ]
    assert story.the_task(job).finished == 3


@pytest.mark.parametrize("canceled", [False, True])
async def test_what_a_clock_ahead_of_ours_saw_start_does_not_end_before_it_started(
    story: Story, canceled: bool
) -> None:
    story.engine.clock = Clock()
    story.engine.clock.advance(3600)
    job = await story.job(basic("wait"), sweep(2, "wait"))
    await story.settle()
    if canceled:
        await story.jobs.cancel(ALICE, job)
    else:
        for run in story.engine.live():
            story.engine.end(*run.who)
    await story.settle()
    tasks = story.the_task(job), story.the_task(job, 2)
    rows = [row.times for row in story.rows(job, 2)]
    for times in (story.the_job(job).times, *(task.times for task in tasks), *rows):
        assert times.started is not None
        assert times.ended is not None
        assert times.started <= times.ended


async def test_captured_output_is_kept_and_only_for_who_may_see_it(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job, output=b"hello\n")
    await story.settle()
    assert story.tasks.get(ALICE, job, 1).output == b"hello\n"
    assert story.tasks.get(ADMIN, job, 1).output == b"hello\n"


async def test_a_million_instances_are_accepted_without_a_row_each() -> None:
    story = Story(node("n1", cores=2))
    await story.begin()
    job = await story.job(sweep(1_000_000, "wait"))
    await story.settle()
    task = story.the_task(job)
    assert (task.instance_count, task.live, task.rows) == (1_000_000, 2, 2)
    story.store.shut()
