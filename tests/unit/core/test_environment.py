"""Variables: what users may set, and what a task is told."""

import pytest

from headgate.core.environment import LENGTH_LIMIT, RESERVED, Site, merge, task_environment
from headgate.core.errors import BadRequest
from headgate.core.launch import NodeShare, Placement
from headgate.core.model import Job, JobSpec, Run, Task, TaskSpec
from headgate.core.vocabulary import JobType, TaskType

SITE = Site("cluster", "head")


def told(
    job: Job | None = None,
    task: Task | None = None,
    instance: int = 0,
    run: Run | None = None,
    **more: object,
) -> dict[str, str]:
    """What a task finds in its environment."""
    placement = Placement((NodeShare("n1", (2, 3), 4), NodeShare("n2", (0,), 8)))
    left = more.get("left")
    assert left is None or isinstance(left, float)
    return dict(
        task_environment(
            job or Job(id=11),
            task or Task(),
            instance,
            run or Run(),
            placement,
            {"CCP_WORKDIR": "/w"},
            SITE,
            left,
        )
    )


def test_setting_adds_replaces_and_keeps_the_others() -> None:
    assert merge({"A": "1", "B": "2"}, {"B": "3", "C": "4"}) == {"A": "1", "B": "3", "C": "4"}


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_value_deletes(nothing: str | None) -> None:
    assert merge({"A": "1", "B": "2"}, {"A": nothing, "X": nothing}) == {"B": "2"}


def test_what_was_there_is_not_changed_in_place() -> None:
    before = {"A": "1"}
    merge(before, {"A": "2"})
    assert before == {"A": "1"}


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "Ä", "A\n", "x" * 256, "A;rm"])
def test_a_name_that_a_shell_could_not_use_is_refused(name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        merge({}, {name: "1"})
    assert refused.value.code == "Operation_InvalidEnvironmentVarName"


@pytest.mark.parametrize("name", ["PATH", "_x", "ProgramFiles(x86)", "a.b-c", "LD_PRELOAD"])
def test_other_names_are_taken(name: str) -> None:
    assert merge({}, {name: "1"}) == {name: "1"}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_the_system_says_cannot_be_set_in_any_spelling(name: str) -> None:
    for spelling in (name, name.lower()):
        with pytest.raises(BadRequest) as refused:
            merge({}, {spelling: "1"})
        assert refused.value.code == "Operation_PreservedEnvironmentVariables"


@pytest.mark.parametrize("name", ["CCP_MPI_HOSTFILE_FORMAT", "CCP_TASK_ON_SINGLE_NODE", "CCP_SWITCH_USER"])
def test_the_documented_switches_are_for_users(name: str) -> None:
    assert merge({}, {name: "1"}) == {name: "1"}


def test_a_value_without_an_end_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        merge({}, {"A": "x\0y"})
    assert refused.value.code == "Operation_InvalidEnvironmentVarValue"


def test_all_variables_of_an_object_together_have_a_limit() -> None:
    assert merge({}, {"A": "x" * (LENGTH_LIMIT - 1)})
    with pytest.raises(BadRequest) as refused:
        merge({"B": "x"}, {"A": "x" * (LENGTH_LIMIT - 1)})
    assert refused.value.code == "Operation_EnvironmentVarValueTooLong"


def test_a_task_is_told_who_it_is_and_what_it_has() -> None:
    spec = JobSpec(name="j", job_type=JobType.BATCH, template="Mine")
    found = told(Job(id=11, spec=spec), Task(job_id=11, number=2, system_id=26014), instance=3)
    assert found == {
        "CCP_JOBID": "11",
        "CCP_TASKID": "2",
        "CCP_TASKINSTANCEID": "3",
        "CCP_TASKSYSTEMID": "26014",
        "CCP_TASKCONTEXT": "11.26014",
        "CCP_JOBNAME": "j",
        "CCP_JOBTYPE": "Batch",
        "CCP_JOBTEMPLATE": "Mine",
        "CCP_NODES": "2 n1 2 n2 1",
        "CCP_NODES_CORES": "2 n1 4 n2 8",
        "CCP_NUMCPUS": "3",
        "CCP_COREIDS": "2 3",
        "CCP_WORKDIR": "/w",
        "CCP_RERUNNABLE": "True",
        "CCP_EXCLUSIVE": "False",
        "CCP_RUNTIME": "2147483647",
        "CCP_RETRY_COUNT": "0",
        "CCP_CLUSTER_NAME": "cluster",
        "CCP_SCHEDULER": "head",
        "CCP_CONNECTIONSTRING": "head",
        "CCP_ENVLIST": "",
    }


def test_the_tasks_variables_win_over_the_jobs() -> None:
    found = told(Job(environment={"A": "job", "B": "job"}), Task(environment={"A": "task"}))
    assert (found["A"], found["B"], found["CCP_ENVLIST"]) == ("task", "job", "A,B")


def test_custom_properties_never_reach_a_task() -> None:
    found = told(Job(custom={"SECRET": "1"}), Task(custom={"OTHER": "2"}))
    assert not {"SECRET", "OTHER"} & set(found)


def test_a_retried_task_is_told_how_its_last_try_ended() -> None:
    run = Run(requeue_count=1, auto_requeue_count=2, failure_retry_count=3, exit_code=7)
    found = told(run=run)
    assert (found["CCP_RETRY_COUNT"], found["CCP_TASK_PREV_EXITCODE"]) == ("6", "7")
    assert "CCP_TASK_PREV_EXITCODE" not in told()


def test_the_time_left_is_told_in_whole_seconds() -> None:
    assert told(left=12.7)["CCP_RUNTIME"] == "12"


def test_exclusive_is_told_whether_the_job_or_the_task_is() -> None:
    assert told(Job(spec=JobSpec(exclusive=True)))["CCP_EXCLUSIVE"] == "True"
    alone = Task(spec=TaskSpec(exclusive=True, rerunnable=False, type=TaskType.BASIC))
    assert (told(task=alone)["CCP_EXCLUSIVE"], told(task=alone)["CCP_RERUNNABLE"]) == ("True", "False")
