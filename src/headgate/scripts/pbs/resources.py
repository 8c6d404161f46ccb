"""Chunks as `select` says them, and where they go as `place` does: text to values and back, and the totals
that a listing shows (spec pbs, sections 3.1 and 12.2). Pure. What can't be read raises IllegalValue.

    read_select("2:ncpus=8:mpiprocs=4")    -> (Chunk(count=2, cores=8, ranks=4),)
    select_text(chunks), place_text(...)     -> the text again
    totals(chunks), resource_list(job, task) -> what Resource_List shows
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from headgate.core import cloud_resources
from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.vocabulary import Arrangement, Sharing
from headgate.scripts.pbs.quantities import read_integer, read_size, read_time, write_size, write_time
from headgate.scripts.pbs.tables import ADVICE, BUILT_IN, LIMITS, SOCA, Resource, Scope, Type, resembles
from headgate.scripts.pbs.words import IllegalValue, part, parts, unquoted, writable

MOST_SLOTS: Final = 1_000_000
"""Chunks, and MPI processes, of one job: PBS_NODEFILE has a line for each of the latter."""
MOST_RANKS: Final = 4096
"""MPI processes of one chunk, which is on one node."""
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
"""Names of resources."""
AMOUNTS: Final = {
    "ncpus": "cores",
    "mpiprocs": "ranks",
    "ompthreads": "threads",
    "ngpus": "gpus",
    "mem": "memory",
}
"""Fields of a Chunk that are numbers, by the names of their resources."""
SITES: Final = "{} is a resource that sites define; it is kept, but nothing looks at it here"

Remark = Callable[[str], None]
"""Takes what there is to tell about a value that was understood."""


def pair(text: str) -> tuple[str, str]:
    """Name and value of `name=value`. The names of PBS itself come in small letters: theirs is no matter.

    What is a language of its own (`select`) keeps its quotes.
    """
    name, equals, value = text.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    resource = BUILT_IN.get(name.lower())
    if resource is None or resource.scope is not Scope.FORM:
        value = unquoted(value)
    if not equals or not value:
        if not text.strip(" \t"):
            raise IllegalValue(
                "an item is empty; a list goes on behind a comma and a blank only within quotes"
            )
        raise IllegalValue(f"{text[:60]!r} is not name=value")
    if resource is not None:
        return resource.name, value
    if not NAME.fullmatch(name):
        raise IllegalValue(f"{name[:40]!r} cannot be the name of a resource")
    return name, value


def site_told(name: str, value: str) -> str:
    """What there is to tell of a resource that is none of OpenPBS's own."""
    return cloud_resources.told(name, value) or f"{SITES.format(name)}."


