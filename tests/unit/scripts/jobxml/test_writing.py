"""scripts/jobxml/writing.py: spec hpcpack-model, section 12.3; windowshpc, section 4.1."""

import re

from msgspec.structs import replace

from headgate.core.model import Job, JobSpec, Task, TaskSpec, Times
from headgate.core.properties import JOB, TASK, JobSubject, TaskSubject
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType
from headgate.scripts.jobxml import render, render_named, render_task, render_task_named, words

CREATED = 1_562_317_507_000_000


def written(job: Job, *tasks: Task, full: bool = True, own: bool = True) -> str:
    return "".join(render(JobSubject(job), tasks, full=full, own=own))


def names(tag: str) -> list[str]:
    return re.findall(r' (\w+)="', tag)


def tag(document: str, name: str) -> str:
    found = re.search(f"<{name} [^>]*>", document)
    assert found is not None
    return found[0]


EVERYTHING = Job(
    id=7,
    owner="ann",
    spec=JobSpec(
        name="n",
        run_as="ann",
        runtime_s=60,
        requested_nodes=("a",),
        node_groups=("g",),
        node_group_op=NodeGroupOp.UNION,
        software_license=("x:1",),
        not_before=CREATED,
        email_address="a@example.org",
    ),
    times=Times(created=CREATED, submitted=CREATED, started=CREATED),
    state=JobState.RUNNING,
)
EVERY_TASK = Task(
    job_id=7,
    number=1,
    system_id=26014,
    spec=TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP,
        command_line="run *",
        required_nodes=("a",),
        depends_on=("b",),
        runtime_s=9,
        start_value=1,
        end_value=3,
    ),
    times=Times(created=CREATED, submitted=CREATED, started=CREATED),
)


def test_a_job_s_attributes_stand_in_the_published_order() -> None:
    order = [name for name in words.JOB_ORDER if name not in ("ParentJobIds", "|")]
    place = words.JOB_ORDER.index("|")
    order[place:place] = ["MinCores", "MaxCores"]
    assert names(tag(written(EVERYTHING), "Job")) == ["xmlns", "Version", *order]


def test_a_task_s_attributes_stand_in_the_published_order() -> None:
    order = [name for name in words.TASK_ORDER if name != "|"]
    place = words.TASK_ORDER.index("|")
    order[place:place] = ["MinCores", "MaxCores"]
    document = "".join(
        render(JobSubject(EVERYTHING), [EVERY_TASK, Task(number=2, spec=TaskSpec(follows=(1,)))])
    )
    assert names(tag(document, "Task")) == ["Version", *order]


def test_the_whole_of_a_small_document() -> None:
    job = Job(
        id=7,
        owner="ann",
        spec=JobSpec(name='a "<&>"\n', priority=2005),
        custom={"ticket": "4<2"},
        environment={"MODE": "fast"},
        times=Times(created=CREATED),
    )
    task = Task(
        job_id=7, number=1, spec=TaskSpec(command_line="x"), environment={"A": "b"}, custom={"k": "v"}
    )
    document = written(job, task)
    assert document.startswith(
        '<Job xmlns="http://schemas.microsoft.com/HPCS2008R2/scheduler/" Version="3.000" Id="7"'
        ' State="Configuring" CreateTime="7/5/2019 9:05:07 AM" Name="a &quot;&lt;&amp;&gt;&quot;&#10;"'
        ' IsExclusive="false" RunUntilCanceled="false" UnitType="Core" Owner="ann" UserName="" Project=""'
        ' JobType="Batch" JobTemplate="Default" Priority="Normal+5" OrderBy=""'
    )
    assert (
        "><ExtendedTerms><Term><Name>ticket</Name><Value>4&lt;2</Value></Term></ExtendedTerms>"
        "<EnvironmentVariables><Variable><Name>MODE</Name><Value>fast</Value></Variable></EnvironmentVariables>"
        '<Dependencies/><Tasks><Task Version="3.000" '
    ) in document
    assert document.endswith(
        "><ExtendedTerms><Term><Name>k</Name><Value>v</Value></Term></ExtendedTerms>"
        "<EnvironmentVariables><Variable><Name>A</Name><Value>b</Value></Variable></EnvironmentVariables>"
        "</Task></Tasks></Job>"
    )


