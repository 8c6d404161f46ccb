"""All codes of section 14 (hpcpack-model) that can happen here do happen: those that running brings about.

The dispatcher runs over an engine that does what it is told; what became of jobs and tasks is read from their
ErrorMessage through the legacy face. Last: every code in the source is provoked here or in `test_codes.py`,
or has a reason in UNSEEN.
"""

import ast
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path

import pytest

import headgate
from headgate.core import codes
from headgate.core.vocabulary import Role, TaskType
from headgate.ports.engine import Ending, Fault
from headgate.ports.identity import Caller
from tests.compliance.windowshpc.test_codes import INVALID, NOT_ALLOWED, REFUSED, says
from tests.compliance.windowshpc.world import Legacy, properties, values
from tests.unit.dispatcher.story import Story, basic, sweep, typed

ANN = Caller("ann", Role.USER, "ann")
Told = Callable[[Story, Legacy], Awaitable[str]]
"""Something that happens. Where its ErrorMessage is."""


def ended(ending: Ending, fault: Fault = Fault.NONE) -> Told:
    """A task that runs ends like this."""

    async def tell(story: Story, face: Legacy) -> str:
        job = await story.job(basic("wait", rerunnable=False), owner=ANN)
        await story.settle()
        story.engine.end(job, ending=ending, fault=fault, reason="it says why")
        await story.settle()
        return f"/Job/{job}/Task/1"

    return tell


def asked(step: str, where: str = "/Task/1", body: str = "<string>enough</string>") -> Told:
    """Somebody asks this of a job that runs."""

    async def tell(story: Story, face: Legacy) -> str:
        job = await story.job(basic("wait"), owner=ANN)
        await story.settle()
        assert (await face.old("POST", f"/Job/{job}{step}", body.encode())).status == 200
        await story.settle()
        return f"/Job/{job}{where}"

    return tell


async def is_finished(story: Story, face: Legacy) -> str:
    """A task is ended by request, which only the newer face can do."""
    job = await story.job(basic("wait"), owner=ANN)
    await story.settle()
    assert (await face.ask("POST", f"/jobs/{job}/tasks/1/finish", "enough")).status == 204
    await story.settle()
    return f"/Job/{job}/Task/1"


async def fails(story: Story, face: Legacy) -> str:
    """A command exits with 3."""
    job = await story.job(sweep(2, "exit 3"), owner=ANN)
    await story.settle()
    return f"/Job/{job}"


async def exits(story: Story, face: Legacy) -> str:
    """A command exits with 3."""
    job = await story.job(basic("exit 3"), owner=ANN)
    await story.settle()
    return f"/Job/{job}/Task/1"


async def has_no_account(story: Story, face: Legacy) -> str:
    """The owner may not run anything."""
    story.accounts.refused["ann"] = "uid 0 is never used"
    job = await story.job(basic(), owner=ANN)
    await story.settle()
    return f"/Job/{job}/Task/1"


async def runs_too_long(story: Story, face: Legacy) -> str:
    """The job's time is over."""
    job = await story.job(basic("wait"), owner=ANN, runtime_s=5)
    await story.advance(6)
    return f"/Job/{job}"


async def cannot_prepare(story: Story, face: Legacy) -> str:
    """NodePrep fails on the only node."""
    job = await story.job(typed(TaskType.NODE_PREP, "exit 1"), basic(), owner=ANN)
    await story.settle()
    return f"/Job/{job}"


async def depends_on_a_failure(story: Story, face: Legacy) -> str:
    """The task that another waits for fails."""
    tasks = (basic("exit 1", name="a"), basic(name="b", depends_on=("a",)))
    job = await story.job(*tasks, owner=ANN, fail_dependent_tasks=True)
    await story.settle()
    return f"/Job/{job}/Task/2"


ENDS: dict[str, list[Told]] = {
    "Execution_FailedToOpenStandardError": [ended(Ending.NOT_STARTABLE, Fault.STDERR)],
    "Execution_FailedToOpenStandardInput": [ended(Ending.NOT_STARTABLE, Fault.STDIN)],
    "Execution_FailedToOpenStandardOutput": [ended(Ending.NOT_STARTABLE, Fault.STDOUT)],
    "Execution_JobRuntimeExpired": [runs_too_long],
    "Execution_NodeError": [ended(Ending.LOST)],
    "Execution_NodePrepTaskFailure": [cannot_prepare],
    "Execution_StartJobFailedOnNode": [ended(Ending.NOT_STARTABLE), has_no_account],
    "Execution_TaskCanceledDuringExecution": [asked("/Task/1/Cancel"), asked("/Task/1/Cancel", body="")],
    "Execution_TaskExecutionFailure": [exits],
    "Execution_TaskFailure": [fails],
    "Execution_TaskFinishedDuringExecution": [is_finished],
    "Execution_TaskRuntimeExpired": [ended(Ending.WALL_TIME)],
    "Execution_TasksJobCanceled": [asked("/Cancel")],
    "Execution_WorkingDirectoryNotFound": [ended(Ending.NOT_STARTABLE, Fault.WORK_DIRECTORY)],
    "Operation_CanceledByUser": [asked("/Cancel", where=""), asked("/Cancel", where="", body="")],
    "Operation_FailDependentTasks": [depends_on_a_failure],
    "Operation_FinishedByUser": [asked("/Finish")],
}
EACH = [(code, told) for code, stories in ENDS.items() for told in stories]


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    """One node of four cores."""
    told = Story()
    await told.begin()
    yield told
    told.store.shut()


