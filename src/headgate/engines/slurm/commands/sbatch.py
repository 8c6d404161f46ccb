"""sbatch: hand over a script from standard input, and tell taken from refused from uncertain.

After sbatch(1) of 22.05. A refusal is believed only in words that sbatch or slurmctld are known to use; all
else (no words, a time-out, an unknown sentence) is uncertain, and looked up by the comment before anything is
repeated.

What the script says in #SBATCH lines counts for sbatch too, up to its first line that is neither blank nor a
comment: whoever writes the script keeps a user's lines behind such a line.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.engines.command import sudo
from headgate.engines.command.outcomes import Command, Done, NotRun, Outcome
from headgate.engines.slurm.commands.answers import decoded, silence, unreachable, words
from headgate.engines.slurm.commands.refusals import REFUSALS, full, helped
from headgate.ports.engine import Refused, Uncertain
from headgate.scripts.slurm.hostlist import compress
from headgate.scripts.slurm.quantities import time_text


class Component(Struct, frozen=True, kw_only=True):
    """Of a heterogeneous job one that is not the first: its own comment, and what it has of its own of a
    request's fields. All others are those of the request.
    """

    comment: str = ""
    nodes: tuple[int, int] | None = None
    tasks: int | None = None
    tasks_per_node: int | None = None
    cpus_per_task: int | None = None
    cores_of_node: int | None = None
    memory_mb: int | None = None
    memory_per_cpu_mb: int | None = None
    gres: str = ""
    exclusive: bool = False
    oversubscribe: bool = False
    only_nodes: tuple[str, ...] = ()
    not_nodes: tuple[str, ...] = ()
    constraint: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """A job, or an array of them. What is empty, None or False is left to Slurm.

    comment: the tag. uid, gid: whose job it is, when the command runs as root; None: that of the command.
    array: indices as --array has them. wall_time_s: rounded up to minutes by Slurm. memory_mb is of each
    node, memory_per_cpu_mb of each core, in MiB. not_before: seconds since 1970. umask: of the job, and of
    its output files. stdout, stderr, stdin: file names with sbatch's own % patterns; `literal` makes one of a
    path. nice: from -2147483645 (sooner, privileged) to 2147483645. cores_of_node: at least so many of each.
    beside: the other components of a heterogeneous job, which is no array.
    """

    script: bytes
    comment: str
    name: str = ""
    uid: int | None = None
    gid: int | None = None
    directory: str = "/"
    stdin: str = ""
    stdout: str = "/dev/null"
    stderr: str = ""
    umask: int = 0o022
    export: str = "NONE"
    array: str = ""
    hold: bool = False
    requeue: bool = False
    wall_time_s: int | None = None
    wall_time_min_s: int | None = None
    nodes: tuple[int, int] | None = None
    tasks: int | None = None
    tasks_per_node: int | None = None
    tasks_per_socket: int | None = None
    cores_per_socket: int | None = None
    cpus_per_task: int | None = None
    cores_of_node: int | None = None
    memory_mb: int | None = None
    memory_per_cpu_mb: int | None = None
    gres: str = ""
    licenses: str = ""
    exclusive: bool = False
    oversubscribe: bool = False
    contiguous: bool = False
    only_nodes: tuple[str, ...] = ()
    not_nodes: tuple[str, ...] = ()
    constraint: str = ""
    partition: str = ""
    account: str = ""
    qos: str = ""
    reservation: str = ""
    nice: int | None = None
    priority: int | None = None
    dependency: str = ""
    not_before: int | None = None
    signal: str = ""
    beside: tuple[Component, ...] = ()


class Submitted(Struct, frozen=True):
    """Slurm has it. job: its id, that of the whole array if it is one. said: warnings, if there were any."""

    job: int
    said: str = ""


class Full(Struct, frozen=True):
    """Slurm has not taken it, as a limit of jobs that are with it is reached, or as this machine is full:
    later it may. reason: for people. fewer: fewer runs may fit.
    """

    reason: str
    fewer: bool = True


def literal(path: str) -> str:
    """A path as a file name of sbatch's, none of it a pattern (sbatch(1), filename pattern).

    Raises ValueError for a backslash, which sbatch takes out of any name.
    """
    if "\\" in path:
        raise ValueError(f"{path!r} has a backslash, which Slurm can't have in the name of an output file")
    return path.replace("%", "%%")


def build(request: Request) -> Command:
    """The command that submits it.

    --ignore-pbs: sbatch would read #PBS lines. --propagate=NONE: limits (files, memory) of the server's
    process are none of the job's. SLURM_UMASK is taken by sbatch instead of its own mask. Raises ValueError
    for what no command line can hold.

    Components are parted by a colon, and each says everything: some options (--mem, --exclude) count for all
    components that do not say them, and others (--nodes, --exclusive) for one alone.
    """
    argv = ["sbatch", "--parsable", "--ignore-pbs", "--propagate=NONE", f"--export={request.export}"]
    argv += _options(request)
    for one in request.beside:
        # sbatch(1), --licenses: those of a heterogeneous job are asked for by its first component.
        own = {name: getattr(one, name) for name in one.__struct_fields__}
        argv += (":", *_options(replace(request, **own, licenses="")))
    for word in argv:
        if "\0" in word:
            raise ValueError(f"{word.partition('=')[0]} holds a NUL character")
    return Command(
        argv=tuple(argv), stdin=request.script, environment={"SLURM_UMASK": f"{request.umask:04o}"}
    )


def _options(request: Request) -> Iterator[str]:
    yield from (f"--{name}={value}" for name, value in _values(request) if value not in (None, ""))
    yield from (f"--{name}" for name, on in _switches(request) if on)


def _values(request: Request) -> tuple[tuple[str, object], ...]:
    return (
        ("comment", request.comment),
        ("job-name", request.name),
        ("uid", request.uid),
        ("gid", request.gid),
        ("chdir", request.directory),
        ("input", request.stdin),
        ("output", request.stdout),
        ("error", request.stderr),
        ("array", request.array),
        ("time", _time(request.wall_time_s)),
        ("time-min", _time(request.wall_time_min_s)),
        ("nodes", _range(request.nodes)),
        ("ntasks", request.tasks),
        ("ntasks-per-node", request.tasks_per_node),
        ("ntasks-per-socket", request.tasks_per_socket),
        ("cores-per-socket", request.cores_per_socket),
        ("cpus-per-task", request.cpus_per_task),
        ("mincpus", request.cores_of_node),
        ("mem", _mib(request.memory_mb)),
        ("mem-per-cpu", _mib(request.memory_per_cpu_mb)),
        ("gres", request.gres),
        ("licenses", request.licenses),
        ("nodelist", compress(request.only_nodes)),
        ("exclude", compress(request.not_nodes)),
        ("constraint", request.constraint),
        ("partition", request.partition),
        ("account", request.account),
        ("qos", request.qos),
        ("reservation", request.reservation),
        ("nice", request.nice),
        ("priority", request.priority),
        ("dependency", request.dependency),
        ("begin", _begin(request.not_before)),
        ("signal", request.signal),
    )


def _switches(request: Request) -> tuple[tuple[str, bool], ...]:
    return (
        ("hold", request.hold),
        # Said either way: otherwise slurm.conf's JobRequeue decides.
        ("requeue", request.requeue),
        ("no-requeue", not request.requeue),
        ("exclusive", request.exclusive),
        ("oversubscribe", request.oversubscribe),
        ("contiguous", request.contiguous),
    )


def _time(seconds: int | None) -> str:
    return "" if seconds is None else time_text(seconds)


def _range(nodes: tuple[int, int] | None) -> str:
    if nodes is None:
        return ""
    low, high = nodes
    return str(low) if low == high else f"{low}-{high}"


def _mib(amount: int | None) -> str:
    return "" if amount is None else f"{amount}M"


def _begin(at: int | None) -> str:
    """--begin is in the time zone of the command, which is UTC (`engines.command.BASE`)."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


