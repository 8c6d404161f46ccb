"""The `proc-…` items of `-L`: limits of each process, soft and hard, both ways. Spec pjm, section 3.1."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from headgate.scripts.pjm.quantities import (
    ANY_UNITS,
    MEMORY_UNITS,
    MOST,
    SIZE_UNITS,
    UNLIMITED,
    read_amount,
    read_count,
    read_time,
    write_amount,
    write_time,
)

NO_LIMIT: Final = -1
"""How `TaskSpec.limits` says that there is none."""


class Limit(Struct, frozen=True):
    """name: of the limit in `TaskSpec.limits`. read raises quantities.Bad; write says whether it is exact."""

    name: str
    read: Callable[[str], int | None]
    write: Callable[[int], tuple[str, bool]]


def _memory(name: str) -> Limit:
    return Limit(name, lambda text: read_amount(text, ANY_UNITS), lambda value: _amount(value, MEMORY_UNITS))


def _count(name: str, most: int = MOST) -> Limit:
    return Limit(
        name,
        lambda text: read_count(text, most=most),
        lambda value: (str(min(value, most)), value <= most),
    )


def _amount(value: int, units: Mapping[str, int], least: int = 0) -> tuple[str, bool]:
    text, exact = write_amount(max(value, least), units)
    return text, exact and value >= least


LEAST_FILE: Final = 2048
"""Bytes."""
MOST_FILES: Final = 1_048_576

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "proc-core": _memory("core"),
        "proc-data": _memory("data"),
        "proc-lockm": _memory("memlock"),
        "proc-msgq": _memory("msgqueue"),
        "proc-stack": _memory("stack"),
        "proc-vmem": _memory("as"),
        "proc-filesz": Limit(
            "fsize",
            lambda text: read_amount(text, SIZE_UNITS, LEAST_FILE),
            lambda value: _amount(value, SIZE_UNITS, LEAST_FILE),
        ),
        "proc-cpu": Limit(
            "cpu",
            lambda text: read_time(text, 1),
            lambda value: (write_time(min(max(value, 1), MOST)), 1 <= value <= MOST),
        ),
        "proc-crproc": _count("nproc"),
        "proc-openfd": _count("nofile", MOST_FILES),
        "proc-psig": _count("sigpending"),
    }
)
"""By the name of the item."""
LIMIT_NAMES: Final = frozenset(limit.name for limit in LIMITS.values())


def read_limit(item: str, text: str) -> int:
    """The value for `TaskSpec.limits`. Raises quantities.Bad."""
    value = LIMITS[item].read(text)
    return NO_LIMIT if value is None else value


def write_limit(item: str, value: int) -> tuple[str, bool]:
    """The text of a limit, and whether it says exactly this."""
    return (UNLIMITED, True) if value == NO_LIMIT else LIMITS[item].write(value)
