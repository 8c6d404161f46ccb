"""JSON, XML and job XML say the same: any job made through one is read through the others, and made again.

What is made is drawn by the strategies of `tests/property/scripts/test_jobxml.py`, which has every property
that can be set. Answers are read by lxml and json alone, so that a reader of ours hides nothing.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec import Struct

from headgate.core.properties import JOB, TASK, Registry
from headgate.core.properties.text_forms import write
from headgate.core.vocabulary import TaskType, UnitType
from tests.compliance.hpcpack.world import NOON, Response
from tests.compliance.windowshpc.world import Legacy
from tests.property.scripts.test_jobxml import (
    FREE_VALUES,
    JOB_VALUES,
    RANGE,
    TASK_VALUES,
    TRIMMED,
    chosen,
    pair,
)

Texts = Mapping[str, str]
Told = dict[str, str]
XML = {"accept": "application/xml"}

VARIABLES = st.dictionaries(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_.()-]{0,8}", fullmatch=True), TRIMMED.filter(bool), max_size=3
)
HELD = st.none() | st.integers(60, 360 * 86400).map(lambda seconds: NOON + seconds * 1_000_000)
HERE: dict[str, st.SearchStrategy[Any]] = {"JobTemplate": st.just("Default"), "HoldUntil": HELD}
"""What depends on the world: the templates there are, what time it is."""


NAMED = st.dictionaries(TRIMMED.filter(str.strip), TRIMMED, max_size=3)


class Thing(Struct, frozen=True):
    """A job or a task as clients send it."""

    properties: Texts
    variables: Texts
    terms: Texts


def texts(registry: Registry, said: Mapping[str, Any]) -> Told:
    """Values as they are written on the wire."""
    return {name: write(registry[name], value) for name, value in said.items()}


@st.composite
def any_task(draw: st.DrawFn, unit: UnitType) -> Thing:
    """A task of any type that may be in a job of this unit."""
    kind = draw(st.sampled_from(TaskType))
    values = dict(TASK_VALUES)
    if kind in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        values |= FREE_VALUES | pair(unit)
    if kind is not TaskType.BASIC:
        values["FailJobOnFailureCount"] = st.integers(1, 1_000_000)
    if kind is TaskType.PARAMETRIC_SWEEP:
        values |= dict.fromkeys(RANGE, st.integers(-5, 5))
    said = draw(chosen(values)) | {"Type": kind}
    return Thing(texts(TASK, said), draw(VARIABLES), draw(NAMED))


@st.composite
def any_job(draw: st.DrawFn) -> tuple[Thing, list[Thing]]:
    """A job and its tasks."""
    unit = draw(st.sampled_from(UnitType))
    said = draw(chosen(JOB_VALUES | HERE | pair(unit))) | {"UnitType": unit}
    job = Thing(texts(JOB, said), draw(VARIABLES), draw(NAMED))
    return job, draw(st.lists(any_task(unit), max_size=4))


# ---- one job, told in three forms


def in_json(answer: Response) -> list[Told]:
    """The property set or rows of an answer in JSON."""
    found = json.loads(answer.body)
    rows = [row["Properties"] for row in found] if found and "Properties" in found[0] else [found]
    return [{entry["Name"]: entry["Value"] for entry in row} for row in rows]


def in_xml(answer: Response) -> list[Told]:
    """Likewise in XML."""
    root = etree.fromstring(answer.body)
    rows = list(root) if root.tag.endswith("ArrayOfObject") else [root]
    return [{entry[0].text or "": entry[1].text or "" for entry in row.iter("{*}Property")} for row in rows]


class Whole(Struct, frozen=True):
    """Everything that can be read of a job."""

    job: Told
    variables: Told
    terms: Told
    tasks: list[tuple[Told, Told, Told]]


async def read(world: Legacy, job: int, form: str) -> Whole:
    """A job in one of the forms."""

    async def of(path: str) -> list[Told]:
        if form == "/WindowsHPC":
            old = path.replace("/tasks/", "/Task/").replace("/jobs/", "/Job/")
            answer = await world.old("GET", old)
        else:
            answer = await world.ask("GET", path, headers=XML if form == "XML" else {})
        assert answer.status == 200, answer.body
        return in_json(answer) if form == "JSON" else in_xml(answer)

    async def set_of(path: str) -> Told:
        found = await of(path)
        return found[0] if found else {}

    at = f"/jobs/{job}"
    names = ",".join(prop.name for prop in TASK.readable())
    rows = await of(f"{at}/tasks?expandParametric=false&rowsPerRead=100&properties={names}")
    tasks = []
    for number, row in enumerate([row for row in rows if row], 1):
        one = f"{at}/tasks/{number}"
        assert await set_of(f"{one}?properties={names}") == row
        tasks.append((row, await set_of(f"{one}/envVariables"), await set_of(f"{one}/customProperties")))
    return Whole(
        await set_of(at), await set_of(f"{at}/envVariables"), await set_of(f"{at}/customProperties"), tasks
    )


OWN = {"Id", "CreateTime", "ChangeTime", "TaskId", "ParentJobId", "ChildJobIds"}
"""What makes a job or task this one and no other; who waits for it is said by others. All else is what "the
same job" means.
"""


def same(whole: Whole) -> Whole:
    """A job without what is its own."""

    def without(told: Told) -> Told:
        return {name: value for name, value in told.items() if name not in OWN}

    tasks = [(without(row), variables, terms) for row, variables, terms in whole.tasks]
    return Whole(without(whole.job), whole.variables, whole.terms, tasks)


def differences(one: Whole, two: Whole) -> list[object]:
    """What two jobs tell differently."""
    if len(one.tasks) != len(two.tasks):
        return [len(one.tasks), len(two.tasks)]
    pairs = [(one.job, two.job), (one.variables, two.variables), (one.terms, two.terms)]
    for mine, other in zip(one.tasks, two.tasks, strict=True):
        pairs += zip(mine, other, strict=True)
    return [(set(a.items()) - set(b.items()), set(b.items()) - set(a.items())) for a, b in pairs if a != b]


async def make(world: Legacy, job: Thing, tasks: list[Thing]) -> int:
    """Through JSON."""

    async def post(path: str, values: Texts) -> None:
        body = [{"Name": name, "Value": value} for name, value in values.items()]
        answer = await world.ask("POST", path, body)
        assert answer.status in (200, 204), (answer.body, body)

    now = {name: value for name, value in job.properties.items() if name != "HoldUntil"}
    number = await world.job(**now)
    at = f"/jobs/{number}"
    held = [{"Name": "HoldUntil", "Value": job.properties.get("HoldUntil", "")}]
    assert (await world.ask("PUT", at, held)).status == 204
    await post(f"{at}/envVariables", job.variables)
    await post(f"{at}/customProperties", job.terms)
    for count, task in enumerate(tasks, 1):
        await post(f"{at}/tasks", task.properties)
        await post(f"{at}/tasks/{count}/envVariables", task.variables)
        await post(f"{at}/tasks/{count}/customProperties", task.terms)
    return number


def sent(told: Whole, job: Thing, tasks: list[Thing]) -> bool:
    """Whether what was sent is what is told (properties are told in canonical spelling, so not compared)."""
    terms = {name: value for name, value in told.terms.items() if name != "GPUJob"}
    given = [(dict(task.variables), dict(task.terms)) for task in tasks]
    return (
        told.variables == job.variables
        and terms == job.terms
        and [(variables, terms) for _, variables, terms in told.tasks] == given
        and all(
            told.job[name] == value for name, value in job.properties.items() if name in ("Name", "Project")
        )
        and all(
            row[name] == value
            for (row, _, _), task in zip(told.tasks, tasks, strict=True)
            for name, value in task.properties.items()
            if name in ("Name", "CommandLine", "Type", "StdOutFilePath")
        )
    )


@given(any_job())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_job_made_in_json_is_the_same_in_every_form_and_made_again(
    drawn: tuple[Thing, list[Thing]],
) -> None:
    job, tasks = drawn

    async def story() -> None:
        world = Legacy()
        await world.open()
        number = await make(world, job, tasks)
        told = await read(world, number, "JSON")
        assert sent(told, job, tasks)
        for form in ("XML", "/WindowsHPC"):
            assert differences(told, await read(world, number, form)) == []
        document = (await world.old("GET", f"/Job/{number}?Render=HpcJobXml")).body
        world.clock.time += 1_000_000
        posted = await world.old("POST", "/Jobs/JobFile", document)
        assert posted.status == 200, posted.body
        again = await world.ask("POST", "/jobs/jobFile", document.decode())
        for copy in (number + 1, again.json):
            assert differences(same(told), same(await read(world, copy, "JSON"))) == []
        second = (await world.old("GET", f"/Job/{again.json}?Render=HpcJobXml")).body
        assert attributes(second) == attributes(document)
        await world.close()

    asyncio.run(story())


def attributes(document: bytes) -> list[tuple[str, dict[str, str]]]:
    """Every element of a job document in order, without what is its own."""
    return [
        (
            str(element.tag),
            {str(name): str(value) for name, value in element.attrib.items() if name not in OWN},
        )
        for element in etree.fromstring(document).iter()
    ]
