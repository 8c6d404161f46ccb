"""What an engine reported becomes what has happened to a job. Called by the dispatcher inside its
transaction.

A sighting counts once: it must come from the intent that is responsible for the run now, and the run must
not have ended. Everything else is late or repeated and changes nothing.
"""

import signal
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.exit_codes import parse
from headgate.core.lifecycle import TaskHappened
from headgate.core.model import Intent, Job, Mishap, Run, Share, Task
from headgate.core.states import FINAL_TASK_STATES, TaskState
from headgate.core.vocabulary import Intention, TaskType
from headgate.ports.engine import Ended, Ending, Fault, OutputSeen, Sighting, Started
from headgate.ports.store import Transaction
from headgate.service.edit import JobEdit
from headgate.service.endings import JOB_CANCELED, WINDING, begin_job, end_task, settle

MAX_AUTO_REQUEUES = 3
"""How often a rerunnable task is run again after its node was lost (spec hpcpack-model, section 7.5)."""
ENDED_WITH_THE_JOB = 170
ENDED_BY_REQUEST = 171
NO_EXIT_CODE = 254
"""Exit codes of HPC Pack's agent where a program has none of its own (section 11)."""

_FAULTS = {
    Fault.WORK_DIRECTORY: "Execution_WorkingDirectoryNotFound",
    Fault.STDIN: "Execution_FailedToOpenStandardInput",
    Fault.STDOUT: "Execution_FailedToOpenStandardOutput",
    Fault.STDERR: "Execution_FailedToOpenStandardError",
}


class Recorder:
    """Takes the sightings of one transaction; `finish` draws the conclusions.

    `intents` are the open ones by id, and are kept up.
    """

    def __init__(self, tx: Transaction, intents: dict[int, Intent]) -> None:
        self._tx = tx
        self.intents = intents
        self.ended: list[Ended] = []
        """The endings that counted."""
        self.winding: set[int] = set()
        """Jobs that are being ended now."""
        self._edits: dict[int, JobEdit] = {}
        self._touched: set[int] = set()

    def record(self, seen: Iterable[Sighting]) -> None:
        """Take what was seen, in order."""
        for sighting in seen:
            intent = self.intents.get(sighting.intent)
            if intent is None or sighting.instance not in intent.instances:
                continue
            edit = self._edit(intent)
            if edit is None:
                self._count_down(intent)
            elif isinstance(sighting, Started):
                self._started(edit, intent, sighting)
            elif isinstance(sighting, OutputSeen):
                self._output(edit, intent, sighting)
            else:
                self._ended(edit, intent, sighting)

    def finish(self) -> None:
        """Draw the conclusions of everything recorded and write it."""
        for edit in self._edits.values():
            settle(edit)
            if edit.job.state in WINDING:
                self.winding.add(edit.job.id)
        for number in self._touched:
            intent = self.intents[number]
            if intent.left <= 0:
                del self.intents[number]
                self._tx.drop_intent(number)
            else:
                self._tx.put_intent(intent)

    def _edit(self, intent: Intent) -> JobEdit | None:
        edit = self._edits.get(intent.job_id)
        if edit is None:
            try:
                edit = self._edits[intent.job_id] = JobEdit(self._tx, self._tx.job(intent.job_id))
            except NotFound:
                return None
        return edit

    def _count_down(self, intent: Intent) -> None:
        self.intents[intent.id] = replace(self.intents[intent.id], left=self.intents[intent.id].left - 1)
        self._touched.add(intent.id)

    def _started(self, edit: JobEdit, intent: Intent, seen: Started) -> None:
        run, state = _now(edit, intent, seen.instance)
        if run.intent == intent.id and state not in FINAL_TASK_STATES:
            _start(edit, intent, seen, seen.at, seen.native)

    def _output(self, edit: JobEdit, intent: Intent, seen: OutputSeen) -> None:
        run, state = _now(edit, intent, seen.instance)
        if run.intent == intent.id and state not in FINAL_TASK_STATES:
            self._tx.put_output(intent.job_id, intent.task, seen.instance, seen.output)

    def _ended(self, edit: JobEdit, intent: Intent, seen: Ended) -> None:
        number, instance = intent.task, seen.instance
        run, state = _now(edit, intent, instance)
        if run.intent != intent.id or state in FINAL_TASK_STATES:
            return
        if instance and state in (TaskState.DISPATCHING, TaskState.RUNNING):
            _stop_with_the_rest(edit, number, instance, seen)
        if seen.started_at is not None:
            _start(edit, intent, seen, seen.started_at, seen.native or run.native)
        elif seen.ending is Ending.NOT_STARTABLE:
            edit.set_run(number, instance, shares=intent.shares)
        _end(edit, number, instance, seen)
        edit.set_task(number, live=edit.task(number).live - 1)
        edit.set_job(live=edit.job.live - 1)
        if seen.output:
            self._tx.put_output(intent.job_id, number, instance, seen.output)
        _note_node_duty(edit, intent, instance, seen)
        self.ended.append(seen)
        self._count_down(intent)


