"""What all `-l` options of a script ask for together, as neutral values (spec pbs, sections 3.1 and 3.3).

Three ways to ask for chunks exclude each other: `select` (with `place`), `nodes` (old style, translated as
the server does), and resources of one chunk without any of these.
"""

from collections.abc import Callable
from typing import Any, Final

from headgate.core.model import Chunk
from headgate.core.scripts import Note
from headgate.core.vocabulary import Arrangement, Sharing
from headgate.scripts.pbs.quantities import read_integer, read_size, write_size, write_time
from headgate.scripts.pbs.resources import (
    AMOUNTS,
    NAME,
    PLACE,
    amount,
    bounded,
    chunk_of,
    known,
    pair,
    read_place,
    read_select,
    site_told,
)
from headgate.scripts.pbs.tables import BUILT_IN, LIMITS, Resource, Scope, Type
from headgate.scripts.pbs.words import MOST_OPTIONS, IllegalValue, Word, at, parts

_NOT_HERE: Final = '"-lresource=" cannot be used with "select" or "place", resource is: {}'


class Requests:
    """The `-l` resources of a script, and what they mean."""

    def __init__(self, tell: Callable[[Note], None]) -> None:
        self._tell = tell
        self._values: dict[str, tuple[str, Word]] = {}
        self._count = 0
        self.job: dict[str, Any] = {}
        """Fields of the JobSpec."""
        self.task: dict[str, Any] = {}
        """Fields of the TaskSpec."""
        self.options: dict[str, str] = {}

    def add(self, word: Word) -> None:
        """The resources of one `-l`. Of one that is given again the first counts, unless it is an argument
        of the command (1.2). Raises ScriptError.
        """
        with at(word, "illegal -l value"):
            for part in parts(word.text):
                self._count += 1
                if self._count > MOST_OPTIONS:
                    raise IllegalValue(f"more than {MOST_OPTIONS} resources")
                name, value = pair(part)
                if name not in self._values or not word.line:
                    self._values[name] = (value, word)
                else:
                    first = self._values[name][1]
                    self._tell(
                        word.note(f"-l {name} was given before: the first one counts, in line {first.line}.")
                    )

    def read(self) -> None:
        """Fills job, task and options. Raises ScriptError."""
        chunk: dict[str, tuple[str, Word]] = {}
        forms: dict[str, tuple[str, Word]] = {}
        for name, (value, word) in self._values.items():
            with at(word):
                resource = known(name)
                if resource is None:
                    self._site(name, value, word)
                elif resource.scope is Scope.READ_ONLY:
                    raise IllegalValue(f"{name} can't be asked for: {resource.here}")
                elif resource.scope is Scope.JOB:
                    self._whole(resource, value, word)
                elif resource.scope is Scope.FORM:
                    forms[name] = (value, word)
                else:
                    chunk[name] = (value, word)
        self._check_runtimes()
        if "select" in forms or "place" in forms:
            self._select(forms, chunk)
        elif "nodes" in forms:
            self._nodes(*forms["nodes"], chunk)
        else:
            self._single(chunk)

    # ---- of the job as a whole

    def _site(self, name: str, value: str, word: Word) -> None:
        self.job.setdefault("extra_resources", {})[name] = value
        self._tell(word.note(site_told(name, value)))

    def _whole(self, resource: Resource, text: str, word: Word) -> None:
        value = 0
        if resource.name == "nice":
            read_integer(text, least=-20, most=20)
        elif resource.type is not Type.TEXT:
            value = amount(resource, text)
        if resource.name.endswith("walltime"):
            if not value:
                raise IllegalValue(f"{resource.name} is at least one second")
            self.job["runtime_s" if resource.name != "min_walltime" else "min_runtime_s"] = value
        elif resource.name in LIMITS:
            self.task.setdefault("limits", {})[LIMITS[resource.name]] = value
        else:
            if resource.type is Type.TIME:
                text = write_time(value)
            self.options[f"Resource_List.{resource.name}"] = text
            self._tell(word.note(f"{resource.note}."))

    def _check_runtimes(self) -> None:
        """A job with a range of run times (3.3) needs its lower end."""
        if "max_walltime" in self._values:
            value, word = self._values["max_walltime"]
            if "min_walltime" not in self._values:
                raise word.error('max_walltime can\'t be given without "min_walltime"')
            if "walltime" in self._values:
                self._tell(self._values["walltime"][1].note("max_walltime counts instead of walltime."))
            with at(word):
                self.job["runtime_s"] = amount(BUILT_IN["max_walltime"], value)
        least, most = self.job.get("min_runtime_s"), self.job.get("runtime_s")
        if least is not None and most is not None and least > most:
            raise self._values["min_walltime"][1].error("min_walltime is more than the job may have at most")

    # ---- chunks

    def _remark(self, word: Word) -> Callable[[str], None]:
        return lambda text: self._tell(word.note(text))

    def _select(self, forms: dict[str, tuple[str, Word]], chunk: dict[str, tuple[str, Word]]) -> None:
        strangers = {name: entry for name, entry in forms.items() if name == "nodes"} | chunk
        for name, (_, word) in strangers.items():
            raise word.error(_NOT_HERE.format(name))
        if "select" not in forms:
            raise forms["place"][1].error('Cannot have "place" without "select"')
        text, word = forms["select"]
        with at(word, "illegal -l value"):
            self.task["chunks"] = read_select(text, self._remark(word))
        text, word = forms.get("place", ("free", word))
        with at(word, "illegal -l value"):
            place = read_place(text)
        self.task |= {"arrangement": place.arrangement, "sharing": place.sharing}
        if not place.plain:
            self.options[PLACE] = text
            self._tell(word.note(f"Of place={text} only how chunks are spread and shared is heeded here."))

    def _single(self, chunk: dict[str, tuple[str, Word]]) -> None:
        """One chunk; of nothing but a core, if nothing was asked for (3.1)."""
        made = Chunk()
        for word in [word for _, word in chunk.values()][:1]:
            with at(word, "illegal -l value"):
                made = chunk_of({name: value for name, (value, _) in chunk.items()}, 1, self._remark(word))
                bounded([made])
        self.task |= {"chunks": (made,), "arrangement": Arrangement.PACK}

    # ---- nodes=, old style

    def _nodes(self, text: str, word: Word, chunk: dict[str, tuple[str, Word]]) -> None:
        spec, mark, sharing = text.partition("#")
        if mark and sharing not in ("excl", "shared"):
            raise word.error("illegal -l value: behind # of nodes stands excl or shared")
        with at(word, "illegal -l value"):
            groups = [_node_group(part) for part in parts(spec, "+")]
        count = sum(group.count for group in groups)
        shares: dict[str, str] = {}
        for name, (value, place) in chunk.items():
            with at(place, "illegal -l value"):
                if name == "ncpus":
                    groups = _with_cores(groups, read_integer(value), said=":ppn=" in spec)
                else:
                    shares[name] = _share(name, value, count)
        with at(word, "illegal -l value"):
            base = chunk_of(shares, 1, self._remark(word))
            chunks = tuple(_with(group, base) for group in groups)
            bounded(chunks)
        sharings = {"excl": Sharing.EXCLUSIVE, "shared": Sharing.SHARED, "": Sharing.DEFAULT}
        self.task |= {"chunks": chunks, "arrangement": Arrangement.SCATTER, "sharing": sharings[sharing]}


