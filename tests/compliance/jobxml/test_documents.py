"""Job documents as published, and the jobs they make. Each says where it is from."""

import pytest

from headgate.core.model import Job, JobDependency, JobSpec, Task, TaskSpec
from headgate.core.properties import apply_job
from headgate.core.validation import dependencies
from headgate.core.vocabulary import TaskType
from headgate.formats.hpcpack_xml import read_job_document
from headgate.scripts.jobxml import JobDocument, parse

NOW = 1_600_000_000_000_000


def made(document: JobDocument) -> JobSpec:
    return apply_job(Job(), document.changes, NOW).spec


def test_the_example_of_the_shape() -> None:
    """hpcpack-model, section 12.1, to the letter."""
    document = parse(
        b"""<Job xmlns="http://schemas.microsoft.com/HPCS2008R2/scheduler/" Version="3.000" Name="demo"
     UnitType="Core"
     MinCores="1" MaxCores="4" Priority="Normal+5" RunUntilCanceled="false" FailOnTaskFailure="true">
  <EnvironmentVariables>
    <Variable><Name>MODE</Name><Value>fast</Value></Variable>
  </EnvironmentVariables>
  <CustomProperties>
    <Term><Name>ticket</Name><Value>42</Value></Term>
  </CustomProperties>
  <Dependencies>
    <Parent GroupId="1"><Child GroupId="2"/></Parent>
  </Dependencies>
  <Tasks>
    <Task Version="3.000" Name="a" CommandLine="echo one" MinCores="1" MaxCores="1" Type="Basic" GroupId="2">
      <EnvironmentVariables><Variable><Name>X</Name><Value>1</Value></Variable></EnvironmentVariables>
      <CustomProperties><Term><Name>k</Name><Value>v</Value></Term></CustomProperties>
    </Task>
    <Task Name="s" Type="ParametricSweep" StartValue="1" EndValue="9" IncrementValue="2" CommandLine="run *"
          DependsOn="a"/>
  </Tasks>
</Job>""",
        NOW,
    )
    assert made(document) == JobSpec(
        name="demo",
        min_cores=1,
        max_cores=4,
        auto_calculate_min=False,
        auto_calculate_max=False,
        priority=2005,
        fail_on_task_failure=True,
    )
    assert document.environment == {"MODE": "fast"}
    assert document.custom == {"ticket": "42"}
    a, s = document.tasks
    assert a.spec == TaskSpec(name="a", command_line="echo one")
    assert (a.environment, a.custom) == ({"X": "1"}, {"k": "v"})
    assert s.spec == TaskSpec(
        name="s",
        type=TaskType.PARAMETRIC_SWEEP,
        start_value=1,
        end_value=9,
        increment=2,
        command_line="run *",
        depends_on=("a",),
    )
    # It can run: s, in the root group for want of a GroupId, waits for a; so a does not wait for the root.
    assert [task.spec.follows for task in document.tasks] == [(), ()]
    numbered = [Task(number=number, spec=task.spec) for number, task in enumerate(document.tasks, 1)]
    assert dependencies(numbered) == {2: (1,)}
    assert document.warnings == ()


def test_the_example_of_the_2016_interface() -> None:
    """hpcpack-2016, section 4.3: POST jobs/jobFile (there within a JSON string)."""
    document = parse(
        '<Job Name="fromXml"><Tasks><Task CommandLine="hostname" MinCores="1" MaxCores="1"/></Tasks></Job>',
        NOW,
    )
    assert made(document) == JobSpec(name="fromXml")
    assert [task.spec for task in document.tasks] == [TaskSpec(command_line="hostname")]


def test_the_official_sample_that_posts_no_job() -> None:
    """windowshpc, section 4: a <string> that holds an ArrayOfProperty document makes a job of defaults."""
    body = (
        b'<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">'
        b'&lt;ArrayOfProperty xmlns="http://schemas.microsoft.com/HPCS2008R2/common"&gt;'
        b"&lt;Property&gt;&lt;Name&gt;Name&lt;/Name&gt;&lt;Value&gt;x&lt;/Value&gt;&lt;/Property&gt;"
        b"&lt;/ArrayOfProperty&gt;</string>"
    )
    document = parse(read_job_document(body), NOW)
    assert made(document) == JobSpec()
    assert document.tasks == ()


@pytest.mark.parametrize(
    "document",
    [
        # windowshpc, section 4.1: what Get Job renders of named properties.
        '<Job Version="3.000" Id="115" CreateTime="2010/12/7 23:18:20" State="Configuring" />',
        # The schema's defaults spelled out (hpcpack-model, section 12.3).
        '<Job Name="" UnitType="Core" RunUntilCanceled="false" IsExclusive="false" State="Configuring"'
        ' Progress="0"/>',
        "<Job/>",
    ],
)
def test_documents_that_say_nothing_but_defaults(document: str) -> None:
    assert made(parse(document, NOW)) == JobSpec()


def test_a_document_of_the_first_version() -> None:
    """hpcpack-model, section 12.2: the older names."""
    document = parse(
        '<Job xmlns="http://www.microsoft.com/ComputeCluster/" Name="old" MinimumNumberOfProcessors="1"'
        ' MaximumNumberOfProcessors="8" Runtime="0:1:30" Priority="AboveNormal"><Tasks>'
        '<Task CommandLine="a.exe" Stdin="in" Stdout="out" Stderr="err" MinimumNumberOfProcessors="2"'
        ' MaximumNumberOfProcessors="4" Runtime="Infinite" Name="one"/>'
        '<Task CommandLine="b.exe" Depend="one" Name="two" IsParametric="false"/></Tasks></Job>',
        NOW,
    )
    assert made(document) == JobSpec(
        name="old",
        min_cores=1,
        max_cores=8,
        auto_calculate_min=False,
        auto_calculate_max=False,
        runtime_s=5400,
        priority=3000,
    )
    assert [task.spec for task in document.tasks] == [
        TaskSpec(
            name="one", command_line="a.exe", stdin="in", stdout="out", stderr="err", min_cores=2, max_cores=4
        ),
        TaskSpec(name="two", command_line="b.exe", depends_on=("one",)),
    ]


def test_an_export_with_parents_is_imported_again() -> None:
    """hpcpack-model, section 12.3: read-only attributes are no harm; dates have no zone."""
    document = parse(
        '<Job Version="3.000" Id="31" State="Finished" SubmitTime="9/26/2011 9:31:28 PM"'
        ' Owner="D\\u" UserName="D\\u" JobType="Batch" ParentJobIds="4,5" Progress="100"'
        ' ProgressMessage="done" AutoRequeueCount="0"'
        ' PendingReason="None"><ExtendedTerms/><EnvironmentVariables/><Dependencies/><Tasks/></Job>',
        NOW,
    )
    assert made(document) == JobSpec(depends_on=(JobDependency(4), JobDependency(5)))
    assert document.warnings == ()
