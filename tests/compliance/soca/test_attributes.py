"""Our jobs beside the same jobs as a real OpenPBS lists them (recorded/README.md)."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from headgate.core.launch import OsAccount
from headgate.core.model import Instance, Job, JobDependency, Mishap, Run, Share, Task, Times
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import HoldKind, PendingReason
from headgate.dialects.soca import attributes, submission
from headgate.dialects.soca.attributes import Site

RECORDED = Path(__file__).parent / "recorded"
VM = Site("vm", "vm", ZoneInfo("UTC"))
ALICE = OsAccount("alice", 1000, 1000, "/home/alice", shell="/bin/bash")
NOON = 1_795_456_061_000_000
SHARE = (Share("vm", (0,), (0,)),)
NOT_HERE = {
    # measured, known or set by nobody here
    *("session_id", "jobdir", "Stageout_status"),
    # of other users of a listing than SOCA's clients
    *("executable", "argument_list"),
}


def recorded(name: str, job_id: str = "") -> dict[str, Any]:
    jobs = json.loads((RECORDED / f"{name}.json").read_text())["Jobs"]
    found: dict[str, Any] = jobs[job_id] if job_id else next(iter(jobs.values()))
    return found


def made(text: bytes, number: int, **fields: Any) -> tuple[Job, Task]:
    """A job of a script, submitted in alice's ~/run, and its task."""
    desk = submission.Desk(
        account=ALICE, home="/home/alice", now=NOON, time_zone="UTC", host="vm", suffix="x" * 10
    )
    script = submission.submitted(text, {"input_file_path": "/home/alice/run"}, desk)
    times = fields.pop("times", Times(created=NOON, changed=NOON, submitted=NOON))
    job = Job(
        id=number,
        owner="alice",
        spec=replace(script.job, queue="workq", **fields.pop("spec", {})),
        environment=dict(script.environment),
        task_count=1,
        times=times,
        **{"state": JobState.QUEUED} | fields,
    )
    return job, Task(job_id=number, number=1, spec=script.task, times=times, instance_count=5)


def compared(ours: dict[str, Any], theirs: dict[str, Any], *, equal: tuple[str, ...]) -> None:
    """The same attributes, of the same types; those in `equal` with the same values."""
    missing = set(theirs) - set(ours) - NOT_HERE
    # PBS merges what it was told into one line; we have only the file's name.
    assert missing <= {"Submit_arguments"}
    assert set(ours) <= set(theirs) | {
        "Submit_arguments",
        "array_id",
        "array_index",
        "project",
        "Submit_Host",
    }
    for name in set(ours) & set(theirs):
        assert type(ours[name]) is type(theirs[name]), name
    assert {name: ours[name] for name in equal} == {name: theirs[name] for name in equal}


ALWAYS = (
    "job_state",
    "substate",
    "Hold_Types",
    "Join_Path",
    "Keep_Files",
    "Mail_Points",
    "Rerunable",
    "Priority",
)
RUNNING = Times(created=NOON, changed=NOON, submitted=NOON, started=NOON)
ENDED = replace(RUNNING, ended=NOON + 6_000_000)


def test_a_running_job() -> None:
    job, task = made(b"#PBS -N hello -l select=1:ncpus=1\ntrue\n", 0, state=JobState.RUNNING, times=RUNNING)
    theirs = recorded("running")
    shown = attributes.of_job(job, replace(task, run=Run(shares=SHARE)), VM, now=NOON + 10_000_000)
    equal = ("Job_Name", "Resource_List", "exec_host", "exec_vnode", "Error_Path", "Output_Path", "run_count")
    compared(shown | {"depend": theirs["depend"]}, theirs, equal=(*ALWAYS, *equal))
    assert shown["resources_used"] == {"ncpus": 1, "walltime": theirs["resources_used"]["walltime"]}
    assert shown["comment"] == "Job run at Mon Nov 23 at 17:47 on (vm:ncpus=1)"


