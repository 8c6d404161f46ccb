"""Story: the whole inside, driven step by step: a real store in memory, a FakeEngine, a dispatcher whose loop
is turned by the test. `settle` lets everything happen that follows by itself; `advance` lets time pass.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headgate.core.codes import message
from headgate.core.environment import Site
from headgate.core.errors import NotPermitted, StoreUnavailable
from headgate.core.launch import OsAccount
from headgate.core.model import Event, Instance, Job, JobSpec, Mishap, Queue, Task, TaskSpec
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import Role, TaskType
from headgate.dispatcher import Dispatcher
from headgate.dispatcher.passing import Passing
from headgate.dispatcher.timing import Timing
from headgate.ports.engine import NodeSighting
from headgate.ports.identity import Caller
from headgate.service.jobs import Jobs, NewJob, NewTask
from headgate.service.nodes import Nodes
from headgate.service.queues import Queues
from headgate.service.tasks import Tasks
from headgate.store import open_store
from tests.unit.dispatcher.engine import Clock, FakeEngine
from tests.unit.dispatcher.flavour import Tiny
from tests.unit.store.memory import memory_store

ALICE = Caller("alice", Role.USER, "alice")
BOB = Caller("bob", Role.USER, "bob")
OPERATOR = Caller("olga", Role.OPERATOR, "olga")
JOBADMIN = Caller("jo", Role.JOBADMIN, "jo")
ADMIN = Caller("root", Role.ADMIN, "root")

QUICK = Timing(reopen=0.001, answer=0.05, opening=0.05, observing=0.05)


class Accounts:
    """ports.Identity, as far as the dispatcher asks it."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.refused_groups: dict[str, str] = {}

    def os_account(self, user: str, group: str = "") -> OsAccount | None:
        if user in self.refused:
            raise NotPermitted(self.refused[user])
        if group in self.refused_groups:
            raise NotPermitted(self.refused_groups[group])
        return None

    def remembered(self, authorization: str) -> Caller | None:
        return None

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        raise NotImplementedError

    def caller(self, name: str) -> Caller:
        raise NotImplementedError


