"""What can be said in a PJM script: one table of options, one of the items of those that take a list.

Spec pjm, section 3. The key of an entry is its name in `JobSpec.options` where it is kept: the long name of
the option, or `OPTION.ITEM`; a flag has the value "". The reference page shows these tables.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

PREFIX: Final = "#PJM"
OURS: Final = "pjm"
"""The name of this flavour."""


class Takes(Enum):
    """What stands behind an option."""

    NOTHING = 0
    VALUE = 1
    ITEMS = 2
    """`item[=value],…`, merged over the whole script: the last one of a name wins (section 2)."""
    JID = 3
    """The word `jid`, or nothing."""


class Fate(Enum):
    """What becomes of it: put into neutral fields, kept in `JobSpec.options`, without effect inside a script,
    or a reason to refuse the script.
    """

    MEANT = "meant"
    KEPT = "kept"
    IGNORED = "ignored"
    REFUSED = "refused"


class Option(Struct, frozen=True, kw_only=True):
    """An option. names: as it may be written, the first one is how we write it.

    means: its neutral meaning, or what it means to PJM. here: what becomes of it on the embedded engine.
    """

    names: tuple[str, ...]
    means: str
    here: str
    takes: Takes = Takes.VALUE
    fate: Fate = Fate.MEANT

    @property
    def key(self) -> str:
        """Its name in `JobSpec.options`."""
        return self.names[0].lstrip("-")


class Item(Struct, frozen=True, kw_only=True):
    """An item of an option that takes a list. bare: it may stand without a value."""

    names: tuple[str, ...]
    means: str
    here: str
    fate: Fate = Fate.MEANT
    bare: bool = False


_KEPT: Final = Fate.KEPT
_FLAG: Final = Takes.NOTHING
_ITEMS: Final = Takes.ITEMS

OPTIONS: Final = (
    Option(
        names=("--rsc-list", "-L"), takes=_ITEMS, means="resources, see below", here="reserved or limited"
    ),
    Option(
        names=("--gname", "--gid", "-g"),
        means="`project`; a number: `group`",
        here="the project is shown; a number is the OS group it runs with",
    ),
    Option(names=("--name", "-N"), means="`name`", here="named so"),
    Option(names=("--out", "-o"), means="`stdout`", here="written there, with %j %J %b %s %n filled in"),
    Option(names=("--err", "-e"), means="`stderr`", here="written there, with %j %J %b %s %n filled in"),
    Option(names=("-j",), takes=_FLAG, means="`join` = oe", here="stderr goes where stdout goes"),
    Option(
        names=("--stats", "-s"),
        takes=_FLAG,
        fate=_KEPT,
        means="statistics of the job",
        here="no statistics are written",
    ),
    Option(
        names=("--STATS", "-S"),
        takes=_FLAG,
        fate=_KEPT,
        means="statistics of the job and its nodes",
        here="no statistics are written",
    ),
    Option(names=("--spath",), fate=_KEPT, means="file of the statistics", here="no statistics are written"),
    Option(names=("-x",), takes=_ITEMS, means="environment", here="set for the job"),
    Option(
        names=("-X",),
        takes=_FLAG,
        means="environment, all of the submitter's that came along",
        here="set for the job, but for what could change how shells and schedulers behave",
    ),
    Option(names=("--at",), means="`not_before`, in the time zone of the server", here="not started before"),
    Option(names=("-p",), means="`priority` = 2000 + 8·(n − 127)", here="counts among all jobs"),
    Option(
        names=("-m",),
        means="`notify_on_start` (b), `notify_on_completion` (e), `notify_on_requeue` (r); s and S are kept",
        here="mailed, without statistics; r: not sent, a warning",
    ),
    Option(names=("--mail-list",), means="`email_address`", here="mailed to"),
    Option(
        names=("--restart",),
        takes=_FLAG,
        means="`rerunnable`",
        here="run again after a failure of the machine",
    ),
    Option(
        names=("--norestart",),
        takes=_FLAG,
        means="not `rerunnable`, which is also the default",
        here="not run again after a failure of the machine",
    ),
    Option(names=("--comment",), means="`comment`", here="shown"),
    Option(
        names=("--appname",),
        fate=_KEPT,
        means="label of the application",
        here="a label alone (PJM_APPNAME)",
    ),
    Option(names=("--fs",), fate=_KEPT, means="label of the file system", here="a label alone (PJM_FSNAME)"),
    Option(names=("-w",), fate=_KEPT, means="when pjsub returns", here="submitting never waits"),
    Option(
        names=("-z",),
        takes=Takes.JID,
        fate=_KEPT,
        means="what pjsub prints",
        here="it is for who submits alone",
    ),
    Option(names=("-P",), takes=_ITEMS, means="placement of virtual nodes, see below", here="placed so"),
    Option(
        names=("--bulk",),
        takes=_FLAG,
        means="sweep of the numbers in --sparam",
        here="one run for each number",
    ),
    Option(
        names=("--step",),
        takes=_FLAG,
        means="`step`: part of a chain, as --sparam says",
        here="run in the order of the steps",
    ),
    Option(
        names=("--sparam",),
        means="the numbers of a bulk job (`a-b`), or the place of a step (`jid`, `jnam`, `sn`, `sd`)",
        here="see --bulk and --step",
    ),
    Option(
        names=("--mswk",),
        takes=_FLAG,
        fate=_KEPT,
        means="master-worker job",
        here="it is run as a normal job",
    ),
    Option(
        names=("--interact",),
        takes=_FLAG,
        fate=Fate.REFUSED,
        means="interactive job",
        here="a job script runs in the background, so it is refused",
    ),
    Option(names=("--mpi",), takes=_ITEMS, means="MPI processes, see below", here="told to the job"),
    Option(names=("--llio",), takes=_ITEMS, means="layered storage, see below", here="kept"),
    Option(
        names=("--net-route",),
        fate=_KEPT,
        means="what happens when a link fails",
        here="no links are watched (PJM_NET_ROUTE)",
    ),
    Option(
        names=("--vset",),
        means="variables for `${name}` in later directives",
        here="put into the directives where they stand",
    ),
    Option(
        names=("--no-check-directory",),
        takes=_FLAG,
        fate=_KEPT,
        means="Fugaku: submit from any directory",
        here="directories are not checked",
    ),
    Option(
        names=("--no-check-gfscache",),
        takes=_FLAG,
        fate=_KEPT,
        means="Fugaku: submit without a choice of volume",
        here="volumes are not checked",
    ),
    Option(
        names=("--dir-prefix", "-C"),
        fate=Fate.IGNORED,
        means="prefix of directives",
        here="counts on the command line alone",
    ),
    Option(
        names=("--script-delimiter",),
        fate=Fate.IGNORED,
        means="end of a script on standard input",
        here="counts on the command line alone",
    ),
    Option(
        names=("--verbose",),
        takes=_FLAG,
        fate=Fate.IGNORED,
        means="more messages",
        here="counts on the command line alone",
    ),
    Option(
        names=("--help",),
        takes=_FLAG,
        fate=Fate.IGNORED,
        means="how pjsub is used",
        here="counts on the command line alone",
    ),
)
BY_NAME: Final[Mapping[str, Option]] = MappingProxyType(
    {name: option for option in OPTIONS for name in option.names}
)


def _amount(name: str, of: str) -> Item:
    return Item(names=(name,), means=f"`limits`: {of} (RLIMIT)", here="set before the script starts")


def _knob(*names: str) -> Item:
    return Item(names=names, means="`extra_resources`, a whole number", here="no power knob is turned")


RSC_LIST: Final = (
    Item(
        names=("node",),
        means="`chunks`: the product of the shape, whole nodes, each to itself; a shape or mode is kept too",
        here="whole nodes, wherever they are",
    ),
    Item(names=("vnode",), means="`chunks`: how many", here="cores and memory are reserved"),
    Item(names=("vnode-core",), means="`chunks`: cores of each", here="reserved"),
    Item(names=("vnode-mem",), means="`chunks`: memory of each", here="reserved"),
    Item(names=("core-mem",), means="`chunks`: memory of each, by its cores; kept too", here="reserved"),
    Item(names=("node-mem",), means="`chunks`: memory of each node", here="reserved"),
    Item(
        names=("gpu",),
        means="`chunks`: GPUs of each; alone, one core with them",
        here="reserved",
    ),
    Item(
        names=("elapse",),
        means="`runtime_s`; of a range the least: `min_runtime_s`",
        here="SIGXCPU at its end, SIGKILL 10 s later",
    ),
    Item(names=("rscgrp", "rg"), means="`queue`", here="queued there"),
    Item(
        names=("rscunit", "ru"),
        fate=_KEPT,
        means="resource unit",
        here="there is only one cluster (PJM_RSCUNIT)",
    ),
    _amount("proc-core", "core"),
    _amount("proc-data", "data"),
    _amount("proc-lockm", "memlock"),
    _amount("proc-msgq", "msgqueue"),
    _amount("proc-stack", "stack"),
    _amount("proc-vmem", "as"),
    _amount("proc-filesz", "fsize"),
    _amount("proc-cpu", "cpu"),
    _amount("proc-crproc", "nproc"),
    _amount("proc-openfd", "nofile"),
    _amount("proc-psig", "sigpending"),
    _knob("freq"),
    _knob("throttling_state"),
    _knob("issue_state", "issuance_state"),
    _knob("ex_pipe_state"),
    _knob("eco_state"),
    _knob("retention_state"),
    Item(names=("jobenv",), fate=_KEPT, means="execution environment", here="the machine's own is used"),
)
"""Items of `-L`; any other name is a custom resource of the site, which goes into `extra_resources`."""
CUSTOM: Final = Item(
    names=("any other name",),
    bare=True,
    means="`extra_resources`: a custom resource of the site",
    here="it is not counted here",
)
KNOBS: Final = frozenset(name for item in RSC_LIST if item.means.startswith("`extra") for name in item.names)

MPI: Final = (
    Item(names=("proc",), means="`processes`, and `ranks` of each chunk", here="told to the job"),
    Item(names=("max-proc-per-node",), means="`ranks` of each chunk", here="told to the job"),
    Item(
        names=("shape",),
        fate=_KEPT,
        means="nodes that MPI programs use; their number divides the processes",
        here="it is only told to the job (PJM_MPI_SHAPE_X)",
    ),
    Item(
        names=("rank-map-bychip",),
        bare=True,
        fate=_KEPT,
        means="order of ranks",
        here="it is only told to the job (PJM_RANK_MAP_BYCHIP)",
    ),
    Item(
        names=("rank-map-bynode",),
        bare=True,
        fate=_KEPT,
        means="order of ranks",
        here="it is only told to the job (PJM_RANK_MAP_BYNODE)",
    ),
    Item(
        names=("rank-map-hostfile",),
        fate=_KEPT,
        means="order of ranks, from a file",
        here="the MPI library is not given the file",
    ),
    Item(
        names=("assign-online-node",),
        bare=True,
        fate=_KEPT,
        means="leave out failed nodes of the shape",
        here="it is only told to the job (PJM_ASSIGN_ONLINE_NODE)",
    ),
)
PLACEMENT: Final = (
    Item(
        names=("vn-policy",),
        means="`arrangement`: abs-pack is pack, abs-unpack is scatter; others are kept",
        here="pack, unpack and abs-unpack=N: placed wherever they fit",
    ),
    Item(names=("exec-policy",), means="`sharing`: simplex is exclusive, share is shared", here="placed so"),
)


def _storage(name: str, here: str = "there is no layered storage", *, bare: bool = False) -> Item:
    return Item(names=(name,), fate=_KEPT, means="layered storage", here=here, bare=bare)


LLIO: Final = (
    _storage("localtmp-size", "PJM_LOCALTMP is a folder of the run; its size is not held"),
    _storage("sharedtmp-size", "PJM_SHAREDTMP is a folder of the run; its size is not held"),
    _storage("cn-cache-size"),
    _storage("cn-cached-write-size"),
    _storage("stripe-count"),
    _storage("stripe-size"),
    _storage("sio-read-cache"),
    _storage("cn-read-cache"),
    _storage("async-close"),
    _storage("auto-readahead"),
    _storage("perf", bare=True),
    _storage("perf-path"),
    _storage("uncompleted-fileinfo-path"),
)
LISTS: Final[Mapping[str, tuple[Item, ...]]] = MappingProxyType(
    {"rsc-list": RSC_LIST, "mpi": MPI, "llio": LLIO, "P": PLACEMENT}
)
"""Items by the key of the option they belong to. Those of `-x` are the user's own."""
ITEMS: Final[Mapping[str, Mapping[str, Item]]] = MappingProxyType(
    {
        key: MappingProxyType({name: item for item in items for name in item.names})
        for key, items in LISTS.items()
    }
)
KEPT: Final[Mapping[str, str]] = MappingProxyType(
    {option.key: option.names[0] for option in OPTIONS if option.fate is Fate.KEPT}
    | {
        f"{key}.{item.names[0]}": f"{'-P' if key == 'P' else '--' + key}"
        for key, items in LISTS.items()
        for item in items
        if item.fate is Fate.KEPT
    }
    # What has a neutral meaning, but says more than that.
    | {"X": "-X", "m": "-m"}
    | dict.fromkeys(
        ("rsc-list.node", "rsc-list.node-mem", "rsc-list.vnode-mem", "rsc-list.core-mem", "rsc-list.elapse"),
        "--rsc-list",
    )
    | {"P.vn-policy": "-P", "P.exec-policy": "-P"}
)
"""The option that writes it, for every key that `JobSpec.options` may hold."""