def test_a_job_with_many_options() -> None:
    text = (
        b"#PBS -N full_options -l select=1:ncpus=1:mem=100mb -l walltime=00:30:00 -j oe\n"
        b"#PBS -o /home/alice/run/full.log -A acct7 -P proj_x -m n -p 10 -r n\n"
        b"#PBS -v 'X=1,LABEL=plain text,ZERO=007'\ntrue\n"
    )
    job, task = made(text, 1, state=JobState.RUNNING, times=RUNNING)
    theirs = recorded("running-options")
    shown = attributes.of_job(job, replace(task, run=Run(shares=SHARE)), VM, now=NOON)
    equal = ("Account_Name", "project", "Resource_List", "Output_Path", "exec_vnode")
    compared(shown | {"depend": theirs["depend"]}, theirs, equal=(*ALWAYS, *equal))
    # PBS makes numbers of what looks like some (spec pbs, 12.3); here a variable is text.
    assert {name: shown["Variable_List"][name] for name in ("X", "LABEL", "ZERO")} == {
        "X": "1",
        "LABEL": "plain text",
        "ZERO": "007",
    }
    assert theirs["Variable_List"]["ZERO"] == 7


@pytest.mark.parametrize(
    ("name", "text", "fields"),
    [
        (
            "held-user",
            b"#PBS -N user_held -h -l select=1:ncpus=1\n",
            {"pending_reason": PendingReason.HELD_BY_USER},
        ),
        (
            "held-depend",
            b"#PBS -N after_a -W depend=afterok:9 -l select=1:ncpus=1\n",
            {
                "pending_reason": PendingReason.PARENT_JOBS_NOT_FINISHED,
                "spec": {"depends_on": (JobDependency(0),)},
            },
        ),
        (
            "waiting",
            b"#PBS -N future -a 202612312359 -l select=1:ncpus=1\n",
            {"pending_reason": PendingReason.HELD_BY_USER},
        ),
    ],
)
def test_a_job_that_waits(name: str, text: bytes, fields: dict[str, Any]) -> None:
    job, task = made(text, 7, blocked=True, **fields)
    theirs = recorded(name)
    equal = [*ALWAYS, *({"Execution_Time"} & set(theirs))]
    shown = attributes.of_job(job, task, VM, now=NOON)
    compared(shown, theirs, equal=tuple(equal))
    assert shown.get("depend") == theirs.get("depend")


def test_a_job_that_only_waits_for_its_turn_says_so() -> None:
    theirs = recorded("queued")
    job, task = made(b"#PBS -N waiting_cpu -l walltime=01:00:00\n", 4)
    shown = attributes.of_job(job, task, VM, now=NOON)
    compared(shown, theirs, equal=ALWAYS)
    assert shown["comment"].startswith("Not Running: ")


def test_a_job_that_could_not_be_started_anywhere_says_why() -> None:
    why = Mishap("Execution_StartJobFailedOnNode", ("vm", "no such group"))
    job, task = made(
        b"#PBS -N x\n", 50, state=JobState.FAILED, mishap=Mishap("Execution_TaskFailure", ("50.1",))
    )
    shown = attributes.of_job(job, replace(task, run=Run(mishap=why)), VM, now=NOON)
    assert shown["comment"].startswith("Job failed before it ran: ")
    assert "no such group" in shown["comment"]
    assert shown["Exit_status"] == -1
    assert attributes.of_job(job, task, VM, now=NOON)["Exit_status"] == -1


def test_a_job_that_is_dropped_says_for_which_other_one() -> None:
    dropped = Mishap("Script_DroppedByDependency", ("53",))
    job, task = made(b"#PBS -N x -W depend=afterok:53\n", 54, state=JobState.CANCELED, mishap=dropped)
    shown = attributes.of_job(job, task, VM, now=NOON)
    assert shown["comment"] == "Job deleted as result of dependency on job 53"
    assert "Exit_status" not in shown


EXIT_3 = Run(exit_code=3, shares=SHARE, mishap=Mishap("Execution_TaskExecutionFailure"))
EXPIRED = Run(shares=SHARE, mishap=Mishap("Execution_TaskRuntimeExpired"))
DELETED = Run(
    exit_code=170, shares=SHARE, mishap=Mishap("Execution_TaskCanceledDuringExecution"), requeue_count=1
)


