"""What a PBS script can say, as tables: options, `-W` attributes and `-l` resources (spec pbs, sections 2,
2.2 and 3.3; spec soca, 7.2). docs/reference/script-pbs.md is compared with them.

Reading looks here whether a name exists and what type it has, writing how an entry of `JobSpec.options` is
spelled. What is done with a value is in `reading.py` and `requests.py`.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

KEPT = "is kept, but does nothing here"


class Setting(Struct, frozen=True):
    """An option or a `-W` attribute.

    spelling: `-N`, `-W depend=`. attribute: PBS's name of it, and its key in `JobSpec.options` where it goes
    there (always with its whole value as text; a flag's is `true`). meaning: the neutral field. here: what
    the embedded engine makes of it. note: told to the submitter, when it does less than it says.
    """

    spelling: str
    attribute: str
    meaning: str
    here: str
    note: str = ""


_OPTION = "options"
"""Meaning of what only PBS knows."""

SETTINGS: Final = (
    Setting("-a", "Execution_Time", "job not_before", "waits until then"),
    Setting("-A", "Account_Name", "job account", "told as PBS_ACCOUNT"),
    Setting("-c", "Checkpoint", _OPTION, "only kept", f"-c {KEPT}: no checkpoints are made"),
    Setting("-C", "C", _OPTION, "only kept", f"-C {KEPT}: directives begin with #PBS"),
    Setting("-e", "Error_Path", "task stderr; with a host also options", "written there; a host is ignored"),
    Setting("-o", "Output_Path", "task stdout; with a host also options", "written there; a host is ignored"),
    Setting("-f", "f", _OPTION, "only kept", f"-f {KEPT}: it is about qsub itself"),
    Setting("-h", "Hold_Types", "job holds", "held until released"),
    Setting("-I", "interactive", "refused", "refused: nobody is at a terminal"),
    Setting("-j", "Join_Path", "task join", "both streams in one file"),
    Setting(
        "-J", "array_indices_submitted", "task start_value, end_value, increment, max_running", "an array"
    ),
    Setting("-k", "Keep_Files", _OPTION, "only kept", f"-k {KEPT}: output is written to its place at once"),
    Setting("-l", "Resource_List", "see Resources", "see Resources"),
    Setting(
        "-m",
        "Mail_Points",
        "job notify_on_failure (a), _start (b), _completion (e), notify_each (j)",
        "mail; j: not sent, a warning",
    ),
    Setting("-M", "Mail_Users", "job email_address", "mail"),
    Setting("-N", "Job_Name", "job name", "name"),
    Setting("-p", "Priority", "job priority, 2000 added", "order in the queue"),
    Setting("-P", "project", "job project", "project"),
    Setting("-q", "destination", "job queue; with a server also options", "queue; a server is ignored"),
    Setting("-r", "Rerunable", "task rerunnable", "whether it may run again"),
    Setting("-R", "Remove_Files", _OPTION, "only kept", f"-R {KEPT}: output files stay"),
    Setting(
        "-S",
        "Shell_Path_List",
        "task interpreter; with a host or a first line that names another one also options",
        "runs the script, unless its first line says what does",
    ),
    Setting(
        "-u", "User_List", "job run_as; with a host also options", "whose account is used, where allowed"
    ),
    Setting("-v", "Variable_List", "environment", "variables"),
    Setting("-V", "V", "environment, and options", "variables, as far as the client sent them"),
    Setting("-X", "forward_x11", "refused", "refused: nobody is at a display"),
    Setting("-z", "z", _OPTION, "only kept", f"-z {KEPT}: it is about qsub itself"),
    Setting(
        "-W block=", "block", _OPTION, "only kept", f"-W block {KEPT}: the client decides whether it waits"
    ),
    Setting(
        "-W create_resv_from_job=",
        "create_resv_from_job",
        _OPTION,
        "only kept",
        f"-W create_resv_from_job {KEPT}: there are no reservations",
    ),
    Setting(
        "-W depend=",
        "depend",
        "job depends_on, drop_when_hopeless, precedes (before...), awaits (on), rivals (runone)",
        "waits for other jobs",
    ),
    Setting("-W group_list=", "group_list", "job group; with a host also options", "group it runs with"),
    Setting("-W interactive=", "interactive", "refused", "refused, as -I is"),
    Setting("-W max_run_subjobs=", "max_run_subjobs", "task max_running", "subjobs at once"),
    Setting(
        "-W release_nodes_on_stageout=",
        "release_nodes_on_stageout",
        _OPTION,
        "only kept",
        f"-W release_nodes_on_stageout {KEPT}: nothing is staged",
    ),
    Setting(
        "-W run_count=", "run_count", _OPTION, "only kept", f"-W run_count {KEPT}: runs count from the first"
    ),
    Setting(
        "-W sandbox=",
        "sandbox",
        _OPTION,
        "only kept",
        f"-W sandbox=PRIVATE {KEPT}: the job starts in the home",
    ),
    Setting("-W stagein=", "stagein", _OPTION, "only kept", f"-W stagein {KEPT}: no files are copied"),
    Setting("-W stageout=", "stageout", _OPTION, "only kept", f"-W stageout {KEPT}: no files are copied"),
    Setting(
        "-W tolerate_node_failures=",
        "tolerate_node_failures",
        _OPTION,
        "only kept",
        f"-W tolerate_node_failures {KEPT}: a lost node ends the job",
    ),
    Setting("-W umask=", "umask", "task umask", "umask of the job, 077 without it"),
)

BY_LETTER: Mapping[str, Setting] = MappingProxyType(
    {setting.spelling[1]: setting for setting in SETTINGS if len(setting.spelling) == 2}
)
BY_ATTRIBUTE: Mapping[str, Setting] = MappingProxyType(
    {setting.attribute: setting for setting in SETTINGS if setting.spelling.startswith("-W ")}
)
"""The attributes that `-W` takes."""


class Type(Enum):
    """Types of values (3.2); of the others the text counts as it is."""

    INTEGER = "integer"
    TIME = "time"
    SIZE = "size"
    TEXT = "text"


class Scope(Enum):
    """Where a resource may be asked for."""

    CHUNK = "chunk"
    """In a chunk; without any, for the job as a whole."""
    JOB = "job"
    FORM = "form"
    """Says how the others are asked for: select, place, nodes."""
    READ_ONLY = "read only"


class Resource(Struct, frozen=True):
    """A built-in resource. meaning, here, note: as for a Setting."""

    name: str
    type: Type
    scope: Scope
    meaning: str
    here: str
    note: str = ""


def _idle(name: str, type: Type, scope: Scope, meaning: str) -> Resource:
    return Resource(name, type, scope, meaning, "only kept", f"{name} {KEPT}")


RESOURCES: Final = (
    Resource("select", Type.TEXT, Scope.FORM, "task chunks", "cores, memory and GPUs"),
    Resource(
        "place",
        Type.TEXT,
        Scope.FORM,
        "task arrangement, sharing; vscatter, exclhost and group also options",
        "where chunks go",
    ),
    Resource("nodes", Type.TEXT, Scope.FORM, "task chunks, arrangement, sharing", "as select"),
    Resource("ncpus", Type.INTEGER, Scope.CHUNK, "chunk cores", "cores"),
    Resource("mem", Type.SIZE, Scope.CHUNK, "chunk memory", "memory"),
    Resource("mpiprocs", Type.INTEGER, Scope.CHUNK, "chunk ranks", "lines in PBS_NODEFILE"),
    Resource("ompthreads", Type.INTEGER, Scope.CHUNK, "chunk threads", "OMP_NUM_THREADS"),
    Resource("ngpus", Type.INTEGER, Scope.CHUNK, "chunk gpus", "GPUs"),
    Resource("host", Type.TEXT, Scope.CHUNK, "chunk host", "the node of this name"),
    _idle("vmem", Type.SIZE, Scope.CHUNK, "chunk extra"),
    _idle("arch", Type.TEXT, Scope.CHUNK, "chunk extra"),
    _idle("vnode", Type.TEXT, Scope.CHUNK, "chunk extra"),
    Resource("walltime", Type.TIME, Scope.JOB, "job runtime_s", "ended after it"),
    Resource("min_walltime", Type.TIME, Scope.JOB, "job min_runtime_s", "only kept"),
    Resource("max_walltime", Type.TIME, Scope.JOB, "job runtime_s", "ended after it"),
    Resource("pcput", Type.TIME, Scope.JOB, "task limits cpu", "limit of each process"),
    Resource("pmem", Type.SIZE, Scope.JOB, "task limits rss", "limit of each process"),
    Resource("pvmem", Type.SIZE, Scope.JOB, "task limits as", "limit of each process"),
    Resource("file", Type.SIZE, Scope.JOB, "task limits fsize", "limit of each process"),
    _idle("cput", Type.TIME, Scope.JOB, _OPTION),
    _idle("nice", Type.INTEGER, Scope.JOB, _OPTION),
    _idle("software", Type.TEXT, Scope.JOB, _OPTION),
    Resource("nodect", Type.INTEGER, Scope.READ_ONLY, "refused", "counted from the chunks"),
    Resource("soft_walltime", Type.TIME, Scope.READ_ONLY, "refused", "for operators of PBS only"),
    Resource("eligible_time", Type.TIME, Scope.READ_ONLY, "refused", "counted by the server"),
)
BUILT_IN: Mapping[str, Resource] = MappingProxyType({entry.name: entry for entry in RESOURCES})
LIMITS: Mapping[str, str] = MappingProxyType({"pcput": "cpu", "pmem": "rss", "pvmem": "as", "file": "fsize"})
"""Resources that are limits of each process, by their names in TaskSpec.limits."""

SOCA: Final = frozenset(
    {
        "instance_type",
        "instance_types",
        "instance_ami",
        "base_os",
        "instance_profile",
        "security_groups",
        "subnet_id",
        "subnet_ids",
        "availability_zone",
        "force_ri",
        "spot_price",
        "spot_allocation_count",
        "spot_allocation_strategy",
        "ht_support",
        "placement_group",
        "efa_support",
        "root_size",
        "scratch_size",
        "scratch_iops",
        "keep_ebs",
        "fsx_lustre",
        "fsx_lustre_size",
        "fsx_lustre_deployment_type",
        "fsx_lustre_per_unit_throughput",
        "fsx_lustre_storage_type",
        "system_metrics",
        "anonymous_metrics",
        "compute_node",
        "stack_id",
        "error_message",
        "instance_id",
        "instance_type_used",
        "asg_spotfleet_id",
        "capacity_reservation_id",
        "nested_virtualization",
        "retry_attempt",
    }
)
"""Resources of SOCA (spec soca, 7.2): site-defined as far as PBS is concerned."""

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "ami_id": "instance_ami is meant",
        "gpus": "ngpus is meant, within select=",
        "ppn": "it belongs behind nodes= (nodes=2:ppn=4)",
        "cpp": "it belongs behind nodes= (nodes=2:ppn=2:cpp=3)",
        "procs": "it is Torque's; select=4:ncpus=1 asks for four",
        "cpus": "ncpus is meant",
        "cores": "ncpus is meant",
        "memory": "mem is meant",
        "time": "walltime is meant",
    }
)
"""Names that are none, and known from scripts of other systems."""


_SHORT: Final = 4
"""Names this short have neighbours of their own right (hmem, gem): only swapped letters count as a slip."""


def _shapes(name: str) -> Iterable[str]:
    yield name
    if len(name) > _SHORT:
        yield from (name[:cut] + name[cut + 1 :] for cut in range(len(name)))


_KNOWN = sorted({*BUILT_IN, *SOCA}, reverse=True)
_NEAR: Final = {shape: name for name in _KNOWN for shape in _shapes(name)}
_SWAPPED: Final = {"".join(sorted(name)): name for name in _KNOWN}


def resembles(name: str) -> str:
    """The known resource that is a slip away from the name (a letter missing, wrong or too many, or letters
    in another order), or "".
    """
    name = name.lower()
    swapped = _SWAPPED.get("".join(sorted(name)), "")
    return swapped or next((_NEAR[shape] for shape in _shapes(name) if shape in _NEAR), "")
