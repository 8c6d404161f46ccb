"""After a start, or after an answer that never came: what has become of what was decided?

An intent is durable before the engine hears of it, so each open one is looked up by its tag. What the
engine took will be reported by it. What it certainly never took is handed to it (again, or for the first
time). What it may have taken in a life whose records are gone (the machine was restarted) is declared lost.
Nothing is repeated on a guess.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.environment import Site
from headgate.core.errors import NotFound, NotPermitted
from headgate.core.model import Intent, Node, Run
from headgate.core.states import FINAL_TASK_STATES
from headgate.core.vocabulary import Intention, TaskType
from headgate.dispatcher.board import Lane
from headgate.dispatcher.lanes import lane_for
from headgate.dispatcher.launching import (
    Flavours,
    LaunchImpossible,
    not_startable,
    placement_of,
    submission,
)
from headgate.ports.engine import Ended, Ending, Fault, Found, Sighting, Submission
from headgate.ports.identity import Identity
from headgate.ports.store import Reader
from headgate.service.endings import WINDING

REASON_REBOOT = "the machine was restarted while it may have been running"


class Open(Struct, frozen=True):
    """An open intent, and which of its instances it is still responsible for."""

    intent: Intent
    instances: tuple[int, ...]


def open_instances(reader: Reader, intent: Intent) -> Open:
    """Those of an intent's instances that have not ended as far as the store knows."""
    if intent.instances == (0,):
        try:
            task = reader.task(intent.job_id, intent.task)
        except NotFound:
            return Open(intent, ())
        mine = task.run.intent == intent.id and task.state not in FINAL_TASK_STATES
        return Open(intent, intent.instances if mine else ())
    first, last = min(intent.instances), max(intent.instances)
    rows = {row.number: row for row in reader.instances(intent.job_id, intent.task, first=first, last=last)}
    left = []
    for number in intent.instances:
        row = rows.get(number)
        if row is None or (row.run.intent == intent.id and row.state not in FINAL_TASK_STATES):
            left.append(number)
    return Open(intent, tuple(left))


def lanes_of(reader: Reader, open_intents: Iterable[Open], nodes: Sequence[Node]) -> list[Lane]:
    """The lanes that these intents hold."""
    by_name = {node.name: node for node in nodes}
    lanes: dict[int, Lane] = {}
    for one in open_intents:
        intent = one.intent
        if not intent.lane:  # forwarded: the engine knows where it runs
            continue
        if intent.lane not in lanes:
            job, task = reader.job(intent.job_id), reader.task(intent.job_id, intent.task)
            lanes[intent.lane] = lane_for(intent.lane, job, task, intent.shares, by_name, intent.created)
        lanes[intent.lane].left += len(one.instances)
    return list(lanes.values())


class Verdict(Struct, frozen=True):
    """What to do: submissions to repeat, and sightings to record."""

    submissions: tuple[Submission, ...]
    sightings: tuple[Sighting, ...]


def judge(
    reader: Reader,
    open_intents: Sequence[Open],
    found: Mapping[int, Found],
    nodes: Sequence[Node],
    identity: Identity,
    site: Site,
    flavours: Flavours,
    now: int,
) -> Verdict:
    """Compare what was decided with what the engine has taken."""
    submissions: list[Submission] = []
    sightings: list[Sighting] = []
    for one in open_intents:
        known = found.get(one.intent.id, Found(frozenset(), certain=False))
        missing = [number for number in one.instances if number not in known.taken]
        if not missing:
            continue
        if not known.certain:
            fault = Fault.SUPERVISION if known.lost else Fault.REBOOT
            reason = known.lost or REASON_REBOOT
            sightings += [_ended(one.intent, n, Ending.LOST, now, fault, reason) for n in missing]
            continue
        ending = _to_be_stopped(reader, one.intent, missing)
        sightings += [_ended(one.intent, n, Ending.NEVER_STARTED, now, Fault.NONE, "") for n in ending]
        missing = [number for number in missing if number not in ending]
        if not missing:
            continue
        try:
            submissions.append(_again(reader, one.intent, missing, nodes, identity, site, flavours, now))
        except NotPermitted as refusal:
            sightings += not_startable(one.intent, missing, now, Fault.ACCOUNT, refusal.text)
        except LaunchImpossible as error:
            sightings += not_startable(one.intent, missing, now, Fault.SCRIPT, error.text)
    return Verdict(tuple(submissions), tuple(sightings))


def _to_be_stopped(reader: Reader, intent: Intent, numbers: Sequence[int]) -> set[int]:
    """Those that were cancelled or finished before they ever reached the engine."""
    job, task = reader.job(intent.job_id), reader.task(intent.job_id, intent.task)
    if job.state in WINDING and task.spec.type is not TaskType.NODE_RELEASE:
        return set(numbers)
    if task.run.intention is not Intention.NONE:
        return set(numbers)
    found = set()
    for number in numbers:
        row = reader.instance(intent.job_id, intent.task, number) if number else None
        if row is not None and row.run.intention is not Intention.NONE:
            found.add(number)
    return found


def _ended(intent: Intent, number: int, ending: Ending, at: int, fault: Fault, reason: str) -> Ended:
    return Ended(intent=intent.id, instance=number, ending=ending, at=at, fault=fault, reason=reason)


def _again(
    reader: Reader,
    intent: Intent,
    missing: Sequence[int],
    nodes: Sequence[Node],
    identity: Identity,
    site: Site,
    flavours: Flavours,
    now: int,
) -> Submission:
    job, task = reader.job(intent.job_id), reader.task(intent.job_id, intent.task)
    runs: dict[int, Run] = {}
    for number in missing:
        row = reader.instance(intent.job_id, intent.task, number) if number else None
        runs[number] = row.run if row is not None else (task.run if number == 0 else Run())
    part = replace(intent, instances=tuple(missing))
    cores = {node.name: node.cores for node in nodes}
    account = identity.os_account(job.owner, job.spec.group)
    placement = placement_of(intent.shares, cores)
    return submission(part, job, task, runs, placement, account, site, flavours, now)
