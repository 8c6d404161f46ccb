"""Whatever users ask and whatever befalls the engine and the server: the counts are right, the events are
one chain, nothing runs twice, and every job ends when all that runs is ended.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.chunks import MIB
from headgate.core.errors import Refusal
from headgate.core.model import Chunk, JobDependency, Step, StepRule, TaskSpec
from headgate.core.properties import JOB, TASK
from headgate.core.states import FINAL_JOB_STATES
from headgate.core.vocabulary import Arrangement, HoldKind, NodeState, Sharing, TaskType
from headgate.core.vocabulary import DependencyCondition as Condition
from headgate.ports.engine import Ending, Fault
from headgate.service.edit import JobEdit
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import Answer, node
from tests.unit.dispatcher.story import ADMIN, ALICE, UNTIL_CANCELED, Story, basic, sweep, typed


def parts(*chunks: Chunk, **spec: Any) -> TaskSpec:
    """A task of these chunks."""
    return TaskSpec(script=b"wait", interpreter=(), chunks=chunks, **spec)


def waiting(other: int, condition: Condition, delay_s: int = 0) -> dict[str, Any]:
    """What a job says that waits for another."""
    return {"depends_on": (JobDependency(other, condition, delay_s),)}


KINDS: dict[str, tuple[list[TaskSpec], dict[str, Any]]] = {
    "basic": ([basic("wait"), basic("exit 1")], {}),
    "retried": ([basic("exit 1"), sweep(3, "exit 2")], {"execution_failure_retry_limit": 1}),
    "sweep": ([sweep(7, "wait")], {}),
    "quick sweep": ([sweep(40, "true"), basic("true")], {}),
    "huge sweep": (
        [sweep(1_000_000, "wait", rerunnable=False)],
        {"auto_calculate_max": False, "max_cores": 2},
    ),
    "fragile": ([basic("exit 1"), sweep(9, "wait")], {"fail_on_task_failure": True}),
    "critical": (
        [sweep(9, "exit 1", fail_job_on_failure=True, fail_job_on_failure_count=2), basic("wait")],
        {},
    ),
    "chain": (
        [basic("wait", name="a"), sweep(3, name="b", depends_on=("a",)), basic(name="c", depends_on=("b",))],
        {},
    ),
    "fragile chain": (
        [
            sweep(2, "wait", name="a"),
            basic(name="b", depends_on=("a",)),
            sweep(3, name="c", depends_on=("b",)),
        ],
        {"fail_dependent_tasks": True},
    ),
    "prepared": (
        [typed(TaskType.NODE_PREP, "sleep 0.01"), sweep(6, "sleep 0.01"), typed(TaskType.NODE_RELEASE)],
        {},
    ),
    "badly prepared": ([typed(TaskType.NODE_PREP, "exit 1"), basic(), typed(TaskType.NODE_RELEASE)], {}),
    "service": ([typed(TaskType.SERVICE, "wait")], {"auto_calculate_max": False, "max_cores": 2}),
    "wide": ([basic("wait", min_cores=3, max_cores=3)], {"priority": 3000}),
    "alone": ([sweep(3, "sleep 0.5")], {"exclusive": True}),
    "timed": ([basic("wait"), basic("wait", runtime_s=2)], {"runtime_s": 5}),
    "endless": ([basic("true")], UNTIL_CANCELED),
    "empty": ([], {}),
    "array": ([sweep(1, "wait", index_set="1,4-9", max_running=2)], {"name": "n"}),
    "quick array": ([sweep(60, "true", max_running=3)], {}),
    "scattered": ([parts(Chunk(count=2, cores=1), arrangement=Arrangement.SCATTER)], {}),
    "whole node": ([parts(Chunk(cores=0))], {"priority": 2500}),
    "not shared": ([parts(Chunk(cores=1, memory=MIB), sharing=Sharing.EXCLUSIVE)], {}),
    "elastic": ([parts(Chunk(count=1, max_count=9, cores=1))], {}),
    "script": ([parts(Chunk())], {"flavour": "tiny", "runtime_s": 3, "holds": (HoldKind.USER,)}),
    "alone of its name": ([basic("sleep 0.3")], {"name": "n", "singleton": True}),
    "chain of jobs": ([basic("exit 1")], {"step": Step(), "name": "c"}),
    "waiting for others": ([basic("wait")], {"awaits": 1, "drop_when_hopeless": True}),
    "many": (
        [
            basic("wait"),
            basic("exit 1", name="a"),
            sweep(2, "wait"),
            basic("wait", name="b", depends_on=("a",)),
            basic("true", depends_on=("b",), name="c"),
        ],
        {"fail_dependent_tasks": True},
    ),
    "many, fragile": (
        [basic("wait", name="b", depends_on=("a",)), basic("exit 1", name="a"), basic("wait")],
        {"fail_dependent_tasks": True, "fail_on_task_failure": True},
    ),
    "not valid": ([basic(" "), sweep(3)], {}),
}
UNLESS_WELL, IF_ONE = StepRule("ec", "!=", (0,), "all"), StepRule("ec", "==", (1,))
DROPPED = {"drop_when_hopeless": True}
TIES: dict[str, Callable[[int], tuple[TaskSpec, dict[str, Any]]]] = {
    "after start": lambda other: (basic("wait"), waiting(other, Condition.STARTED, 1)),
    "after failure": lambda other: (basic("wait"), waiting(other, Condition.FAILED) | DROPPED),
    "after end": lambda other: (basic("true"), waiting(other, Condition.ENDED) | DROPPED),
    "one by one": lambda other: (sweep(6, "wait"), waiting(other, Condition.CORRESPONDS) | DROPPED),
    "rival": lambda other: (basic("wait"), {"rivals": (other,)}),
    "before": lambda other: (basic("exit 1"), {"precedes": (JobDependency(other),)}),
    "step": lambda other: (
        basic("wait"),
        {"step": Step(of=other, rules=(StepRule("ec", "!=", (0,), "all"),))},
    ),
    "step by name": lambda _: (
        basic("wait"),
        {"step": Step(of_name="c", rules=(StepRule("ec", "==", (1,)),))},
    ),
}
"""Jobs that are tied to an earlier one."""
ANSWERS: list[Answer] = ["uncertain", "uncertain but taken", "half taken", "refuse"]
SMALL = st.integers(0, 7)
STEP = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from(sorted(KINDS)), st.booleans()),
    st.tuples(st.just("submit"), st.sampled_from(sorted(KINDS)), st.booleans()),
    st.tuples(st.just("tie"), st.sampled_from(sorted(TIES)), SMALL),
    st.tuples(st.sampled_from(["hold job", "release job", "time job"]), SMALL, SMALL),
    st.tuples(
        st.sampled_from(["cancel job", "force job", "finish job", "requeue job", "add task"]), SMALL, SMALL
    ),
    st.tuples(
        st.sampled_from(["cancel task", "force task", "finish task", "requeue task"]),
        SMALL,
        st.integers(0, 40),
    ),
    st.tuples(st.sampled_from(["end", "fail", "lose", "lose for good", "kill"]), SMALL, SMALL),
    st.tuples(st.sampled_from(["turn", "advance"]), SMALL, SMALL),
    st.tuples(st.sampled_from(["restart", "die", "reboot", "node", "away", "jumble"]), SMALL, SMALL),
    st.tuples(st.just("answer"), st.integers(0, len(ANSWERS) - 1), SMALL),
)


class Killed(BaseException):
    """The server dies here."""


class Life:
    """A story, and what may happen in it."""

    def __init__(self) -> None:
        self.story = Story(node("n1", cores=3), node("n2", cores=2))
        self.jobs: list[int] = []
        self.count = 0

    def pick(self, number: int) -> int:
        return self.jobs[-1 - number % len(self.jobs)]

    async def do(self, what: str, first: Any, second: Any) -> None:
        if (what.endswith(" job") or what == "add task") and self.jobs:
            await self.ask_job(what, self.pick(first))
        elif what.endswith(" task") and self.jobs:
            await self.ask_task(what, self.pick(first), 1 + second % 3, second // 3)
        elif what in ("end", "fail", "lose", "lose for good", "kill"):
            self.end(what, first)
        elif what == "submit":
            await self.submit(first, second)
        elif what == "tie" and self.jobs:
            task, spec = TIES[first](self.pick(second))
            self.jobs.append(await self.story.job(task, **spec))
        else:
            await self.befall(what, first, second)

    async def submit(self, kind: str, child: bool) -> None:
        tasks, spec = KINDS[kind]
        parents = (JobDependency(self.jobs[-1]),) if child and self.jobs else ()
        self.jobs.append(await self.story.job(*tasks, depends_on=parents, **spec))

    async def ask_job(self, what: str, job: int) -> None:
        jobs = self.story.jobs
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "cancel job": lambda: jobs.cancel(ALICE, job),
            "force job": lambda: jobs.cancel(ALICE, job, forced=True),
            "finish job": lambda: jobs.finish(ALICE, job),
            "requeue job": lambda: jobs.requeue(ALICE, job),
            "hold job": lambda: jobs.hold(ALICE, job),
            "release job": lambda: jobs.release(ALICE, job),
            "time job": lambda: jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 4}),
            "add task": lambda: self.story.tasks.add(ALICE, job, {TASK["CommandLine"]: "sleep 0.2"}),
        }
        await asked[what]()

    async def ask_task(self, what: str, job: int, task: int, instance: int) -> None:
        tasks = self.story.tasks
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "cancel task": lambda: tasks.cancel(ALICE, job, task, instance=instance, message="m"),
            "force task": lambda: tasks.cancel(ALICE, job, task, instance=instance, forced=True),
            "finish task": lambda: tasks.finish(ALICE, job, task, instance=instance),
            "requeue task": lambda: tasks.requeue(ALICE, job, task, instance=instance),
        }
        await asked[what]()

    def end(self, how: str, number: int) -> None:
        live = self.story.engine.live()
        if not live:
            return
        who = live[number % len(live)].who
        if how == "end":
            self.story.engine.end(*who)
        elif how == "fail":
            self.story.engine.end(*who, exit_code=1)
        elif how == "kill":
            self.story.engine.end(*who, ending=Ending.SIGNALED, signal=9)
        else:
            fault = Fault.REBOOT if how == "lose" else Fault.SUPERVISION
            self.story.engine.end(*who, ending=Ending.LOST, fault=fault)

    async def befall(self, what: str, first: int, second: int) -> None:
        story = self.story
        if what == "turn":
            for _ in range(first):
                await story.step()
        elif what == "advance":
            await story.advance(0.4 * first)
        elif what == "restart":
            await story.restart()
        elif what == "die":
            await self.die(["write", "submit", "cancel", "find"][first % 4], after=bool(second % 2))
        elif what == "reboot":
            story.engine.reboot()
            await story.restart()
            story.engine.certain = True
        elif what == "node":
            state = NodeState.OFFLINE if second % 2 else NodeState.ONLINE
            await story.nodes.set_state(ADMIN, f"n{1 + first % 2}", state)
        elif what == "away":
            story.engine.failing[["observe", "find", "cancel", "submit"][first % 4]] += 1
        elif what == "jumble":
            shuffle = random.Random(second)
            story.engine.repeat = 1 + first % 3
            story.engine.reorder = lambda seen: shuffle.sample(seen, len(seen))
        elif what == "answer":
            story.engine.answers.append(ANSWERS[first])

    async def die(self, where: str, *, after: bool) -> None:
        story = self.story
        target: object = story.store if where == "write" else story.engine
        real = getattr(target, where)

        async def deadly(*args: Any, **options: Any) -> Any:
            if after:
                await real(*args, **options)
            raise Killed

        with pytest.MonkeyPatch.context() as death:
            death.setattr(target, where, deadly)
            with contextlib.suppress(Killed):
                for _ in range(3):
                    await story.step()
        await story.restart()

    async def end_everything(self) -> None:
        """Nothing goes wrong any more, all that runs is ended, what waits for nothing is cancelled."""
        story = self.story
        story.engine.failing.clear()
        story.engine.answers.clear()
        for name in ("n1", "n2"):
            await story.nodes.set_state(ADMIN, name, NodeState.ONLINE)
        for job in self.jobs:
            with contextlib.suppress(Refusal):
                await story.jobs.release(ADMIN, job)
        unended = list(self.jobs)
        for rounds in range(60):
            if not unended:
                return
            await story.advance(1)
            story.engine.end_all()
            unended = [job for job in unended if story.the_job(job).state not in FINAL_JOB_STATES]
            for job in unended:
                if story.the_job(job).blocked or (rounds > 5 and self.is_endless(job)):
                    with contextlib.suppress(Refusal):
                        await story.jobs.cancel(ADMIN, job)
        assert not unended, [(job, story.the_job(job), story.states(job)) for job in unended]

    def is_endless(self, job: int) -> bool:
        kept, tasks = self.story.store.peek(lambda reader: (reader.job(job), reader.tasks(job)))
        service = any(task.spec.type is TaskType.SERVICE for task in tasks)
        return kept.spec.run_until_canceled or service or kept.runs > 1000


async def live(steps: list[tuple[str, Any, Any]]) -> None:
    life = Life()
    await life.story.begin()
    try:
        for step in steps:
            with contextlib.suppress(Refusal):
                await life.do(*step)
            await life.story.step()
            audit(life.story)
        await life.end_everything()
        audit(life.story)
        assert not life.story.store.peek(lambda reader: reader.intents())
    finally:
        life.story.store.shut()


@given(st.lists(STEP, min_size=5, max_size=40))
def test_nothing_is_lost_or_run_twice_whatever_happens(steps: list[tuple[str, Any, Any]]) -> None:
    asyncio.run(live(steps))


@given(st.lists(STEP, min_size=5, max_size=40), st.integers(1, 2))
def test_nothing_is_lost_where_tasks_go_some_at_a_time(steps: list[tuple[str, Any, Any]], piece: int) -> None:
    """As with jobs of many tasks, whatever comes between two pieces, the end of the server included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobEdit, "piece", piece)
        asyncio.run(live(steps))