@pytest.mark.parametrize(
    ("name", "state", "run"),
    [
        ("finished-exit3", JobState.FAILED, EXIT_3),
        ("finished-walltime", JobState.FAILED, EXPIRED),
        ("finished-qdel-running", JobState.CANCELED, DELETED),
    ],
)
def test_a_job_that_has_ended(name: str, state: JobState, run: Run) -> None:
    text = b"#PBS -N x\n" if name != "finished-walltime" else b"#PBS -N x -l walltime=5\n"
    job, task = made(text, 15, state=state, times=ENDED)
    theirs = recorded(name)
    shown = attributes.of_job(job, replace(task, run=run), VM, now=NOON)
    theirs.pop("depend", None)
    compared(shown, theirs, equal=(*ALWAYS, "Exit_status", "run_count"))
    ours = shown["comment"].partition(") and ")[2]
    assert theirs["comment"].partition(") and ")[2].startswith(ours)
    assert shown["history_timestamp"] == ENDED.ended // 1_000_000 if ENDED.ended else None


def test_an_array_and_its_subjobs() -> None:
    job, task = made(b"#PBS -N arr -J 1-5\n", 30, state=JobState.RUNNING, times=RUNNING)
    task = replace(task, next_instance=3, live=1, finished=1, state=TaskState.RUNNING)
    theirs = recorded("array-begun-t", "30[].vm")
    theirs.pop("Exit_status")
    shown = attributes.of_job(job, task, VM, now=NOON)
    equal = (
        "array",
        "array_state_count",
        "array_indices_submitted",
        "array_indices_remaining",
        "Output_Path",
    )
    compared(shown, theirs, equal=(*ALWAYS, *equal))
    assert shown["comment"] == theirs["comment"]
    assert attributes.full_id(job, task, VM) == "30[].vm"

    states = {
        1: (TaskState.FINISHED, ENDED),
        2: (TaskState.DISPATCHING, RUNNING),
        3: (TaskState.QUEUED, job.times),
    }
    for number, (state, times) in states.items():
        run = Run(shares=SHARE) if number < 3 else Run()
        one = Instance(
            job_id=30, task=1, number=number, state=state, previous_state=state, times=times, run=run
        )
        shown = attributes.of_subjob(job, task, one, VM, now=NOON)
        theirs = recorded("array-begun-t", f"30[{number}].vm")
        assert (shown["job_state"], shown["substate"]) == (theirs["job_state"], theirs["substate"])
        assert (shown["array_id"], shown["array_index"]) == ("30[].vm", number)
        if number < 3:
            assert shown["Output_Path"] == theirs["Output_Path"]
            assert shown["exec_vnode"] == theirs["exec_vnode"]
            assert shown["comment"] == theirs["comment"]


def test_a_held_array_holds_its_subjobs() -> None:
    job, task = made(b"#PBS -N arr -h -J 1-5\n", 31, blocked=True, pending_reason=PendingReason.HELD_BY_USER)
    assert job.spec.holds == (HoldKind.USER,)
    one = Instance(
        job_id=31, task=1, number=1, state=TaskState.QUEUED, previous_state=TaskState.QUEUED, times=job.times
    )
    assert attributes.of_subjob(job, task, one, VM, now=NOON)["job_state"] == "H"


def test_somebody_elses_job_shows_nothing_private() -> None:
    job, task = made(b"#PBS -v A=secret -M me@example.org\n", 3)
    shown = attributes.of_job(job, task, VM, now=NOON, full=False)
    assert not {"Variable_List", "Submit_arguments", "Output_Path", "Error_Path", "Mail_Users"} & set(shown)
    assert "secret" not in json.dumps(shown)


def test_a_job_of_another_face_is_shown_too() -> None:
    job = Job(id=4, owner="DOM\\ann", state=JobState.CONFIGURING, times=Times(created=NOON, changed=NOON))
    shown = attributes.of_job(job, None, VM, now=NOON)
    assert (shown["job_state"], shown["Job_Owner"]) == ("T", "ann@vm")
    assert shown["Resource_List"]["ncpus"] == 1
