"""scripts/jobxml/reading.py and attributes.py: spec hpcpack-model, section 12.2."""

import resource
import time

import pytest

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import TaskSpec
from headgate.core.properties import JOB
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType
from headgate.scripts.jobxml import NAMESPACE, JobDocument, parse

NOW = 1_600_000_000_000_000


def job(attributes: str, inside: str = "") -> JobDocument:
    return parse(f"<Job {attributes}>{inside}</Job>", NOW)


def said(document: JobDocument) -> dict[str, object]:
    """What a Job element sets, but for the two flags that every one sets."""
    automatic = ("AutoCalculateMin", "AutoCalculateMax")
    return {entry.name: value for entry, value in document.changes.items() if entry.name not in automatic}


def automatic(document: JobDocument) -> tuple[object, object]:
    return document.changes.get(JOB["AutoCalculateMin"]), document.changes.get(JOB["AutoCalculateMax"])


def tasks(inside: str) -> list[TaskSpec]:
    return [task.spec for task in parse(f"<Job><Tasks>{inside}</Tasks></Job>", NOW).tasks]


# ---- the document


@pytest.mark.parametrize("document", ["<ArrayOfProperty/>", "<a><b/></a>", "<Jobs><Task Name='x'/></Jobs>"])
def test_a_document_without_a_job_leaves_everything_at_its_default(document: str) -> None:
    """The official C# sample relies on this."""
    assert parse(document, NOW) == JobDocument()


@pytest.mark.parametrize(
    "document",
    [
        '<Job Name="x"><Tasks><Task Name="t"/></Tasks></Job>',
        f'<Job xmlns="{NAMESPACE}" Name="x"><Tasks><Task Name="t"/></Tasks></Job>',
        '<h:Job xmlns:h="u" h:Name="x"><h:Tasks><Task h:Name="t"/></h:Tasks></h:Job>',
        '<JOB nAME="x"><tasks><TASK NAME="t"/></tasks></JOB>',
        '<Envelope><Job Name="x"><Tasks><Task Name="t"/></Tasks></Job></Envelope>',
    ],
)
def test_names_count_without_namespace_prefix_and_letter_case(document: str) -> None:
    found = parse(document, NOW)
    assert said(found) == {"Name": "x"}
    assert [task.spec.name for task in found.tasks] == ["t"]
    assert found.warnings == ()


def test_what_is_not_known_is_ignored() -> None:
    document = """<Job Name="x" Colour="red" xmlns:xsi="u" xsi:schemaLocation="a b" Id="7" State="Finished"
        Owner="bob" CreateTime="2010/12/7 23:18:20" Progress="100" UserName="bob"
        RequeueCount="3" PendingReason="None">
        <Extra><Tasks><Task Name="no"/></Tasks></Extra>
        <Tasks Count="2"><Task Name="yes" ExtraAttribute="1" Id="9" State="Failed" ParentJobId="7" NiceId="4">
        <Tasks><Task Name="neither"/></Tasks></Task><Other/></Tasks></Job>"""
    found = parse(document, NOW)
    assert said(found) == {"Name": "x"}
    assert [task.spec for task in found.tasks] == [TaskSpec(name="yes")]
    assert found.warnings == ()


def test_what_is_known_and_will_not_happen_is_a_warning_with_its_line() -> None:
    document = parse(
        '<Job ExpandedPriority="1" Password="secret"\n EndTime="7/5/2019 9:05:07 AM">\n'
        '<Tasks>\n<Task ExitCode="0"/></Tasks></Job>',
        NOW,
    )
    assert document.warnings == (
        "Job XML, line 2, <Job>: ExpandedPriority cannot be given in job XML and is ignored.",
        "Job XML, line 2, <Job>: Password cannot be given in job XML and is ignored.",
        "Job XML, line 2, <Job>: EndTime cannot be given in job XML and is ignored.",
        "Job XML, line 4, <Task>: ExitCode cannot be given in job XML and is ignored.",
    )
    assert "secret" not in repr(document)


def test_only_the_first_job_counts() -> None:
    document = parse('<Jobs><Job Name="a"/>\n<Job Name="b"/></Jobs>', NOW)
    assert said(document) == {"Name": "a"}
    assert document.warnings == ("Job XML, line 2, <Job>: a second Job is ignored.",)


def test_warnings_have_an_end() -> None:
    document = parse("<Job><Tasks>" + "<Task ExitCode='1'/>" * 1000 + "</Tasks></Job>", NOW)
    assert len(document.warnings) == 51
    assert document.warnings[-1] == "Job XML: 950 more warnings."


