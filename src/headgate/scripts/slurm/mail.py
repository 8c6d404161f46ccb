"""Notices (sbatch(1), --mail-type)."""

from typing import Final

from msgspec import Struct

_ALL: Final = ("BEGIN", "END", "FAIL", "REQUEUE")
"""What ALL stands for, but for what does not happen here: INVALID_DEPEND and STAGE_OUT."""
_OTHER: Final = (
    "INVALID_DEPEND",
    "STAGE_OUT",
    "TIME_LIMIT",
    "TIME_LIMIT_90",
    "TIME_LIMIT_80",
    "TIME_LIMIT_50",
)


class Notices(Struct, frozen=True, kw_only=True):
    """Which notices are wanted. other: kinds that are only kept."""

    start: bool = False
    completion: bool = False
    failure: bool = False
    requeue: bool = False
    each: bool = False
    other: tuple[str, ...] = ()


def notices(text: str) -> Notices:
    """What a list of kinds says. Raises ValueError."""
    kinds = [kind.upper() for kind in text.split(",") if kind]
    known = (*_ALL, *_OTHER, "ALL", "ARRAY_TASKS", "NONE")
    for kind in kinds:
        if kind not in known:
            raise ValueError(f"{kind[:40]} is none of {', '.join(known)}")
    if not kinds:
        raise ValueError(f"it is a list of {', '.join(known)}")
    if "NONE" in kinds:
        return Notices()
    wanted = {*kinds, *_ALL} if "ALL" in kinds else set(kinds)
    return Notices(
        start="BEGIN" in wanted,
        completion="END" in wanted,
        failure="FAIL" in wanted,
        requeue="REQUEUE" in wanted,
        each="ARRAY_TASKS" in wanted,
        other=tuple(kind for kind in _OTHER if kind in wanted),
    )


def notices_text(wanted: Notices) -> str:
    """As --mail-type says them; empty: none."""
    on = (wanted.start, wanted.completion, wanted.failure, wanted.requeue)
    kinds = ["ALL"] if all(on) else [kind for kind, one in zip(_ALL, on, strict=True) if one]
    return ",".join((*kinds, *(("ARRAY_TASKS",) if wanted.each else ()), *wanted.other))