def _now(edit: JobEdit, intent: Intent, instance: int) -> tuple[Run, TaskState]:
    if instance == 0:
        task = edit.task(intent.task)
        return task.run, task.state
    row = edit.covered_instance(intent.task, instance, intent.id)
    return row.run, row.state


def _stop_with_the_rest(edit: JobEdit, number: int, instance: int, seen: Ended) -> None:
    """An instance that ends while its whole task is being ended was asked to, row or no row; so was NodePrep
    of a job that is being ended. And NodePrep or NodeRelease that never ran is not tried again by itself.
    """
    task = edit.task(number)
    why = task.run
    if task.spec.type.is_node_duty:
        job_ends = edit.job.state in WINDING and (task.spec.type is TaskType.NODE_PREP or edit.job.forced)
        if job_ends or seen.ending is Ending.NEVER_STARTED:
            why = Run(intention=Intention.CANCEL, mishap=JOB_CANCELED)
    if why.intention is Intention.NONE:
        return
    finish = why.intention is Intention.FINISH
    asked = TaskHappened.FINISH_ASKED if finish else TaskHappened.CANCEL_ASKED
    edit.instance_happens(number, instance, asked)
    edit.set_run(
        number, instance, intention=why.intention, mishap=why.mishap, message=why.message, forced=why.forced
    )


def _start(edit: JobEdit, intent: Intent, seen: Started | Ended, at: int, native: str) -> None:
    number, instance = intent.task, seen.instance
    task = edit.task(number)
    shares = tuple(Share(one.node, one.cores) for one in seen.shares) or intent.shares
    begin_job(edit, shares)  # of an engine that places by itself nobody knew before
    if instance == 0:
        if task.times.started is None:
            edit.task_happens(number, TaskHappened.STARTED)
            edit.set_run(number, 0, native=native, shares=shares)
            edit.set_task(number, times=replace(edit.task(number).times, started=at))
        return
    row = edit.instance(number, instance)
    if row.times.started is None:
        edit.instance_happens(number, instance, TaskHappened.STARTED)
        edit.set_run(number, instance, native=native, shares=shares)
        edit.set_instance(number, instance, times=replace(row.times, started=at))
    task = edit.task(number)
    if task.times.started is None:
        edit.set_task(number, times=replace(task.times, started=at))
    if task.state in (TaskState.QUEUED, TaskState.DISPATCHING):
        edit.task_happens(number, TaskHappened.INTENDED, TaskHappened.STARTED)


def _end(edit: JobEdit, number: int, instance: int, seen: Ended) -> None:
    """Walk the run to where this ending leads, and note what is known of it."""
    task = edit.task(number)
    state = edit.instance(number, instance).state if instance else task.state
    run = edit.instance(number, instance).run if instance else task.run
    happened, changes = decide(edit.job, task, run, state, seen)
    if instance:
        edit.instance_happens(number, instance, *happened)
        edit.set_run(number, instance, **changes)
        row = edit.instance(number, instance)
        if row.state in FINAL_TASK_STATES:
            edit.set_instance(number, instance, times=row.times.over(seen.at))
        else:
            edit.set_instance(number, instance, times=replace(row.times, started=None))
        return
    end_task(edit, number, *happened)
    edit.set_run(number, 0, **changes)
    task = edit.task(number)
    if task.state in FINAL_TASK_STATES:
        edit.set_task(number, times=task.times.over(seen.at))
    else:
        edit.set_task(number, times=replace(task.times, started=None))