# ---- the job


@pytest.mark.parametrize(
    ("attributes", "minimum", "maximum"),
    [
        ("", None, None),
        ('MinCores="2"', False, None),
        ('MaxNodes="2"', None, False),
        ('MinSockets="1" maxsockets="1"', False, False),
        ('MinCores="2" AutoCalculateMin="true"', True, None),
        ('AutoCalculateMin="false" AutoCalculateMax="0"', False, False),
        ('MinMemory="100" MinCoresPerNode="2" MaxMemory="200"', None, None),
        ('MinimumNumberOfProcessors="2" MaximumNumberOfProcessors="3"', False, False),
    ],
)
def test_saying_how_much_turns_off_the_computing_of_it(
    attributes: str, minimum: bool | None, maximum: bool | None
) -> None:
    assert automatic(job(attributes)) == (minimum, maximum)


def test_job_attributes_are_the_job_s_properties() -> None:
    document = job(
        'Name="n" Priority="Normal+5" Project="p" RuntimeSeconds="60" RunUntilCanceled="true" UnitType="Node"'
        ' SoftwareLicense="a:1,b:2" FailOnTaskFailure="1" NodeGroups="A, B" NodeGroupOp="union"'
        ' OrderBy="-cores" RequestedNodes="n1,n2" IsExclusive="TRUE" HoldUntil="2020-10-01"'
        ' JobValidExitCodes="3..1" ParentJobIds="4,5" JobTemplate="Default"'
        ' EmailAddress="a@example.org" FailDependentTasks="true"'
    )
    assert said(document) == {
        "Name": "n",
        "ExpandedPriority": 2005,
        "Project": "p",
        "RuntimeSeconds": 60,
        "RunUntilCanceled": True,
        "UnitType": UnitType.NODE,
        "SoftwareLicense": ("a:1", "b:2"),
        "FailOnTaskFailure": True,
        "NodeGroups": ("A", "B"),
        "NodeGroupOp": NodeGroupOp.UNION,
        "OrderBy": "-Cores",
        "RequestedNodes": ("n1", "n2"),
        "IsExclusive": True,
        "HoldUntil": 1_601_510_400_000_000,
        "JobValidExitCodes": "1..3",
        "ParentJobIds": (4, 5),
        "JobTemplate": "Default",
        "EmailAddress": "a@example.org",
        "FailDependentTasks": True,
    }


def test_older_names_of_job_attributes_are_understood() -> None:
    document = job('MinimumNumberOfProcessors="2" MaximumNumberOfProcessors="4" Runtime="1:0:30"')
    assert said(document) == {
        "MinCores": 2,
        "MaxCores": 4,
        "UnitType": UnitType.CORE,
        "RuntimeSeconds": 88200,
    }
    assert said(job('Runtime="Infinite"')) == {"RuntimeSeconds": None}


def test_the_present_name_counts_beside_an_older_one() -> None:
    document = job(
        'MinimumNumberOfProcessors="2" MinCores="3" Runtime="5" RuntimeSeconds="7" UnitType="Node"'
    )
    assert said(document) == {"MinCores": 3, "RuntimeSeconds": 7, "UnitType": UnitType.NODE}
    assert len(document.warnings) == 2
    assert job('Runtime="1" RuntimeSeconds="60"').warnings == ()


def test_an_attribute_that_is_there_in_two_letter_cases_counts_once() -> None:
    document = job('Name="a" name="b"')
    assert said(document) == {"Name": "a"}
    assert "name is given twice" in document.warnings[0]


def test_a_hold_that_has_passed_is_dropped_with_a_warning() -> None:
    """An export of a job that was held can be posted again."""
    document = job('HoldUntil="2019-01-01"')
    assert said(document) == {}
    assert document.warnings == ("Job XML, line 1, <Job>: HoldUntil has passed and is ignored.",)
    assert said(job('HoldUntil=""')) == {"HoldUntil": None}


def test_a_gpu_job_is_told_by_its_mark() -> None:
    mark = "<CustomProperties><Term><Name>GPUJob</Name><Value>True</Value></Term></CustomProperties>"
    assert said(job('UnitType="Socket"', mark)) == {"UnitType": UnitType.GPU}
    assert said(job('UnitType="Core"', mark)) == {"UnitType": UnitType.CORE}
    assert said(job('UnitType="Gpu"')) == {"UnitType": UnitType.GPU}