class Story:
    """See the module."""

    def __init__(
        self, *machines: NodeSighting, clock: Clock | None = None, where: Path | str = ":memory:"
    ) -> None:
        self.clock = clock or Clock()
        self.engine = FakeEngine(self.clock, list(machines)) if machines else FakeEngine(self.clock)
        in_memory = where == ":memory:"
        self.store = memory_store(clock=self.clock) if in_memory else open_store(where, clock=self.clock)
        self.accounts = Accounts()
        self.tiny = Tiny()
        self.jobs = Jobs(self.store)
        self.tasks = Tasks(self.store)
        self.nodes = Nodes(self.store)
        self.queues = Queues(self.store)
        self.dispatcher = self._dispatcher()
        self.passing = Passing(self.store)

    def _dispatcher(self) -> Dispatcher:
        site = Site("cluster", "head", OsAccount("me", 1000, 1000, "/home/me"))
        flavours = {self.tiny.name: self.tiny}
        return Dispatcher(self.store, self.engine, self.accounts, self.clock, site, flavours, timing=QUICK)

    async def begin(self) -> None:
        await self.dispatcher.begin()
        await self.passing.begin()

    async def restart(self) -> None:
        """The server is killed and started again; the engine and the store go on."""
        self.dispatcher = self._dispatcher()
        self.passing = Passing(self.store)
        await self.begin()

    async def settle(self) -> None:
        """Until nothing more happens by itself."""
        quiet = 0
        for _ in range(2000):
            before = self._traces()
            await self.step()
            quiet = quiet + 1 if self._traces() == before else 0
            if quiet == 2:
                return
        raise AssertionError("it never comes to rest")

    async def step(self) -> None:
        """One look at the engine and one turn of the loop; a millisecond passes."""
        self.clock.advance(0.001)
        self.engine.proceed()
        await self.dispatcher.look()
        try:
            await self.dispatcher.turn()
            await self.passing.turn()
        except StoreUnavailable:
            pass

    def _traces(self) -> tuple[int, int]:
        return self.store.peek(lambda reader: reader.last_event()), self.engine.calls

    async def advance(self, seconds: float) -> None:
        """Let everything happen, then time pass, then everything happen that it brings."""
        await self.settle()
        self.clock.advance(seconds)
        await self.dispatcher.look_at_nodes()
        await self.settle()

    # ---- asking for something

    async def job(
        self,
        *tasks: TaskSpec,
        owner: Caller = ALICE,
        submitted: bool = True,
        environment: Mapping[str, str] | None = None,
        **spec: Any,
    ) -> int:
        """A new job of these tasks."""
        new = NewJob(
            spec=JobSpec(**spec),
            tasks=[NewTask(spec=task) for task in tasks],
            environment=environment or {},
        )
        return (await self.jobs.create_whole(owner, new, submitted=submitted)).id

    async def queue(self, name: str, **fields: Any) -> None:
        """A new queue."""
        await self.queues.create(None, Queue(name=name, **fields))

    # ---- looking

    def waits(self, job: int) -> str:
        """What of its queue the job waits for."""
        found = self.queues.waiting(None, [self.the_job(job)])
        return found[job].why.name if found else ""

    def the_job(self, job: int) -> Job:
        return self.store.peek(lambda reader: reader.job(job))

    def the_task(self, job: int, task: int = 1) -> Task:
        return self.store.peek(lambda reader: reader.task(job, task))

    def row(self, job: int, task: int, instance: int) -> Instance | None:
        return self.store.peek(lambda reader: reader.instance(job, task, instance))

    def rows(self, job: int, task: int = 1) -> list[Instance]:
        return self.store.peek(lambda reader: reader.instances(job, task))

    def state(self, job: int) -> str:
        """The job's state by name."""
        return self.the_job(job).state.name

    def states(self, job: int) -> list[str]:
        """The states of its tasks by name."""
        return [task.state.name for task in self.store.peek(lambda reader: reader.tasks(job))]

    def instance_state(self, job: int, task: int, instance: int) -> str:
        found = self.tasks.get(ADMIN, job, task, instance).instance
        assert found is not None
        return found.state.name

    def why(self, job: int, task: int = 0, instance: int = 0) -> str:
        """The error message."""
        mishap: Mishap | None
        if instance:
            row = self.row(job, task, instance)
            mishap = row.run.mishap if row is not None else None
        else:
            mishap = self.the_task(job, task).run.mishap if task else self.the_job(job).mishap
        return "" if mishap is None else message(mishap)

    def events(self, job: int | None = None) -> list[Event]:
        return self.store.peek(lambda reader: reader.events(after=0, limit=1_000_000, job_id=job))

    def path(self, job: int, task: int = 0, instance: int = 0) -> list[str]:
        """All states passed, by name."""
        kind = TaskState if task else JobState
        passed: list[int] = []
        for event in self.events(job):
            if (event.task, event.instance) == (task, instance):
                assert not passed or passed[-1] == event.path[0]
                passed += event.path[1:] if passed else event.path
        return [kind(one).name for one in passed]


def basic(command: str = "true", **spec: Any) -> TaskSpec:
    """A Basic task."""
    return TaskSpec(command_line=command, **spec)


def sweep(count: int, command: str = "true", **spec: Any) -> TaskSpec:
    """A ParametricSweep of 1..count."""
    return typed(TaskType.PARAMETRIC_SWEEP, command, start_value=1, end_value=count, **spec)


def typed(kind: TaskType, command: str = "true", **spec: Any) -> TaskSpec:
    """A task of another type."""
    return TaskSpec(type=kind, command_line=command, **spec)


UNTIL_CANCELED: dict[str, Any] = {
    "run_until_canceled": True,
    "auto_calculate_min": False,
    "auto_calculate_max": False,
}


def names(states: Sequence[TaskState]) -> list[str]:
    """States by name."""
    return [state.name for state in states]
