"""core/queues.py: who may use a queue, what it fills in and what it refuses."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.chunks import MIB, with_units
from headgate.core.errors import BadRequest, QueueReason, QueueRefused
from headgate.core.model import Chunk, Job, JobSpec, Queue, QueueDefaults, QueueLimits, TaskSpec
from headgate.core.queues import (
    admit,
    admits,
    asked,
    check,
    check_queue,
    chosen,
    filled,
    nodes_at_once,
    refuse_full,
    said,
    type_allowed,
)
from headgate.core.vocabulary import Arrangement, TaskType, UnitType

Q = Queue(name="normal", default=True)
GIB = 1024**3


def script(*chunks: Chunk, **spec: Any) -> TaskSpec:
    return with_units(TaskSpec(script=b"x", chunks=chunks or (Chunk(),), **spec))


def refusal(*args: Any, of: Any = check) -> QueueRefused:
    with pytest.raises(QueueRefused) as refused:
        of(*args)
    return refused.value


# ---- which


def test_a_job_gets_the_queue_it_names_whatever_the_case_or_the_default() -> None:
    high = Queue(name="High")
    assert chosen([Q, high], "HIGH") is high
    assert chosen([high, Q], "") is Q
    assert chosen([high], "") is None


def test_a_queue_that_is_not_there_is_refused_with_those_that_are() -> None:
    error = refusal([Q], "nosuch", of=chosen)
    assert (error.reason, error.queue) == (QueueReason.UNKNOWN_QUEUE, "nosuch")
    assert "normal" in error.text


# ---- who (spec soca, section 8.3)


@pytest.mark.parametrize(
    ("queue", "user", "groups", "admitted"),
    [
        (Q, "ann", (), True),
        (replace(Q, denied_users=("Ann",)), "ann", (), False),
        (replace(Q, denied_users=("bob",)), "ann", (), True),
        (replace(Q, denied_users=("*",)), "ann", (), False),
        (replace(Q, denied_users=("*",), allowed_users=("ANN",)), "ann", (), True),
        (replace(Q, denied_users=("ann",), allowed_users=("ann",)), "ann", (), True),
        (replace(Q, allowed_users=("bob",)), "ann", (), True),
        (replace(Q, denied_users=("*",), allowed_groups=("chem",)), "ann", ("Chem",), True),
        (replace(Q, denied_users=("*",), allowed_groups=("chem",)), "ann", ("bio",), False),
        (replace(Q, denied_groups=("bio",)), "ann", ("bio",), False),
        (replace(Q, denied_groups=("bio",), allowed_groups=("chem",)), "ann", ("bio", "chem"), True),
    ],
)
def test_who_is_allowed_is_admitted_even_if_denied(
    queue: Queue, user: str, groups: tuple[str, ...], admitted: bool
) -> None:
    assert admits(queue, user, groups) is admitted


def test_the_owner_is_asked_about_not_whoever_submits() -> None:
    error = refusal(replace(Q, denied_users=("ann",)), Job(owner="ann"), [], (), of=admit)
    assert (error.reason, error.asked) == (QueueReason.ACL, "ann")
    admit(replace(Q, denied_users=("ann",)), Job(owner="bob"), [], ())


def test_a_queue_that_is_not_enabled_takes_nobody() -> None:
    assert refusal(replace(Q, enabled=False), Job(owner="ann"), [], (), of=admit).reason is (
        QueueReason.NOT_ENABLED
    )


def test_a_job_that_runs_until_it_is_canceled_is_in_no_queue() -> None:
    job = Job(owner="ann", spec=JobSpec(run_until_canceled=True))
    assert refusal(Q, job, [], (), of=admit).reason is QueueReason.KIND


# ---- what


@pytest.mark.parametrize(
    ("name", "job", "task"),
    [
        ("instance_ami", JobSpec(extra_resources={"Instance_AMI": "ami-1"}), script()),
        ("fpga", JobSpec(), script(Chunk(extra={"fpga": "1"}))),
        ("walltime", JobSpec(runtime_s=60), script()),
        ("mem", JobSpec(), script(Chunk(), Chunk(memory=GIB))),
        ("ncpus", JobSpec(), script(Chunk(cores=2))),
        ("ngpus", JobSpec(), script(Chunk(gpus=1))),
        ("host", JobSpec(), script(Chunk(host="n1"))),
        ("place", JobSpec(), script(arrangement=Arrangement.SCATTER)),
    ],
)
def test_a_restricted_resource_that_a_job_sets_is_refused_by_name(
    name: str, job: JobSpec, task: TaskSpec
) -> None:
    queue = replace(Q, restricted=(name,))
    error = refusal(queue, Job(owner="ann", spec=job), [task], (), of=admit)
    assert (error.reason, error.name.lower()) == (QueueReason.RESTRICTED, name)
    admit(queue, Job(owner="ann"), [script()], ())


def test_who_sets_a_restricted_resource_is_told_all_that_are() -> None:
    job = Job(owner="ann", spec=JobSpec(extra_resources={"fpga": "1"}))
    error = refusal(replace(Q, restricted=("fpga", "spot_price")), job, [], (), of=admit)
    assert error.text.endswith("restricted there: fpga, spot_price.")


@pytest.mark.parametrize(
    ("allowed", "excluded", "kind", "fine"),
    [
        ((), (), "c5.large", True),
        (("c5",), (), "c5.large", True),
        (("c5.large",), (), "C5.Large", True),
        (("c5.large",), (), "c5.xlarge", False),
        (("c5",), (), "c5n.large", False),
        ((), ("p3",), "p3.2xlarge", False),
        (("p3",), ("p3.16xlarge",), "p3.16xlarge", False),
        (("p3",), ("p3.16xlarge",), "p3.2xlarge", True),
    ],
)
def test_types_go_by_name_or_family_and_excluded_ones_win(
    allowed: tuple[str, ...], excluded: tuple[str, ...], kind: str, fine: bool
) -> None:
    assert type_allowed(replace(Q, allowed_types=allowed, excluded_types=excluded), kind) is fine


def test_each_alternative_of_a_type_is_looked_at() -> None:
    queue = replace(Q, allowed_types=("c5", "m5"))
    check(queue, JobSpec(extra_resources={"instance_type": "c5.large+m5.large"}), [])
    error = refusal(queue, JobSpec(extra_resources={"instance_type": "c5.large+t3.micro"}), [])
    assert (error.reason, error.name, error.asked, error.allowed) == (
        QueueReason.TYPE,
        "instance_type",
        "t3.micro",
        "c5, m5",
    )
    assert error.excluded == ""


def test_a_type_that_is_not_allowed_is_told_with_the_excluded_ones_too() -> None:
    queue = replace(Q, allowed_types=("p3",), excluded_types=("p3.16xlarge",))
    error = refusal(queue, JobSpec(extra_resources={"instance_type": "p3.16xlarge"}), [])
    assert error.text.endswith("allowed: p3; excluded: p3.16xlarge.")
    assert (error.allowed, error.excluded) == ("p3", "p3.16xlarge")


# ---- how much


@pytest.mark.parametrize(
    ("limits", "job", "tasks", "name", "wanted", "allowed"),
    [
        ({"runtime_s": 3600}, JobSpec(runtime_s=3601), [], "walltime", "01:00:01", "01:00:00"),
        ({"runtime_s": 3600}, JobSpec(), [], "walltime", "no end", "01:00:00"),
        ({"nodes": 2}, JobSpec(), [script(Chunk(count=2), Chunk())], "nodes", "3", "2"),
        ({"nodes": 2}, JobSpec(), [script(Chunk(count=1, max_count=3))], "nodes", "3", "2"),
        ({"cores": 8}, JobSpec(), [script(Chunk(count=3, cores=3))], "ncpus", "9", "8"),
        ({"gpus": 1}, JobSpec(), [script(Chunk(count=2, gpus=1))], "ngpus", "2", "1"),
        ({"memory": GIB}, JobSpec(), [script(Chunk(memory=2 * GIB))], "mem", "2gb", "1gb"),
        ({"total_memory": GIB}, JobSpec(), [script(Chunk(count=2, memory=GIB))], "total_mem", "2gb", "1gb"),
        ({"cores": 3}, JobSpec(), [TaskSpec(min_cores=1, max_cores=4)], "ncpus", "4", "3"),
        (
            {"nodes": 3},
            JobSpec(unit_type=UnitType.NODE),
            [TaskSpec(min_nodes=4, max_nodes=4)],
            "nodes",
            "4",
            "3",
        ),
        ({"cores": 3}, JobSpec(auto_calculate_max=False, max_cores=9), [], "ncpus", "9", "3"),
        ({"memory": GIB}, JobSpec(estimated_process_memory_mb=1025), [TaskSpec()], "mem", "1025mb", "1gb"),
    ],
)
def test_more_than_a_maximum_is_refused_with_what_was_asked_and_what_is_allowed(
    limits: dict[str, int], job: JobSpec, tasks: list[TaskSpec], name: str, wanted: str, allowed: str
) -> None:
    error = refusal(replace(Q, maxima=QueueLimits(**limits)), job, tasks)
    assert (error.reason, error.queue) == (QueueReason.LIMIT, "normal")
    assert (error.name, error.asked, error.allowed) == (name, wanted, allowed)
    for word in (name, wanted, allowed, "at most"):
        assert word in error.text
    check(
        replace(Q, maxima=QueueLimits(**dict.fromkeys(limits, 10 * GIB))),
        replace(job, runtime_s=9),
        tasks,
    )


def test_less_than_a_minimum_is_refused_and_no_end_is_no_little_time() -> None:
    queue = replace(Q, minima=QueueLimits(runtime_s=60, nodes=2))
    error = refusal(queue, JobSpec(), [script()])
    assert (error.name, error.asked, error.allowed) == ("nodes", "1", "2")
    check(queue, JobSpec(), [script(Chunk(count=2))])
    assert refusal(queue, JobSpec(runtime_s=59), [script(Chunk(count=2))]).name == "walltime"


def test_instances_of_a_sweep_are_not_added_up() -> None:
    sweep = script(Chunk(cores=2), type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=1000)
    assert asked("cores", JobSpec(), [sweep]) == (2, 2)
    assert nodes_at_once(JobSpec(), [sweep, script(Chunk(count=3))]) == 3
    prep = replace(script(Chunk(count=9)), type=TaskType.NODE_PREP)
    assert nodes_at_once(JobSpec(), [prep]) == 1


def test_a_full_queue_names_its_limit() -> None:
    error = refusal(Q, "ann", 5, of=refuse_full)
    assert (error.reason, error.name, error.allowed) == (QueueReason.FULL, "max_queued_per_user", "5")


# ---- defaults


def test_what_a_job_does_not_say_is_filled_in_and_told() -> None:
    queue = replace(
        Q,
        defaults=QueueDefaults(
            runtime_s=3600, memory=GIB, resources={"instance_type": "c5.large", "fpga": "1"}
        ),
    )
    made = filled(queue, JobSpec(extra_resources={"FPGA": "2"}), [script(Chunk(count=2))])
    assert made.job.runtime_s == 3600
    assert made.job.extra_resources == {"FPGA": "2", "instance_type": "c5.large"}
    assert made.tasks[0].chunks == (Chunk(count=2, memory=GIB),)
    assert [note.rpartition(" ")[2] for note in made.notes] == [
        "walltime=01:00:00.",
        "mem=1gb.",
        "instance_type=c5.large.",
    ]
    plain = filled(queue, JobSpec(), [TaskSpec(command_line="true")])
    assert plain.job.estimated_process_memory_mb == GIB // MIB


def test_what_a_job_says_stays() -> None:
    queue = replace(Q, defaults=QueueDefaults(runtime_s=3600, memory=GIB))
    job, tasks = JobSpec(runtime_s=5), (script(Chunk(memory=5)),)
    made = filled(queue, job, tasks)
    assert (made.job, made.tasks, made.notes) == (job, tasks, ())


def test_a_maximum_of_the_run_time_is_its_default_too() -> None:
    queue = replace(Q, maxima=QueueLimits(runtime_s=7200))
    made = filled(queue, JobSpec(), [])
    assert made.job.runtime_s == 7200
    check(queue, made.job, made.tasks)


def test_defaults_are_not_what_the_job_sets_itself() -> None:
    assert said(JobSpec(), [script()]) == {}


# ---- the queue itself


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "a/b"},
        {"name": "a,b"},
        {"name": "x" * 65},
        {"priority": -1},
        {"priority": 4001},
        {"description": "two\nlines"},
        {"max_running": -1},
        {"mode": "fairshare"},
        {"enabled": False},
        {"minima": QueueLimits(nodes=3), "maxima": QueueLimits(nodes=2)},
        {"allowed_users": ("",)},
        {"defaults": QueueDefaults(runtime_s=36000), "maxima": QueueLimits(runtime_s=3600)},
        {"defaults": QueueDefaults(memory=GIB), "minima": QueueLimits(memory=2 * GIB)},
        {"defaults": QueueDefaults(resources={"instance_type": "m5.large"}), "allowed_types": ("c5",)},
    ],
    ids=str,
)
def test_what_can_be_no_queue_is_refused(change: dict[str, Any]) -> None:
    check_queue(Q)
    with pytest.raises(BadRequest):
        check_queue(replace(Q, **change))