def known(name: str) -> Resource | None:
    """The built-in resource; None: one that the site defines. Refuses a slip of the pen."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    advice = ADVICE.get(name.lower(), "")
    near = resembles(name)
    if near and near != name:
        advice = f"{near} is meant"
    if advice:
        raise IllegalValue(f"Unknown resource Resource_List.{name}; {advice}")
    return None


def amount(resource: Resource, text: str) -> int:
    """The value of a resource of a type that is a number, in bytes or seconds if it is a size or time."""
    try:
        if resource.type is Type.SIZE:
            return read_size(text)
        return read_time(text) if resource.type is Type.TIME else read_integer(text)
    except IllegalValue as error:
        raise IllegalValue(f"{resource.name}: {error.text}") from error


# ---- select


def read_select(text: str, remark: Remark) -> tuple[Chunk, ...]:
    """The chunks of `[N:]chunk[+[N:]chunk...]`; one that names no ncpus has 1."""
    chunks = tuple(_read_chunk(text, remark) for text in parts(text, "+"))
    bounded(chunks)
    return chunks


def bounded(chunks: Iterable[Chunk]) -> None:
    """Refuses more chunks, or MPI processes, than any cluster has."""
    count = slots = 0
    for chunk in chunks:
        count += chunk.count
        slots += chunk.count * chunk.ranks
        if chunk.ranks > MOST_RANKS:
            raise IllegalValue(f"mpiprocs={chunk.ranks} is more than {MOST_RANKS}, for one chunk on one node")
    if max(count, slots) > MOST_SLOTS:
        raise IllegalValue(f"more than {MOST_SLOTS} chunks or MPI processes")


def _read_chunk(text: str, remark: Remark) -> Chunk:
    first, *rest = parts(text, ":")
    count = 1
    if "=" in first:
        rest = [first, *rest]
    else:
        count = read_integer(first, least=1, most=MOST_SLOTS)
    values: dict[str, str] = {}
    for one in rest:
        name, value = pair(one)
        resource = known(name)
        if resource is not None and resource.scope is not Scope.CHUNK:
            raise IllegalValue(f"{name} is of the job as a whole, not of a chunk: -l {name}={value}")
        if name in values:
            raise IllegalValue(f"{name} stands twice in one chunk")
        values[name] = value
    return chunk_of(values, count, remark)


def chunk_of(values: dict[str, str], count: int, remark: Remark) -> Chunk:
    """The chunk that resources (of a chunk, by name, as text) make."""
    fields: dict[str, Any] = {}
    features: list[str] = []
    extra: dict[str, str] = {}
    for name, text in values.items():
        resource = BUILT_IN.get(name)
        if name in AMOUNTS and resource is not None:
            number = amount(resource, text)
            if number == 0 and name in ("ncpus", "mpiprocs", "ompthreads"):
                # 0 has a meaning of its own in a Chunk, and PBS's is not to be had.
                remark(f"{name}=0 is taken as if it were not there.")
            else:
                fields[AMOUNTS[name]] = number
        elif name == "host":
            fields["host"] = text
        elif resource is None and text.lower() == "true" and name not in SOCA:
            features.append(name)
        else:
            if resource is not None and resource.type is Type.SIZE:
                text = write_size(amount(resource, text))
            extra[name] = text
            remark(f"{resource.note}." if resource else site_told(name, text))
    return Chunk(count=count, features=tuple(features), extra=extra, **fields)


def select_text(chunks: Sequence[Chunk]) -> str:
    """The chunks as `select`; the order within one is that of requests which the server translates (3.1).

    `inexpressible` says what can't be written; it is left out.
    """
    return "+".join(_chunk_text(chunk) for chunk in chunks)


def _chunk_text(chunk: Chunk) -> str:
    words = [str(chunk.count), f"ncpus={chunk.cores or 1}"]
    if chunk.memory:
        words.append(f"mem={write_size(chunk.memory)}")
    if chunk.host and writable(chunk.host):
        words.append(f"host={part(chunk.host)}")
    words += [f"{feature}=True" for feature in chunk.features if _ours(feature)]
    words += [f"{name}={part(value)}" for name, value in chunk.extra.items() if _extra(name, value)]
    for resource, number in (
        ("mpiprocs", chunk.ranks),
        ("ompthreads", chunk.threads),
        ("ngpus", chunk.gpus),
    ):
        if number:
            words.append(f"{resource}={number}")
    return ":".join(words)


def inexpressible(chunk: Chunk) -> tuple[str, ...]:
    """Features and resources of a chunk that `select` has no way to say."""
    return (
        *(feature for feature in chunk.features if not _ours(feature)),
        *(f"{name}={value}" for name, value in chunk.extra.items() if not _extra(name, value)),
        *([f"host {chunk.host}"] if not writable(chunk.host) else []),
    )


def _ours(name: str) -> bool:
    """Whether a name can be that of a site's resource."""
    return bool(NAME.fullmatch(name)) and not (name.lower() in BUILT_IN or _refused(name))


def _refused(name: str) -> bool:
    try:
        return known(name) is not None
    except IllegalValue:
        return True


def _extra(name: str, value: str) -> bool:
    resource = BUILT_IN.get(name)
    named = _ours(name) if resource is None else resource.scope is Scope.CHUNK and name not in AMOUNTS
    return named and bool(value) and writable(value) and value == value.strip(" \t")


# ---- place

_ARRANGEMENTS: Final = {
    "free": Arrangement.FREE,
    "pack": Arrangement.PACK,
    "scatter": Arrangement.SCATTER,
    "vscatter": Arrangement.SCATTER,
}
_SHARINGS: Final = {
    "excl": Sharing.EXCLUSIVE,
    "exclhost": Sharing.EXCLUSIVE,
    "shared": Sharing.SHARED,
    "share": Sharing.SHARED,
}
_SHARING_WORDS: Final = {Sharing.EXCLUSIVE: ":excl", Sharing.SHARED: ":shared", Sharing.DEFAULT: ""}


