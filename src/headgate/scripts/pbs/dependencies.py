"""`-W depend=type:id[:id...][,type:id...]` as values and back (spec pbs, section 10). Pure.

Ids are Headgate's own numbers; the server's name behind them and the `[]` of an array are left out.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from headgate.core.model import JobDependency, JobSpec
from headgate.core.vocabulary import DependencyCondition
from headgate.scripts.pbs.quantities import read_integer
from headgate.scripts.pbs.words import MOST_OPTIONS, IllegalValue

_CONDITIONS: Mapping[str, DependencyCondition] = MappingProxyType(
    {
        "": DependencyCondition.STARTED,
        "ok": DependencyCondition.SUCCEEDED,
        "notok": DependencyCondition.FAILED,
        "any": DependencyCondition.ENDED,
    }
)
_SUFFIXES: Final = {condition: suffix for suffix, condition in _CONDITIONS.items()}
_TYPE = re.compile(r"(after|before)(|ok|notok|any)")
_ID = re.compile(r"([0-9]{1,18})(\[[^\]]*\])?(?:\.[A-Za-z0-9._-]+)?(?:@[A-Za-z0-9._:-]+)?")


def read_depend(text: str) -> dict[str, Any]:
    """Fields of a JobSpec. Raises IllegalValue, naming the type or id."""
    if text.count(":") > MOST_OPTIONS:
        raise IllegalValue(f"more than {MOST_OPTIONS} jobs in depend")
    depends: dict[JobDependency, None] = {}
    precedes: dict[JobDependency, None] = {}
    rivals: dict[int, None] = {}
    awaits = 0
    for clause in text.split(","):
        kind, colon, rest = clause.strip(" \t").partition(":")
        found = _TYPE.fullmatch(kind)
        if kind in ("syncwith", "synccount"):
            raise IllegalValue(f"{kind} is not supported: no jobs are started together")
        if not found and kind not in ("on", "runone"):
            raise IllegalValue(
                f"{kind[:40]!r} is no type of dependency; there are after, afterok, afternotok, afterany, "
                "before, beforeok, beforenotok, beforeany, on and runone"
            )
        if not colon or not rest:
            raise IllegalValue(f"{kind} needs {'a count' if kind == 'on' else 'the id of a job'}")
        if kind == "on":
            awaits = read_integer(rest, least=1)
            continue
        numbers = [_number(word) for word in rest.split(":")]
        if not found:
            rivals.update(dict.fromkeys(numbers))
        else:
            condition = _CONDITIONS[found[2]]
            side = depends if found[1] == "after" else precedes
            side.update(dict.fromkeys(JobDependency(number, condition) for number in numbers))
    fields: dict[str, Any] = {
        "depends_on": tuple(depends),
        "precedes": tuple(precedes),
        "awaits": awaits,
        "rivals": tuple(rivals),
        # What can no longer be met deletes the job.
        "drop_when_hopeless": bool(depends or awaits),
    }
    return {name: value for name, value in fields.items() if value}


def _number(text: str) -> int:
    found = _ID.fullmatch(text)
    if found is None or not int(found[1]):
        raise IllegalValue(f"{text[:40]!r} is not the id of a job, such as 812, 812.server or 812[]")
    if found[2] and found[2] != "[]":
        raise IllegalValue(
            f"{text[:40]!r} is a part of an array; only the whole of it ({found[1]}[]) can be named"
        )
    return int(found[1])


def depend_text(job: JobSpec, name: Callable[[int], str] = str) -> str:
    """`depend` of a job, or ""; a condition that PBS lacks comes as afterok, which is nearest.

    name: writes the id of a job; listings have the server's name behind it (12.2).
    """
    clauses: dict[str, list[int]] = {}
    for word, dependencies in (("after", job.depends_on), ("before", job.precedes)):
        for dependency in dependencies:
            kind = word + _SUFFIXES.get(dependency.condition, "ok")
            clauses.setdefault(kind, []).append(dependency.job_id)
    if job.rivals:
        clauses["runone"] = list(job.rivals)
    words = [f"{kind}:{':'.join(map(name, ids))}" for kind, ids in clauses.items()]
    return ",".join([*words, *([f"on:{job.awaits}"] if job.awaits else [])])