@pytest.mark.parametrize(
    ("attributes", "name", "text"),
    [
        ('MinCores="two"', "MinCores", "'two'"),
        ('IsExclusive="yes"', "IsExclusive", "'yes'"),
        ('UnitType="Blade"', "UnitType", "'Blade'"),
        ('Priority="Urgent"', "Priority", "'Urgent'"),
        ('Priority="9000"', "ExpandedPriority", "9000"),
        ('Runtime="soon"', "RuntimeSeconds", "'soon'"),
        ('MaxMemory="-1"', "MaxMemory", "-1"),
        ('HoldUntil="tomorrow"', "HoldUntil", "'tomorrow'"),
        ('JobValidExitCodes="a"', "JobValidExitCodes", "a"),
        (f'Name="{"x" * 81}"', "Name", "80"),
    ],
)
def test_a_bad_value_is_refused_by_name_text_and_line(attributes: str, name: str, text: str) -> None:
    with pytest.raises(BadProperty, match=r"\(Job XML, line 2, <Job>\)") as refused:
        parse(f"\n<Job {attributes}/>", NOW)
    assert refused.value.name == name
    assert text in refused.value.text


# ---- tasks


def test_the_order_of_tasks_is_theirs_in_the_document() -> None:
    document = "<Job><Tasks><Task Name='a'/><Task Name='b'/></Tasks><Tasks><Task Name='c'/></Tasks></Job>"
    assert [task.spec.name for task in parse(document, NOW).tasks] == ["a", "b", "c"]


def test_task_attributes_are_the_task_s_properties() -> None:
    assert tasks(
        '<Task Name="n" CommandLine="echo &lt;1&gt;&#10;two" MinCores="2" MaxCores="3" RuntimeSeconds="9"'
        ' IsExclusive="true" IsRerunnable="false" StdInFilePath="i" StdOutFilePath="o" StdErrFilePath="e"'
        ' WorkDirectory="/w" RequiredNodes="n1" DependsOn="a,b" TaskValidExitCodes="1,2"'
        ' FailJobOnFailure="true" RequestedNodeGroup="G"/>'
    ) == [
        TaskSpec(
            name="n",
            command_line="echo <1>\ntwo",
            min_cores=2,
            max_cores=3,
            runtime_s=9,
            exclusive=True,
            rerunnable=False,
            stdin="i",
            stdout="o",
            stderr="e",
            work_directory="/w",
            required_nodes=("n1",),
            depends_on=("a", "b"),
            valid_exit_codes="1,2",
            fail_job_on_failure=True,
            requested_node_group="G",
        )
    ]


def test_older_names_of_task_attributes_are_understood() -> None:
    assert tasks(
        '<Task MinimumNumberOfProcessors="2" MaximumNumberOfProcessors="4" Depend="a" Stdin="i" Stdout="o"'
        ' Stderr="e" Runtime="2"/>'
    ) == [
        TaskSpec(
            min_cores=2, max_cores=4, depends_on=("a",), stdin="i", stdout="o", stderr="e", runtime_s=120
        )
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        'Type="ParametricSweep"',
        'IsParametric="true"',
        'Type="ParametricSweep" IsParametric="true"',
        'type="1"',
    ],
)
def test_a_sweep_is_told_by_its_type_or_the_older_flag(attributes: str) -> None:
    sweep = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=9, increment=2)
    assert tasks(f'<Task {attributes} StartValue="1" EndValue="9" IncrementValue="2"/>') == [sweep]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ('MinCores="x"', "Operation_ArgumentOutOfRange"),
        ('Type="Basic" IsParametric="true"', "Operation_TaskTypeAndIsParametricIncompatible"),
        ('Type="NodePrep" DependsOn="a"', "Operation_InvalidPropForTaskType"),
        ('Name="a,b"', "Operation_TaskNameContainInvalidChars"),
        ('Runtime="-1"', "Operation_ArgumentOutOfRange"),
    ],
)
def test_a_bad_task_is_refused_with_its_code_and_line(attributes: str, code: str) -> None:
    with pytest.raises(BadProperty, match=r"\(Job XML, line 3, <Task>\)") as refused:
        tasks(f"\n<Task/>\n<Task {attributes}/>")
    assert refused.value.code == code


# ---- variables, terms, groups


def variables(*pairs: tuple[str, str]) -> str:
    return "".join(f"<Variable><Name>{name}</Name><Value>{value}</Value></Variable>" for name, value in pairs)