class Place(Struct, frozen=True):
    """What `place` says. plain: whether the neutral fields say all of it."""

    arrangement: Arrangement = Arrangement.FREE
    sharing: Sharing = Sharing.DEFAULT
    plain: bool = True


def read_place(text: str) -> Place:
    """`arrangement[:sharing][:group=resource]`, each part once, in any order (PBS takes them so)."""
    arrangement: Arrangement | None = None
    sharing: Sharing | None = None
    grouped = False
    plain = True
    for given in text.split(":"):
        word = given.lower()
        if word in _ARRANGEMENTS and arrangement is None:
            arrangement = _ARRANGEMENTS[word]
            plain = plain and word != "vscatter"
        elif word in _SHARINGS and sharing is None:
            sharing = _SHARINGS[word]
            plain = plain and word != "exclhost"
        elif word.startswith("group=") and NAME.fullmatch(given[6:]) and not grouped:
            grouped, plain = True, False
        else:
            raise IllegalValue(
                f"place={text[:60]!r} is not free, pack, scatter or vscatter, then :excl, :shared or "
                ":exclhost, then :group=resource"
            )
    return Place(arrangement or Arrangement.FREE, sharing or Sharing.DEFAULT, plain)


def place_text(options: Mapping[str, str], arrangement: Arrangement, sharing: Sharing) -> str:
    """`place`: as a PBS script gave it (`options` of its job), where that still says the same."""
    given = options.get(PLACE, "")
    if given:
        try:
            if read_place(given) == Place(arrangement, sharing, plain=False):
                return given
        except IllegalValue:
            pass
    return arrangement.value + _SHARING_WORDS[sharing]


PLACE: Final = "Resource_List.place"
"""Key in JobSpec.options of a `place` that says more than the neutral fields."""


# ---- listings


class Totals(Struct, frozen=True):
    """Sums over chunks; memory in bytes; 0 where no chunk says it."""

    ncpus: int = 0
    nodect: int = 0
    mem: int = 0
    mpiprocs: int = 0
    ngpus: int = 0


def totals(chunks: Iterable[Chunk]) -> Totals:
    """What the server counts from the chunks (3.1)."""
    ncpus = nodect = mem = mpiprocs = ngpus = 0
    for chunk in chunks:
        nodect += chunk.count
        ncpus += chunk.count * chunk.cores
        mem += chunk.count * chunk.memory
        mpiprocs += chunk.count * chunk.ranks
        ngpus += chunk.count * chunk.gpus
    return Totals(ncpus, nodect, mem, mpiprocs, ngpus)


def resource_list(job: JobSpec, task: TaskSpec) -> dict[str, int | str]:
    """Resource_List of a listing, sorted by name: numbers are numbers, sizes and times text (12.2)."""
    chunks = task.chunks or (Chunk(count=max(job.min_cores, task.min_cores)),)
    sums = totals(chunks)
    shown: dict[str, int | str] = {
        **job.extra_resources,
        "ncpus": sums.ncpus,
        "nodect": sums.nodect,
        "place": place_text(job.options, task.arrangement, task.sharing),
        "select": select_text(chunks),
    }
    if sums.mpiprocs:
        shown["mpiprocs"] = sums.mpiprocs
    if sums.ngpus:
        shown["ngpus"] = sums.ngpus
    if sums.mem:
        shown["mem"] = write_size(sums.mem)
    for name, value in resources_of(job, task).items():
        number = name in BUILT_IN and BUILT_IN[name].type is Type.INTEGER
        shown[name] = int(value) if number else value
    return dict(sorted(shown.items()))


def resources_of(job: JobSpec, task: TaskSpec) -> dict[str, str]:
    """The built-in resources of a job as a whole, by name, in the spelling of `-l`."""
    found: dict[str, str] = {}
    runtimes = [seconds for seconds in (job.runtime_s, task.runtime_s) if seconds is not None]
    if job.min_runtime_s is not None:
        found["min_walltime"] = write_time(job.min_runtime_s)
    if runtimes:
        found["walltime" if job.min_runtime_s is None else "max_walltime"] = write_time(min(runtimes))
    for name, limit in LIMITS.items():
        most = task.limits.get(limit, -1)
        if most >= 0:
            found[name] = write_time(most) if BUILT_IN[name].type is Type.TIME else write_size(most)
    prefix = "Resource_List."
    for key, value in job.options.items():
        if key.startswith(prefix) and key != PLACE:
            found[key.removeprefix(prefix)] = value
    return found
