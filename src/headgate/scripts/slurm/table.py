"""Every option of sbatch, 22.05 to 25.11: how it is spelled, what becomes of it here.

One row an option; the reference page lists the same rows and a test compares them. Sources: sbatch(1) of
22.05.8, the release notes of 23.02 to 25.11, and what sbatch 22.05.8 itself took and refused.
"""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec import Struct


class Argument(Enum):
    """Whether an option has a value. An optional one is only taken behind `=`, or glued to a short option."""

    NONE = "none"
    REQUIRED = "required"
    OPTIONAL = "optional"


class Fate(Enum):
    """What becomes of an option."""

    MEANT = "meant"
    """It is understood: `about` says as what."""
    KEPT = "kept"
    """It is in `JobSpec.options` and written back, but does nothing here."""
    IGNORED = "ignored"
    """It says something to sbatch and nothing about the job: `about` says why it is left out."""
    REFUSED = "refused"
    """It is an error: `about` says why."""


class Option(Struct, frozen=True):
    """One option. values: what a kept one may hold, as a pattern; empty: anything."""

    name: str
    short: str
    argument: Argument
    fate: Fate
    about: str
    values: str = ""
    since: str = ""


_NUMBER = "[0-9]{1,9}"
_LAID_OUT = r"(\*|block|cyclic|arbitrary|plane(=[0-9]+)?)(:(\*|block|cyclic|fcyclic)){0,2}(,(no)?pack)?"
_NO, _YES, _MAY = Argument.NONE, Argument.REQUIRED, Argument.OPTIONAL


def _meant(name: str, about: str, short: str = "", argument: Argument = _YES, since: str = "") -> Option:
    return Option(name, short, argument, Fate.MEANT, about, since=since)


def _kept(
    name: str, about: str, values: str = "", short: str = "", argument: Argument = _YES, since: str = ""
) -> Option:
    return Option(name, short, argument, Fate.KEPT, about, values, since)


def _ignored(name: str, about: str, short: str = "") -> Option:
    return Option(name, short, _NO, Fate.IGNORED, about)


def _refused(name: str, about: str, short: str = "", argument: Argument = _YES) -> Option:
    return Option(name, short, argument, Fate.REFUSED, about)


