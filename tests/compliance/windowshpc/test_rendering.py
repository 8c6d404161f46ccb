"""Spec windowshpc, section 4.1: jobs and tasks as job XML; what is rendered can be posted back."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.formats import hpcpack_xml as xml
from tests.compliance.windowshpc.world import Legacy, rows, values

NAMESPACE = "http://schemas.microsoft.com/HPCS2008R2/scheduler/"
DOCUMENT = (
    f'<Job xmlns="{NAMESPACE}" Version="3.000" Name="demo" UnitType="Core" MinCores="1" MaxCores="4"'
    ' Priority="Normal+5" FailOnTaskFailure="true"><EnvironmentVariables><Variable><Name>MODE</Name>'
    "<Value>fast</Value></Variable></EnvironmentVariables><CustomProperties><Term><Name>ticket</Name>"
    '<Value>42</Value></Term></CustomProperties><Tasks><Task Name="a" CommandLine="echo &lt;one&gt;"'
    ' MinCores="1" MaxCores="1"><EnvironmentVariables><Variable><Name>X</Name><Value>1</Value></Variable>'
    "</EnvironmentVariables><CustomProperties><Term><Name>k</Name><Value>v</Value></Term></CustomProperties>"
    '</Task><Task Name="s" Type="ParametricSweep" StartValue="1" EndValue="9" IncrementValue="2"'
    ' CommandLine="run *" DependsOn="a"/></Tasks></Job>'
)


KEPT = (
    "Name,Type,CommandLine,DependsOn,StartValue,EndValue,IncrementValue,MinCores,MaxCores,WorkDirectory,"
    "IsRerunnable,JobTaskId"
)


async def same(world: Legacy, first: int, second: int) -> None:
    """Two jobs differ in what is their own only."""
    own = {"Id", "CreateTime", "ChangeTime", "SystemId", "ParentJobId", "TaskId"}
    for path in ("", "/CustomProperties", "/EnvVariables"):
        one, two = [values(await world.old("GET", f"/Job/{job}{path}")) for job in (first, second)]
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in two.items() if k not in own
        }
    target = f"Tasks?ExpandParametric=false&Properties={KEPT}"
    one_tasks, two_tasks = [rows(await world.old("GET", f"/Job/{job}/{target}")) for job in (first, second)]
    assert one_tasks == two_tasks


async def test_what_is_rendered_can_be_posted_back(world: Legacy) -> None:
    created = await world.old("POST", "/Jobs/JobFile", DOCUMENT.encode())
    assert xml.read_int(created.body) == 1
    rendered = await world.old("GET", "/Job/1?Render=HpcJobXml")
    assert rendered.body.startswith(f'<Job xmlns="{NAMESPACE}" Version="3.000" Id="1"'.encode())
    world.clock.time += 1_000_000
    again = await world.old("POST", "/Jobs/JobFile", rendered.body)
    assert xml.read_int(again.body) == 2
    await same(world, 1, 2)
    third = await world.old("POST", "/Jobs/JobFile", xml.write_text(rendered.body.decode()))
    assert xml.read_int(third.body) == 3
    await same(world, 1, 3)
    variables = values(await world.old("GET", "/Job/3/Task/1/EnvVariables"))
    assert variables == {"X": "1"}


async def test_a_job_of_many_tasks_is_rendered_whole(world: Legacy) -> None:
    tasks = "".join(f'<Task CommandLine="echo {number}"/>' for number in range(1, 2502))
    created = await world.old("POST", "/Jobs/JobFile", f"<Job><Tasks>{tasks}</Tasks></Job>".encode())
    assert created.status == 200
    rendered = await world.old("GET", "/Job/1?Render=HpcJobXml")
    assert re.findall(rb'CommandLine="echo (\d+)"', rendered.body) == [b"%d" % n for n in range(1, 2502)]


@pytest.mark.parametrize("target", ["/Job/1/Task/1", "/Job/1/Task/1/SubTask/2"])
async def test_a_task_is_rendered(world: Legacy, target: str) -> None:
    await world.run_sweep()
    got = await world.old("GET", f"{target}?Render=HpcJobXml")
    assert got.status == 200
    assert got.body.startswith(f'<Task xmlns="{NAMESPACE}" Version="3.000" '.encode())
    assert b"ParametricSweep" in got.body
    named = await world.old("GET", f"{target}?Render=HpcJobXml&Properties=State")
    assert re.fullmatch(rb'<Task Version="3.000" State="\w+" xmlns="[^"]+" />', named.body)


async def test_others_see_no_command_lines(world: Legacy) -> None:
    await world.run_sweep()
    for target in ("/Job/1", "/Job/1/Task/2"):
        mine = await world.old("GET", f"{target}?Render=HpcJobXml")
        other = await world.old("GET", f"{target}?Render=HpcJobXml", user="ben")
        assert b"CommandLine" in mine.body
        assert other.status == 200
        assert b"CommandLine" not in other.body


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@given(NAMES, st.lists(NAMES, max_size=4), st.sampled_from(["Core", "Node", "Socket"]))
def test_any_job_survives_the_way_out_and_in(name: str, lines: list[str], unit: str) -> None:
    async def story() -> None:
        world = Legacy()
        await world.open()
        job = await world.job(Name=name, UnitType=unit)
        for line in lines:
            await world.task(job, CommandLine=line)
        rendered = await world.old("GET", f"/Job/{job}?Render=HpcJobXml")
        again = await world.old("POST", "/Jobs/JobFile", rendered.body)
        assert again.status == 200, again.body
        await same(world, job, xml.read_int(again.body))
        await world.close()

    asyncio.run(story())