def test_what_never_got_a_value_is_left_out() -> None:
    attributes = names(tag(written(Job()), "Job"))
    unset = ("SubmitTime", "StartTime", "RuntimeSeconds", "HoldUntil", "NodeGroups", "ParentJobIds")
    assert not {*unset, "NodeGroupOp", "Preemptable"} & {*attributes}


def test_only_the_pair_of_the_unit_type_is_written() -> None:
    for unit, pair in (
        (UnitType.CORE, ["MinCores", "MaxCores"]),
        (UnitType.SOCKET, ["MinSockets", "MaxSockets"]),
        (UnitType.NODE, ["MinNodes", "MaxNodes"]),
        (UnitType.GPU, ["MinSockets", "MaxSockets"]),
    ):
        document = written(Job(spec=JobSpec(unit_type=unit)), Task(number=1))
        for element in ("Job", "Task"):
            found = names(tag(document, element))
            assert [name for name in found if re.match("M(in|ax)(Cores|Sockets|Nodes)$", name)] == pair
            assert f'UnitType="{"Socket" if unit is UnitType.GPU else unit.name.title()}"' in tag(
                document, element
            )


def test_a_job_without_parts_has_its_dependencies_and_tasks_all_the_same() -> None:
    assert written(Job()).endswith("><Dependencies/><Tasks></Tasks></Job>")


def test_groups_say_which_tasks_are_followed() -> None:
    tasks = [Task(number=1), Task(number=2, spec=TaskSpec(follows=(1,))), Task(number=3)]
    document = "".join(render(JobSubject(Job()), tasks))
    assert (
        '<Dependencies><Parent GroupId="1"/><Parent GroupId="2"><Child GroupId="3"/></Parent></Dependencies>'
    ) in document
    assert re.findall(r'<Task [^>]*GroupId="(\d)"', document) == ["2", "3", "1"]


def test_a_settable_property_without_a_place_of_its_own_is_written_last_where_it_is_not_default() -> None:
    job = Job(spec=JobSpec(fail_dependent_tasks=True, preemptable=True))
    assert names(tag(written(job), "Job"))[-2:] == ["Preemptable", "FailDependentTasks"]
    task = Task(number=1, spec=TaskSpec(user_blob="blob"))
    assert 'UserBlob="blob"' in written(Job(), task)
    assert "UserBlob" not in written(Job(), task, own=False)


def test_who_may_not_see_all_is_shown_what_is_public() -> None:
    job = replace(EVERYTHING, custom={"k": "v"}, environment={"A": "b"})
    task = replace(EVERY_TASK, environment={"A": "b"})
    document = written(job, task, full=False)
    for hidden in ("EmailAddress", "CommandLine", "StdOutFilePath", "Term", "Variable", "run *"):
        assert hidden not in document
    assert ' Name="n"' in document


def test_a_task_by_itself_is_a_document_of_its_own() -> None:
    assert render_task(UnitType.CORE, TaskSubject.of(EVERY_TASK)).startswith(
        '<Task xmlns="http://schemas.microsoft.com/HPCS2008R2/scheduler/" Version="3.000" Id="26014"'
        ' ParentJobId="7" '
    )


def test_named_properties_make_one_empty_element() -> None:
    """As printed: windowshpc, section 4.1."""
    asked = [JOB[name] for name in ("Id", "CreateTime", "State", "EndTime", "ParentJobIds")]
    job = Job(id=115, times=Times(created=CREATED))
    assert render_named(JobSubject(job), asked) == (
        '<Job Version="3.000" Id="115" CreateTime="7/5/2019 9:05:07 AM" State="Configuring" />'
    )
    task = Task(job_id=115, number=2, state=TaskState.FAILED)
    assert render_task_named(TaskSubject.of(task), [TASK["TaskId"], TASK["State"]]) == (
        '<Task Version="3.000" TaskId="115.2" State="Failed"'
        ' xmlns="http://schemas.microsoft.com/HPCS2008R2/scheduler/" />'
    )


def test_a_waiting_task_says_what_it_waits_for() -> None:
    task = Task(number=2, state=TaskState.QUEUED, waits_for=(1,))
    assert 'PendingReason="DependencyNotDone"' in written(Job(), task)