ROWS: Final[tuple[Option, ...]] = (
    # ---- the job
    _meant("account", "account", "A"),
    _meant("array", "instances: a range with a step, or a list; `%n` at once", "a"),
    _meant("begin", "not before", "b"),
    _meant("chdir", "working directory; else that of the submission", "D"),
    _meant("comment", "comment"),
    _meant("dependency", "other jobs waited for", "d"),
    _meant("error", "file of the standard error; else it goes where the output goes", "e"),
    _meant("exclude", "nodes not wanted", "x"),
    _meant("export", "variables; without it all that came along"),
    _meant("gid", "OS group"),
    _meant("hold", "held by the user", "H", _NO),
    _meant("input", "file of the standard input", "i"),
    _meant("job-name", "name; else that of the script's file, or `sbatch`", "J"),
    _meant("kill-on-invalid-dep", "`yes`: cancelled when its dependencies can't be met any more"),
    _meant("licenses", "licences, `name:count`", "L"),
    _meant("mail-type", "notices of start, end, failure; `REQUEUE` and `ARRAY_TASKS`: not sent, a warning"),
    _meant("mail-user", "address of the notices"),
    _meant("nice", "priority, lowered by so much (100 without a value)", "", _MAY),
    _meant("no-requeue", "not run again", "", _NO),
    _meant("nodelist", "nodes it runs on", "w"),
    _meant("open-mode", "output files are appended to, or written anew"),
    _meant("output", "file of the output; else `slurm-%j.out`, in an array `slurm-%A_%a.out`", "o"),
    _meant("partition", "queue: the first of a list", "p"),
    _meant("requeue", "may be run again; `=expedite` (25.11) is kept", "", _MAY),
    _meant("signal", "signal before the end of the run time, 60 seconds unless said"),
    _meant("time", "run time, in minutes unless said", "t"),
    _meant("time-min", "least run time"),
    _meant("uid", "user it runs as: refused when the job is made unless it is the submitter"),
    # ---- its resources
    _meant("constraint", "features of the nodes: a name, or names joined by `&`; others are kept", "C"),
    _meant("cpus-per-gpu", "cores of a GPU"),
    _meant("cpus-per-task", "cores and threads of a rank", "c"),
    _meant("exclusive", "nodes not shared; `=user`, `=mcs`, `=topo` are kept besides", "", _MAY),
    _meant("gpus", "GPUs in all; their type is kept", "G"),
    _meant("gpus-per-node", "GPUs of a node; their type is kept"),
    _meant("gpus-per-task", "GPUs of a rank; their type is kept"),
    _meant("gres", "GPUs of a node, and named resources"),
    _meant("mem", "memory of a node, MiB unless said; 0, all of it, is kept"),
    _meant("mem-per-cpu", "memory of a core"),
    _meant("mem-per-gpu", "memory of a GPU"),
    _meant("mincpus", "cores of a node, at least"),
    _meant("nodes", "nodes: a number, a range, or (23.02) a list", "N"),
    _meant("ntasks", "ranks in all", "n"),
    _meant("ntasks-per-gpu", "ranks of a GPU"),
    _meant("ntasks-per-node", "ranks of a node; with `--ntasks` at most so many"),
    _meant("oversubscribe", "nodes shared", "s", _NO),
    # ---- kept
    _kept("acctg-freq", "sampling of the accounting", "([a-z]+=)?[0-9]+(,[a-z]+=[0-9]+)*"),
    _kept("batch", "features of the node of the script"),
    _kept("bb", "burst buffer"),
    _kept("bbf", "file on the burst buffer"),
    _kept("cluster-constraint", "features of a cluster"),
    _kept("clusters", "clusters to choose from", short="M"),
    _kept("consolidate-segments", "placement of segments", argument=_NO, since="25.11"),
    _kept("container", "OCI bundle"),
    _kept("container-id", "name of the container", since="23.02"),
    _kept("contiguous", "nodes side by side", argument=_NO),
    _kept("core-spec", "cores for the system", _NUMBER, "S"),
    _kept("cores-per-socket", "least cores of a socket", _NUMBER),
    _kept("cpu-freq", "CPU frequency"),
    _kept("deadline", "removed when it can't end by then"),
    _kept("delay-boot", "delay of a reboot"),
    _kept("distribution", "how ranks are laid out", _LAID_OUT, "m"),
    _kept("export-file", "file of variables; it is not read here"),
    _kept("extra", "text for filters and plugins", since="23.02"),
    _kept("extra-node-info", "least sockets, cores and threads", "[0-9*-]+(:[0-9*-]+){0,2}", "B"),
    _kept("get-user-env", "the shell is started as a login shell", "[0-9]{0,9}[SL]?", "", _MAY),
    _kept("gpu-bind", "binding of ranks to GPUs"),
    _kept("gpu-freq", "GPU frequency"),
    _kept("gpus-per-socket", "GPUs of a socket"),
    _kept("gres-flags", "binding of generic resources"),
    _kept("hint", "binding by kind of program", "compute_bound|memory_bound|(no)?multithread"),
    _kept("mcs-label", "label of the mcs plugin"),
    _kept("mem-bind", "binding to memory"),
    _kept("network", "switch or network"),
    _kept("no-kill", "lives on when a node fails", "off", "k", _MAY),
    _kept("ntasks-per-core", "most ranks of a core", _NUMBER),
    _kept("ntasks-per-socket", "most ranks of a socket", _NUMBER),
    _kept("oom-kill-step", "what an out-of-memory ends", "[01]", "", _MAY, "24.05"),
    _kept("overcommit", "one rank of each node is counted", short="O", argument=_NO),
    _kept("power", "power management; until 24.05"),
    _kept("prefer", "features wished for", since="22.05"),
    _kept("priority", "a priority of the operators", "[0-9]{1,10}|top"),
    _kept("profile", "profiling", "(all|none|energy|task|lustre|network|,)+"),
    _kept("propagate", "limits of the submitter", argument=_MAY),
    _kept("qos", "quality of service", short="q"),
    _kept("reboot", "reboot of the nodes", argument=_NO),
    _kept("reservation", "reservation"),
    _kept("resv-ports", "ports kept free", _NUMBER, "", _MAY, "24.05"),
    _kept("segment", "nodes of a segment", _NUMBER, since="24.05"),
    _kept("sockets-per-node", "least sockets of a node", _NUMBER),
    _kept("spread-job", "as many nodes as there are", argument=_NO),
    _kept("spread-segments", "placement of segments", argument=_NO, since="25.11"),
    _kept("stepmgr", "manager of the steps", argument=_NO, since="24.05"),
    _kept(
        "switches", "most switches, and how long they are waited for", "0*[1-9][0-9]{0,8}(@[0-9:-]{1,30})?"
    ),
    _kept("thread-spec", "threads for the system", _NUMBER),
    _kept("threads-per-core", "threads of a core", _NUMBER),
    _kept("tmp", "temporary disk", "[0-9]{1,15}([KMGT]B?)?"),
    _kept("tres-bind", "binding of ranks to resources", since="23.02"),
    _kept("tres-per-task", "resources of a rank", since="23.02"),
    _kept("use-min-nodes", "the fewest nodes", argument=_NO),
    _kept("wait-all-nodes", "start when all nodes are ready", "[01]"),
    _kept("wckey", "workload characterization key"),
    # ---- for sbatch itself
    _ignored("help", "sbatch takes no notice of it in a script", "h"),
    _ignored("ignore-pbs", "#PBS lines are not read in any case"),
    _ignored("parsable", "it changes what sbatch prints"),
    _ignored("quiet", "it changes what sbatch prints", "Q"),
    _ignored("usage", "sbatch takes no notice of it in a script"),
    _ignored("verbose", "it changes what sbatch prints", "v"),
    _ignored("version", "sbatch takes no notice of it in a script", "V"),
    _ignored("wait", "it makes sbatch wait, not the job", "W"),
    _refused("nodefile", "the file is not here: name the nodes with --nodelist", "F"),
    _refused("test-only", "nothing would be submitted: leave it out, or ask for a check", "", _NO),
    _refused("wrap", "it takes the place of a script and can't stand in one (sbatch(1), --wrap)"),
)