def test_variables_and_terms_belong_to_the_job_or_to_their_task() -> None:
    document = job(
        "",
        f"<Tasks><Task><EnvironmentVariables>{variables(('T', '1'))}</EnvironmentVariables>"
        "<ExtendedTerms><Term><Name>k</Name><Value>v</Value></Term></ExtendedTerms></Task><Task/></Tasks>"
        f"<EnvironmentVariables>{variables(('J', '2'), ('J', '3'))}</EnvironmentVariables>"
        "<CustomProperties><Term><Name>c</Name><Value/></Term></CustomProperties>",
    )
    assert document.environment == {"J": "3"}
    assert document.custom == {"c": ""}
    assert [(task.environment, task.custom) for task in document.tasks] == [
        ({"T": "1"}, {"k": "v"}),
        ({}, {}),
    ]


def test_names_and_values_of_pairs_are_trimmed() -> None:
    pair = variables((" A ", "\n b c\t"))
    document = job("", f"<EnvironmentVariables>{pair}</EnvironmentVariables>")
    assert document.environment == {"A": "b c"}


@pytest.mark.parametrize(
    "pair",
    [
        "<Variable/>",
        "<Variable><Name>A</Name></Variable>",
        "<Variable><Value>b</Value></Variable>",
        variables((" ", "b")),
    ],
)
def test_a_pair_that_lacks_a_part_is_skipped(pair: str) -> None:
    document = job("", f"<EnvironmentVariables>{pair}{variables(('B', 'c'))}</EnvironmentVariables>")
    assert document.environment == {"B": "c"}
    assert "lacks its Name or its Value" in document.warnings[0]


def test_pairs_elsewhere_are_none() -> None:
    document = job("", f"{variables(('A', 'b'))}<Other>{variables(('A', 'b'))}</Other><CustomProperties/>")
    assert document.environment == {}


def test_groups_become_the_numbers_of_the_tasks_that_are_followed() -> None:
    document = job(
        "",
        "<Tasks><Task GroupId='1'/><Task/><Task GroupId='2'/><Task groupid=' 3 '/></Tasks>"
        "<Dependencies><Parent GroupId='1'><Child GroupId='2'/></Parent>"
        "<Parent GroupId='2'><Child GroupId='3'/></Parent></Dependencies>",
    )
    assert [task.spec.follows for task in document.tasks] == [(), (), (1, 2), (3,)]
    assert document.warnings == ()


def test_tasks_of_the_nodes_are_in_no_group() -> None:
    """Nothing may wait for a NodePrep task, which ends with its job, nor the other way round (6.1)."""
    document = job(
        "",
        "<Dependencies><Parent GroupId='1'><Child GroupId='2'/></Parent></Dependencies><Tasks>"
        "<Task Type='NodePrep'/><Task/><Task GroupId='2'/><Task Type='NodeRelease' GroupId='2'/></Tasks>",
    )
    assert [task.spec.follows for task in document.tasks] == [(), (), (2,), ()]


def test_groups_that_are_not_there_are_told() -> None:
    document = job(
        "",
        "<Dependencies><Parent><Child GroupId='2'/></Parent><Parent GroupId='1'><Child/></Parent>"
        "</Dependencies><Tasks><Task GroupId='2'/></Tasks>",
    )
    assert [task.spec.follows for task in document.tasks] == [()]
    assert document.warnings == (
        "Job XML, line 1, <Parent>: it has no GroupId and is ignored.",
        "Job XML, line 1, <Child>: it has no GroupId and is ignored.",
        "Job XML, task 1: its GroupId '2' is not among the Dependencies; the root group '1' is taken.",
    )


def test_groups_without_dependencies_are_no_harm() -> None:
    document = job("", "<Dependencies/><Tasks><Task GroupId='5'/></Tasks>")
    assert (document.tasks[0].spec.follows, document.warnings) == ((), ())


# ---- much


def test_ten_thousand_tasks_are_read_quickly_and_in_little_memory() -> None:
    task = (
        '<Task Name="t{}" CommandLine="echo {} &gt; x" MinCores="1" MaxCores="2" WorkDirectory="/tmp/x"/>\n'
    )
    document = f"<Job><Tasks>{''.join(task.format(i, i) for i in range(10_000))}</Tasks></Job>".encode()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = parse(document, NOW)
    assert time.process_time() - begun < 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 60 * 1024
    assert len(found.tasks) == 10_000


def test_a_document_that_does_harm_is_refused() -> None:
    with pytest.raises(BadRequest, match="nested more than 100 deep"):
        parse("<Job>" * 10_000, NOW)