@pytest.mark.parametrize(("code", "told"), EACH, ids=[f"{code} {told.__name__}" for code, told in EACH])
async def test_what_became_of_it_has_its_code(story: Story, code: str, told: Told) -> None:
    face = Legacy(story.store, story.clock)
    where = await told(story, face)
    message = values(await face.old("GET", f"{where}?Properties=ErrorMessage"))["ErrorMessage"]
    assert says(code, message), message


def test_messages_tell_codes_apart() -> None:
    """Or these tests could not."""
    for code in (*ENDS, *INVALID):
        sample = codes.message(code, ("a", "b", "c"))
        assert [other for other in (*ENDS, *INVALID) if says(other, sample)] == [code]


# ---- nothing is left out

_TEMPLATES = "templates are administered by the command line alone: tests/unit/service/test_templates.py"
UNSEEN = {
    "Operation_DatabaseException": "a disk that is full or broken: tests/integration/durability fills one",
    "Operation_FeatureUnimplemented": "what is not there has a status (415) or a code of its own",
    "Operation_InvalidEnvironmentVarValue": "a NUL, which neither XML nor our JSON lets through",
    "Operation_InvalidOperation": "what a refusal has that has no code of its own; all these have",
    "Operation_JobHoldInvalidState": "holds are set through /v1: tests/unit/dispatcher/test_script_jobs.py",
    "Operation_NotAllowedToDeleteDefaultProfile": _TEMPLATES,
    "Operation_ObjectInUse": _TEMPLATES,
    "Operation_ProfileItemRangeInconsistent_LeftDefaultGreaterThanRightDefault": _TEMPLATES,
    "Operation_OnlyConfiguringTasksCanBeSubmitted": "tasks are submitted with their job, never by a request",
    "Operation_ServerIsBusy": "an engine that does not answer: tests/unit/dispatcher/test_faults.py",
}
"""Codes that no request can bring about here, and why."""
ELSEWHERE = {
    "Operation_TaskOfTypeCannotBeReconfigured",
    "Validation_FailToCalculateTaskGroupLevel",
    "Validation_TaskDependencyTreeTooDeep",
    "Validation_TaskFailedOnJobValidationFault",
}
"""Provoked by tests of their own in `test_codes.py`."""
FIRST_WORDS = re.compile("Operation|Validation|Execution")
NAMES = re.compile(rf"({FIRST_WORDS.pattern})_\w+")
TABLES = ("core/codes.py", "core/code_table.py")
"""All that are published stand there, whether they can happen or not."""
OTHERS = {"Execution_Time"}
"""Names of other systems that look like codes: the attribute that OpenPBS's `-a` sets."""


@cache
def in_the_source() -> frozenset[str]:
    """Every name of a code that is written anywhere in the package."""
    root = Path(headgate.__file__).parent
    found = set()
    for file in root.rglob("*.py"):
        text = file.read_text()
        if str(file.relative_to(root)) not in TABLES and FIRST_WORDS.search(text):
            for node in ast.walk(ast.parse(text)):
                value = node.value if isinstance(node, ast.Constant) else None
                if isinstance(value, str) and NAMES.fullmatch(value):
                    found.add(value)
    return frozenset(found - OTHERS)


def test_every_code_in_the_source_happens_or_has_a_reason() -> None:
    provoked = {*REFUSED, *NOT_ALLOWED, *INVALID, *ENDS, *ELSEWHERE}
    assert in_the_source() - provoked == set(UNSEEN)
    assert provoked & set(UNSEEN) == set()


def test_every_code_in_the_source_is_published() -> None:
    assert in_the_source() <= set(codes.CODES)


async def test_a_task_of_a_job_that_was_canceled_while_configuring_says_nothing(story: Story) -> None:
    """Section 7.2: it stays Configuring (BVT)."""
    face = Legacy(story.store, story.clock)
    job = await story.job(basic(), owner=ANN, submitted=False)
    assert (await face.old("POST", f"/Job/{job}/Cancel", properties())).status == 200
    told = values(await face.old("GET", f"/Job/{job}/Task/1?Properties=State,ErrorMessage"))
    assert told == {"State": "Configuring", "ErrorMessage": ""}