OPTIONS: Final[Mapping[str, Option]] = MappingProxyType({row.name: row for row in ROWS})
SHORT: Final[Mapping[str, Option]] = MappingProxyType({row.short: row for row in ROWS if row.short})
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"cluster": "clusters", "tasks-per-node": "ntasks-per-node"}
)
"""Spellings that sbatch takes without documenting them."""
STRANGERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("pty", "interactive", "x11", "no-shell", "immediate", "label", "unbuffered"), "srun and salloc"
        ),
        **dict.fromkeys(("multi-prog", "mpi", "cpu-bind", "bcast", "het-group", "overlap", "exact"), "srun"),
        **dict.fromkeys(("jobid", "relative", "prolog", "epilog", "task-prolog", "kill-on-bad-exit"), "srun"),
        **dict.fromkeys(("bell", "no-bell", "kill-command"), "salloc"),
    }
)
"""Options of its sister commands, to say so."""
STRANGE_LETTERS: Final[Mapping[str, str]] = MappingProxyType(
    {"I": "srun and salloc", "X": "srun", "K": "srun and salloc", "l": "srun"}
)


def find(name: str) -> Option | tuple[str, ...]:
    """The option of a long name, or of its beginning when no other begins so (getopt_long(3)); else the
    names that do.
    """
    exact = OPTIONS.get(ALIASES.get(name, name))
    if exact is not None:
        return exact
    begun = tuple(sorted(option for option in OPTIONS if option.startswith(name)))
    return OPTIONS[begun[0]] if len(begun) == 1 else begun


def allowed(option: Option, value: str) -> bool:
    """Whether a kept option may hold this value."""
    return not option.values or re.fullmatch(option.values, value, re.IGNORECASE) is not None
