"""core/properties/job.py: reading what is made from other fields."""

import pytest
from msgspec.structs import replace

from headgate.core.model import Job, JobDependency, JobSpec, Mishap, Times
from headgate.core.properties import JOB, JobPriority, JobSubject
from headgate.core.states import JobState
from headgate.core.vocabulary import NodeGroupOp, UnitType


def read(name: str, job: Job) -> object:
    return JOB[name].read(JobSubject(job))


def test_the_user_is_empty_until_submission_and_then_the_submitter() -> None:
    job = Job(owner="ann")
    assert read("UserName", job) == ""
    assert read("UserName", replace(job, times=Times(submitted=1))) == "ann"
    assert read("UserName", replace(job, spec=JobSpec(run_as="Ann"))) == "Ann"


@pytest.mark.parametrize(
    ("number", "level"),
    [
        (0, "LOWEST"),
        (999, "LOWEST"),
        (1000, "BELOW_NORMAL"),
        (2999, "NORMAL"),
        (3000, "ABOVE_NORMAL"),
        (4000, "HIGHEST"),
    ],
)
def test_the_level_is_the_priority_divided_by_1000(number: int, level: str) -> None:
    assert read("Priority", Job(spec=JobSpec(priority=number))) is JobPriority[level]


def test_gpu_jobs_read_as_socket_jobs() -> None:
    assert read("UnitType", Job(spec=JobSpec(unit_type=UnitType.GPU))) is UnitType.SOCKET
    assert read("UnitType", Job(spec=JobSpec(unit_type=UnitType.NODE))) is UnitType.NODE


def test_progress_counts_runs_until_somebody_sets_it() -> None:
    job = Job(state=JobState.RUNNING, runs=3, ended_runs=2)
    assert read("Progress", job) == 66
    assert read("Progress", replace(job, progress=5)) == 5
    assert read("Progress", replace(job, ended_runs=4)) == 100
    assert read("Progress", Job()) == 0
    assert read("Progress", Job(state=JobState.FINISHED)) == 100


def test_has_runtime_says_whether_there_is_one() -> None:
    assert read("HasRuntime", Job()) is False
    assert read("HasRuntime", Job(spec=JobSpec(runtime_s=1))) is True


def test_the_error_message_is_what_the_mishap_says() -> None:
    assert read("ErrorMessage", Job()) == ""
    assert read("ErrorMessage", Job(mishap=Mishap("Execution_TaskFailure", ("7.1",)))) == "Task 7.1 failed."


def test_parents_and_children_are_ids() -> None:
    job = Job(spec=JobSpec(depends_on=(JobDependency(4), JobDependency(2))))
    assert read("ParentJobIds", job) == (4, 2)
    assert JOB["ChildJobIds"].read(JobSubject(job, (9,))) == (9,)


def test_the_group_operator_is_intersect_unless_said() -> None:
    assert read("NodeGroupOp", Job()) is NodeGroupOp.INTERSECT
    assert read("NodeGroupOp", Job(spec=JobSpec(node_group_op=NodeGroupOp.UNION))) is NodeGroupOp.UNION