_TAKEN: Final = re.compile(r"([1-9][0-9]{0,9})(?:;[^\s;]+)?\n?")
_FAILED: Final = re.compile(r"Batch job submission failed: (.+)")
_LOCAL: Final = (
    "Invalid ",
    "unrecognized option",
    "option requires an argument",
    "unrecognized mail-type",
    "Batch script is empty!",
    "This does not look like a batch script.",
    "Batch script contains DOS line breaks",
    "The Slurm controller does not allow scripts that",
    "--uid only permitted by root user",
    "--gid only permitted by root user",
)
"""How sbatch itself, before it asks anybody, begins to say what is wrong with an option or a script."""


def parse(outcome: Outcome) -> Submitted | Full | Refused | Uncertain:
    """What became of it."""
    if isinstance(outcome, NotRun) and outcome.later:
        return Full(outcome.reason, fewer=False)
    if not isinstance(outcome, Done):
        return Uncertain(silence("sbatch", outcome))
    stdout, said = decoded(outcome.stdout), words(decoded(outcome.stderr))
    if outcome.exit_status == 0:
        taken = _TAKEN.fullmatch(stdout)
        if taken is None:
            return Uncertain(f"sbatch ended with 0 but without the id of a job: {stdout[:80]!r}")
        return Submitted(int(taken[1]), said)
    what = f"sbatch ended with {outcome.exit_status}: {said[:400] or 'without a word'}"
    if outcome.exit_status < 0 or stdout.strip():
        return Uncertain(what)
    lines = decoded(outcome.stderr).splitlines()
    failed = _FAILED.search(said)
    if failed is not None:
        text = failed[1].strip()
        if text not in REFUSALS or unreachable(text):
            return Uncertain(what)
        later = full([words(line) for line in lines], text)
        return Full(later) if later else Refused(helped(said, text))
    if any(words(line).startswith(_LOCAL) for line in lines) and not unreachable(said):
        return Refused(said[:400])
    if why := sudo.refused(outcome):
        return Refused(
            f"The server may not submit as the job's owner ({why[:200]}): an administrator's rule for"
            " sudo has to name this account."
        )
    return Uncertain(what)
