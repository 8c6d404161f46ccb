"""Amounts of a queue's limits and defaults as people write them: `walltime=24:00:00`, `mem=4gb`, `nodes=8`.
Pure.

The names are those that job scripts use (spec pbs, 3.3); times and sizes are read as there (3.2), and
written the same way.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.errors import BadRequest
from headgate.core.model import QueueDefaults, QueueLimits

MOST: Final = 2**62
LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "walltime": "runtime_s",
        "nodes": "nodes",
        "ncpus": "cores",
        "ngpus": "gpus",
        "mem": "memory",
        "total_mem": "total_memory",
    }
)
"""Fields of QueueLimits by the names of what they limit."""
_TIME = re.compile(r"(?:(?:([0-9]{1,7}):)?([0-9]{1,9}):)?([0-9]{1,12})")
_SIZE = re.compile(r"([0-9]{1,18})([kmgtp]?)(b|w)?", re.IGNORECASE)
_UNITS: Final = ("b", "kb", "mb", "gb", "tb", "pb")


def read(name: str, text: str) -> int:
    """The amount that a text says, in seconds, bytes or pieces. Raises BadRequest, naming it."""
    text = text.strip()
    if name in ("mem", "total_mem"):
        found = _size(text)
    elif name == "walltime":
        found = _time(text)
    else:
        found = int(text) if re.fullmatch("[0-9]{1,9}", text) else None
    if found is None or not 0 < found <= MOST:
        raise BadRequest(f"{name}: {text[:40]!r} is no amount of it ({_EXAMPLES.get(name, '8')} is one).")
    return found


_EXAMPLES: Final = {"walltime": "24:00:00", "mem": "4gb", "total_mem": "64gb"}


def _time(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _size(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    number, unit, word = found.groups()
    scale: int = 1024 ** " kmgtp".index(unit.lower() or " ")
    return int(number) * scale * (8 if (word or "").lower() == "w" else 1)


def write(name: str, amount: int) -> str:
    """The amount as `read` takes it."""
    if name == "walltime":
        return f"{amount // 3600:02}:{amount // 60 % 60:02}:{amount % 60:02}"
    if name in ("mem", "total_mem"):
        power = 0
        while power < len(_UNITS) - 1 and amount and amount % 1024 == 0:
            amount, power = amount // 1024, power + 1
        return f"{amount}{_UNITS[power]}"
    return str(amount)


def limits(said: Mapping[str, str]) -> QueueLimits:
    """The limits that are said by name. Raises BadRequest."""
    for name in said:
        if name not in LIMITS:
            raise BadRequest(f"{name!r} is nothing that a queue limits; there are {', '.join(LIMITS)}.")
    return QueueLimits(**{LIMITS[name]: read(name, text) for name, text in said.items()})


def limits_said(limits: QueueLimits) -> dict[str, str]:
    """The limits by name, as text."""
    amounts = {name: getattr(limits, field) for name, field in LIMITS.items()}
    return {name: write(name, amount) for name, amount in amounts.items() if amount is not None}


def defaults(said: Mapping[str, str]) -> QueueDefaults:
    """The defaults that are said by name; any name but walltime and mem is a named resource."""
    resources = {}
    for name, text in said.items():
        if name in LIMITS and name not in ("walltime", "mem"):
            raise BadRequest(f"A queue has no default for {name}: a job that does not say it means 1.")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
            raise BadRequest(f"{name[:40]!r} can't be the name of a resource.")
        if not text or not text.isprintable() or len(text) > 1024:
            raise BadRequest(f"{name}: a default is one line of up to 1024 characters.")
        if name not in LIMITS:
            resources[name] = text
    return QueueDefaults(
        runtime_s=read("walltime", said["walltime"]) if "walltime" in said else None,
        memory=read("mem", said["mem"]) if "mem" in said else None,
        resources=resources,
    )


def defaults_said(defaults: QueueDefaults) -> dict[str, str]:
    """The defaults by name, as text."""
    amounts = {"walltime": defaults.runtime_s, "mem": defaults.memory}
    found = {name: write(name, amount) for name, amount in amounts.items() if amount is not None}
    return {**found, **defaults.resources}
