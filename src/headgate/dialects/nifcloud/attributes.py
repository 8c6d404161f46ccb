"""A job of ours as this API shows it (spec nifcloud, 5.2). Pure. All values are strings.

Both spellings of elapse and elapsed are there, in the list and of a single job: the document uses one in its
schema and the other in its examples.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from headgate.core.model import DEFAULT_PRIORITY, Chunk, Job, Task, TaskSpec
from headgate.core.states import FINAL_JOB_STATES
from headgate.core.vocabulary import Arrangement, Sharing, UnitType
from headgate.dialects.nifcloud import states
from headgate.dialects.nifcloud.states import NOTHING
from headgate.scripts.pjm.options import OURS
from headgate.scripts.pjm.reading import PRIORITY, PRIORITY_STEP
from headgate.scripts.pjm.shape import count_of
from headgate.service.portraits import Portrait

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_MIB: Final = 1 << 20
_MOST_PRIORITY: Final = 255
UNLIMITED: Final = "unlimited"

Shown = dict[str, str]


class Site(Struct, frozen=True):
    """What is shown of the installation and the caller. group: of the caller's OS account, which jobs of no
    other group have.
    """

    zone: ZoneInfo
    group: str


def of_job(found: Portrait, site: Site, *, now: int) -> Shown:
    """The job object. now: UTC microseconds."""
    job, task = found.job, found.task
    spec = job.spec
    work = TaskSpec() if task is None else task.spec
    status = states.of_job(job, task)
    ec, pc, sn = states.ending(job, task, status)
    elapsed, limit = _elapsed(job, work, now), _limit(job, work)
    submitted = job.times.created if job.times.submitted is None else job.times.submitted
    return {
        "job_id": str(job.id),
        "job_name": spec.name,
        "status": status,
        "user": states.short_name(job.owner),
        "group": spec.project or spec.group or site.group,
        "start_date": _start(job, site.zone, now),
        "elapse_time": elapsed,
        "elapsed_time": elapsed,
        "node_require": _nodes(job, work),
        "priority": _priority(spec.priority),
        "accept": local_time(submitted, site.zone),
        "queue": spec.queue or NOTHING,
        "Fugaku:elapse_limit": limit,
        "Fugaku:elapsed_limit": limit,
        "Fugaku:md": _model(job, task),
        **_virtual(job, work),
        "Fugaku:rank": "bynode" if "mpi.rank-map-bynode" in _kept(job) else "bychip",
        "Fugaku:lst": states.before(job, status),
        "Fugaku:ec": ec,
        "Fugaku:pc": pc,
        "Fugaku:sn": sn,
        "Fugaku:reason": states.reason(job, task, found.hindrance, pc),
    }


def local_time(moment: int, zone: ZoneInfo) -> str:
    """`2024-01-02T12:04:06` of UTC microseconds: local, without an offset (5.2)."""
    return _local(moment // _SECOND, zone)


# A list of jobs has the same few seconds over and over.
@lru_cache(maxsize=1 << 14)
def _local(second: int, zone: ZoneInfo) -> str:
    return f"{(_EPOCH + timedelta(seconds=second)).astimezone(zone):%Y-%m-%dT%H:%M:%S}"


def duration(seconds: int) -> str:
    """`0001:00:00`: hours have at least four digits."""
    return f"{seconds // 3600:04}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _start(job: Job, zone: ZoneInfo, now: int) -> str:
    """When it started; before that when it is to, to the minute; else nothing."""
    if job.times.started is not None:
        return local_time(job.times.started, zone)
    planned = job.spec.not_before
    if planned is not None and planned > now and job.state not in FINAL_JOB_STATES:
        return local_time(planned - planned % (60 * _SECOND), zone)
    return NOTHING


def _elapsed(job: Job, work: TaskSpec, now: int) -> str:
    if work.type.has_instances:
        return NOTHING  # pjm 4.1
    if job.times.started is None:
        return duration(0)
    ended = job.times.ended if job.state in FINAL_JOB_STATES else None
    return duration(max(0, (now if ended is None else ended) - job.times.started) // _SECOND)


def _limit(job: Job, work: TaskSpec) -> str:
    """How long it may run; of a range the lower bound."""
    for seconds in (job.spec.min_runtime_s, job.spec.runtime_s, work.runtime_s):
        if seconds is not None:
            return duration(seconds)
    return UNLIMITED


def _kept(job: Job) -> dict[str, str]:
    """What the script said, of a job of PJM."""
    return job.spec.options if job.spec.flavour == OURS else {}


def _nodes(job: Job, work: TaskSpec) -> str:
    """`12`, `12:2x3x2`."""
    shape = _kept(job).get("rsc-list.node", "")
    count = count_of(shape)
    if count:
        extents = shape.partition(":")[0]
        return f"{count}:{extents}" if "x" in extents else str(count)
    whole = [chunk.count for chunk in work.chunks if chunk.cores == 0]
    if whole:
        return str(sum(whole))
    if job.spec.unit_type is UnitType.NODE:
        return str(job.spec.min_nodes)
    return str(max(1, job.asked_nodes))


def _priority(priority: int) -> str:
    """0 to 255 (pjm 3.3), as `-p` says it."""
    steps = (priority - DEFAULT_PRIORITY + PRIORITY_STEP // 2) // PRIORITY_STEP
    return str(min(max(PRIORITY + steps, 0), _MOST_PRIORITY))


def _model(job: Job, task: Task | None) -> str:
    if task is not None and task.spec.type.has_instances:
        return "BU"
    return "ST" if job.spec.step is not None else "NM"


_POLICIES: Final = {Arrangement.PACK: "A_PCK", Arrangement.SCATTER: "A_UPK"}
_KEPT_POLICIES: Final = {"pack": "PACK", "unpack": "UPCK"}
_SHARINGS: Final = {Sharing.SHARED: "SHARE", Sharing.EXCLUSIVE: "SMPLX"}


def _virtual(job: Job, work: TaskSpec) -> Shown:
    """Virtual nodes, where a script asked for some (pjm 7)."""
    chunk = work.chunks[0] if work.chunks and job.spec.flavour == OURS else Chunk(cores=0)
    if chunk.cores == 0:
        return dict.fromkeys(
            ("Fugaku:vnode", "Fugaku:core", "Fugaku:v_mem", "Fugaku:v_pol", "Fugaku:e_pol"), NOTHING
        )
    kept = _KEPT_POLICIES.get(_kept(job).get("P.vn-policy", "").partition("=")[0], NOTHING)
    return {
        "Fugaku:vnode": str(chunk.count),
        "Fugaku:core": str(chunk.cores),
        "Fugaku:v_mem": f"{chunk.memory // _MIB}MiB" if chunk.memory else NOTHING,
        "Fugaku:v_pol": _POLICIES.get(work.arrangement, kept),
        "Fugaku:e_pol": _SHARINGS.get(work.sharing, NOTHING),
    }