def _node_group(text: str) -> Chunk:
    """A part of a nodes spec: `(count | hostname)[:ppn=P][:cpp=C or :ncpus=C][:property...]`."""
    first, *rest = parts(text, ":")
    if first.isdecimal():
        fields: dict[str, Any] = {"count": read_integer(first, least=1)}
    elif first and "=" not in first:
        fields = {"host": first}
    else:
        raise IllegalValue(f"a part of nodes begins with a count or the name of a host, not {first[:40]!r}")
    ppn = cpp = 1
    properties: list[str] = []
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "ppn":
            ppn = _positive(word, value)
        elif name in ("cpp", "ncpus"):
            cpp = _positive(word, value)
        elif equals:
            raise IllegalValue(f"{name[:40]}= can't stand in nodes, only ppn=, cpp= and ncpus=")
        elif not NAME.fullmatch(name) or known(name) is not None:
            raise IllegalValue(f"{name[:40]!r} cannot be a property of a node")
        else:
            properties.insert(0, name)  # the server writes the last one first (3.1)
    return Chunk(cores=ppn * cpp, ranks=ppn if ppn > 1 else 0, features=tuple(properties), **fields)


def _positive(word: str, value: str) -> int:
    try:
        return read_integer(value, least=1)
    except IllegalValue as error:
        raise IllegalValue(f"{word[:40]!r}: {error.text}") from error


def _with_cores(groups: list[Chunk], total: int, *, said: bool) -> list[Chunk]:
    """`nodes=2,ncpus=8`: the total is divided; with ppn it must be what the nodes have anyway."""
    count = sum(group.count for group in groups)
    if said:
        if total != sum(group.count * group.cores for group in groups):
            raise IllegalValue(f"ncpus={total} is not what nodes and ppn make together")
        return groups
    if total < count or total % count:
        raise IllegalValue(f"ncpus={total} can't be divided evenly over {count} nodes")
    return [
        Chunk(count=group.count, cores=total // count, host=group.host, features=group.features)
        for group in groups
    ]


def _share(name: str, value: str, count: int) -> str:
    """One node's part of an amount that was asked for as a whole; sizes round up to a KiB."""
    if BUILT_IN[name].type is Type.SIZE:
        size = read_size(value)
        return write_size(size if count == 1 else -(-size // (count * 1024)) * 1024)
    if name == "ngpus":
        total = read_integer(value)
        if total % count:
            raise IllegalValue(f"ngpus={total} can't be divided evenly over {count} nodes")
        return str(total // count)
    if name in ("mpiprocs", "host"):
        raise IllegalValue(f"{name} can't be used with nodes, which says it itself")
    return value


def _with(group: Chunk, base: Chunk) -> Chunk:
    """The chunk of a node group with what was asked for beside `nodes`."""
    more = {field: getattr(base, field) for field in AMOUNTS.values() if field not in ("cores", "ranks")}
    return Chunk(
        count=group.count,
        cores=group.cores,
        ranks=group.ranks,
        host=group.host,
        features=group.features,
        extra=base.extra,
        **more,
    )