def decide(
    job: Job, task: Task, run: Run, state: TaskState, seen: Ended
) -> tuple[tuple[TaskHappened, ...], dict[str, Any]]:
    """What has happened, and what changes in the run, when this ending is seen in this state. Pure."""
    if seen.ending is Ending.NEVER_STARTED and state is not TaskState.RUNNING:
        return (TaskHappened.NEVER_RAN,), {"intent": 0 if state is TaskState.DISPATCHING else run.intent}
    code = exit_code(job, task, state, seen)
    changes: dict[str, Any] = {"exit_code": code, "signal": seen.signal}
    if state is TaskState.FINISHING:  # its owner said that it is to end as Finished
        return (TaskHappened.WOUND_UP_WELL,), changes
    if state is TaskState.CANCELING:
        return (TaskHappened.WOUND_UP_BADLY,), {**changes, "mishap": run.mishap or JOB_CANCELED}
    if seen.ending is Ending.EXITED and is_valid_exit(job, task, code):
        return (TaskHappened.EXITED, TaskHappened.WOUND_UP_WELL), changes
    again = _another_try(job, task, run, seen)
    if again:
        return (TaskHappened.RETRIED,), {**changes, **again, "intent": 0}
    return (TaskHappened.EXITED, TaskHappened.WOUND_UP_BADLY), {
        **changes,
        "mishap": mishap_of(run, code, seen),
    }


def _another_try(job: Job, task: Task, run: Run, seen: Ended) -> dict[str, int]:
    """Whether it is to be run again: after a lost node or a restart of the machine, or as the job's retry
    limit says.
    """
    if task.spec.type.is_node_duty:
        return {}
    if seen.ending is Ending.LOST:
        lost_node = seen.fault is Fault.REBOOT and task.spec.rerunnable
        if lost_node and run.auto_requeue_count < MAX_AUTO_REQUEUES:
            return {"auto_requeue_count": run.auto_requeue_count + 1}
        return {}
    failed_itself = seen.ending in (Ending.EXITED, Ending.SIGNALED) and task.spec.type is not TaskType.SERVICE
    if failed_itself and run.failure_retry_count < job.spec.execution_failure_retry_limit:
        return {"failure_retry_count": run.failure_retry_count + 1}
    return {}


def exit_code(job: Job, task: Task, state: TaskState, seen: Ended) -> int:
    """The exit code to show: the program's own, the number of the signal that killed it, or one of the
    agent's.
    """
    if seen.exit_code is not None:
        return seen.exit_code
    if seen.ending is Ending.STOPPED:
        return ENDED_WITH_THE_JOB if job.intention is not Intention.NONE else ENDED_BY_REQUEST
    if seen.signal is not None:
        return seen.signal
    return NO_EXIT_CODE


def is_valid_exit(job: Job, task: Task, code: int) -> bool:
    """Whether this exit code is a success for this task (section 8)."""
    valid = task.spec.valid_exit_codes or job.spec.valid_exit_codes
    return parse(valid).contains(code) if valid else code == 0


def mishap_of(run: Run, code: int, seen: Ended) -> Mishap:
    """What went wrong with a run that ended badly."""
    node = run.shares[0].node if run.shares else ""
    if seen.ending is Ending.NOT_STARTABLE:
        name = _FAULTS.get(seen.fault)
        if name is not None:
            return Mishap(name, (f"{node}: {seen.reason}",))
        return Mishap("Execution_StartJobFailedOnNode", (node, seen.reason))
    if seen.ending is Ending.WALL_TIME:
        return Mishap("Execution_TaskRuntimeExpired")
    if seen.ending is Ending.LOST:
        return Mishap("Execution_NodeError", (seen.reason or node,))
    if seen.ending is Ending.STOPPED:
        return Mishap("Execution_TaskCanceledDuringExecution", (seen.reason or "None",))
    # Whoever reads of exit code 9 would look for it in the program.
    killed = "" if seen.signal is None else f"killed by {_signal_name(seen.signal)}"
    why = ", ".join(filter(None, (killed, seen.reason)))
    return Mishap("Execution_TaskExecutionFailure", (f"{code} ({why})" if why else str(code),))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"


def _note_node_duty(edit: JobEdit, intent: Intent, instance: int, seen: Ended) -> None:
    """After a prep or release instance the node is ready, unusable or released. Where NodePrep did not run to
    its end, for no fault of its own, it is as if the job had not come to the node yet.
    """
    kind = edit.task(intent.task).spec.type
    if not kind.is_node_duty:
        return
    node, phases = intent.shares[0].node, dict(edit.job.node_phases)
    if kind is TaskType.NODE_RELEASE:
        phases[node] = "released"
    elif edit.instance(intent.task, instance).state is TaskState.FINISHED:
        phases[node] = "ready"
    elif seen.ending is Ending.NEVER_STARTED or seen.fault is Fault.REBOOT:
        phases.pop(node, None)
    else:
        phases[node] = "unusable"
    edit.set_job(node_phases=phases)
