"""Commands: an admin job that runs one command line once on each of some nodes, and what it prints.

Each node is a Basic task of the job, named after it and bound to it. Commands are for administrators (the
vendor's `clusrun` is too); they run with the rights of the administrator's own OS account like any other job.
What is printed is the captured output of each task as far as the engine has reported it: whoever wants to
follow it asks again, and gives how far it has read.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headgate.core.codes import message as describe
from headgate.core.errors import BadRequest, NotFound
from headgate.core.model import Job, JobSpec, Task, TaskSpec
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState
from headgate.core.vocabulary import JobType
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store
from headgate.service.jobs import Jobs, NewJob, NewTask
from headgate.service.nodes import find_node
from headgate.service.rights import require_admin, require_seeing

NAME_LENGTH = 80
HIGHEST_PRIORITY = 4000
MOST_NODES = 1000
_RUNNING = frozenset({JobState.RUNNING, JobState.FINISHING, JobState.CANCELING})


class Printed(Struct, frozen=True):
    """What a command printed on a node behind where it was last read; `ended`: there will be no more.

    fault: why it could not be started there.
    """

    task: int
    node: str
    output: bytes
    ended: bool
    fault: str = ""


class Progress(Struct, frozen=True):
    """How a command is doing. over: nothing will be printed any more."""

    running: bool
    over: bool
    printed: list[Printed]


class Commands:
    """See the module."""

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs

    async def create(self, caller: Caller, command_line: str, nodes: Sequence[str]) -> int:
        """A job, not submitted yet, that runs this on each of these nodes (once, however often one is named).

        Returns its id. Raises NotPermitted, NotFound (kind node), BadRequest.
        """
        require_admin(caller)
        if not command_line.strip():
            raise BadRequest("There is no command line.")
        if not 0 < len(nodes) <= MOST_NODES:
            raise BadRequest(f"A command is for 1 to {MOST_NODES} nodes; {len(nodes)} were named.")
        known = self._store.peek(lambda reader: reader.nodes())
        names = dict.fromkeys(find_node(known, name).name for name in nodes)
        spec = JobSpec(
            name=command_line.strip()[:NAME_LENGTH], job_type=JobType.ADMIN, priority=HIGHEST_PRIORITY
        )
        tasks = [
            # Not to be run again by itself: it is to run once. In a directory that every node has.
            NewTask(
                spec=TaskSpec(
                    name=name,
                    command_line=command_line,
                    required_nodes=(name,),
                    rerunnable=False,
                    work_directory="/",
                )
            )
            for name in names
        ]
        job = await self._jobs.create_whole(caller, NewJob(spec=spec, tasks=tasks), submitted=False)
        return job.id

    async def start(self, caller: Caller, job_id: int) -> None:
        """Submit it. Raises NotFound, NotPermitted, WrongState."""
        self._check(caller, job_id)
        await self._jobs.submit(caller, job_id)

    async def cancel(self, caller: Caller, job_id: int) -> None:
        """Cancel it. Raises NotFound, NotPermitted, WrongState."""
        self._check(caller, job_id)
        await self._jobs.cancel(caller, job_id)

    def _check(self, caller: Caller, job_id: int) -> None:
        job = self._store.peek(lambda reader: reader.job(job_id))
        require_seeing(caller, job)
        _require_command(job)

    async def printed(self, caller: Caller, job_id: int, read: Mapping[int, int | None]) -> Progress:
        """What there is behind `read` (bytes by task; None: all of it) on each node that is not read to its
        end.

        Raises NotFound (also when it is no command), NotPermitted.
        """

        def look(reader: Reader) -> Progress:
            job = reader.job(job_id)
            require_seeing(caller, job)
            _require_command(job)
            over = job.state in FINAL_JOB_STATES  # tasks of a job cancelled before it was submitted never end
            found = []
            for task in reader.tasks(job_id):
                at = read.get(task.number, 0)
                if at is not None:
                    output = reader.output(job_id, task.number, 0)
                    ended = over or task.state in FINAL_TASK_STATES
                    fault = _fault(task) if ended else ""
                    found.append(Printed(task.number, task.spec.name, output[at:], ended, fault))
            return Progress(job.state in _RUNNING, over, found)

        return await self._store.read(look)


def _require_command(job: Job) -> None:
    """Raises NotFound: to whoever asks for a command, other jobs are none."""
    if job.spec.job_type is not JobType.ADMIN:
        raise NotFound(f"Job {job.id} is not a command.", kind="job", code="Operation_InvalidJobId")


def _fault(task: Task) -> str:
    """Why a task that has ended was never started."""
    if task.times.started is not None or task.run.mishap is None:
        return ""
    return describe(task.run.mishap)
