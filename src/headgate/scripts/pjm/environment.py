"""Variables: which the job gets of the user's, and which names are PJM's own. Spec pjm, 3.3 and 8.1."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SUBMITTER: Final = ("HOME", "LANG", "LOGNAME", "MAIL", "PATH", "SHELL", "TZ")
"""Variables of the submitter's that every job is told as PJM_O_…."""

_PLAIN: Final = """
JOBID SUBJOBID JOBNAME BULKNUM STEPNUM ENVIRONMENT JOBDIR NODE NODE_X NODE_Y NODE_Z NODE_ALLOCATION_MODE
NODE_ALLOCATION_IO_MODE NODE_MEM_LIMIT VNODE_MEM_LIMIT CORE_MEM_LIMIT VNODE VNODE_CORE MPI_PROC PROC_BY_NODE
MPI_SHAPE_X MPI_SHAPE_Y MPI_SHAPE_Z RANK_MAP_BYCHIP RANK_MAP_BYNODE RSCUNIT RSCGRP ELAPSE_LIMIT
ELAPSED_TIME_MODE ADAPTIVE_ELAPSED_TIME_MIN ADAPTIVE_ELAPSED_TIME_MAX STDOUT_PATH STDERR_PATH SHELL DPREFIX
COMMENT APPNAME FSNAME AT MAILOPTION MAILSENDTO NORESTART NET_ROUTE CUSTOM_RESOURCES ASSIGN_ONLINE_NODE
EXEC_POLICY VN_POLICY ASSIGN_LOGICAL_CPU LOCALTMP SHAREDTMP O_WORKDIR O_HOST O_NODEINF
"""
RESERVED: Final = frozenset(f"PJM_{name}" for name in (*_PLAIN.split(), *(f"O_{name}" for name in SUBMITTER)))
"""What `-x` and `-X` can never override. PJM_LLIO_… is not among them: jobs choose their volumes with it."""

_WITHHELD: Final = re.compile(
    r"LD_.*|BASH_.*|ENV|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|(?:HEADGATE|PJM|PBS|SLURM)_.*|.*[^A-Za-z0-9_].*",
    re.DOTALL,
)


def passed_on(variables: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What `-X` passes on, and the names it does not: they could change how shells and schedulers behave, or
    are none that a shell takes.
    """
    withheld = tuple(name for name in variables if not name or _WITHHELD.fullmatch(name))
    return {name: value for name, value in variables.items() if name not in withheld}, withheld


MAIL_BITS: Final[Mapping[str, int]] = MappingProxyType({"b": 0x1, "e": 0x2, "r": 0x4, "s": 0x8, "S": 0x10})
"""The letters of `-m`, and what PJM_MAILOPTION says of them."""
