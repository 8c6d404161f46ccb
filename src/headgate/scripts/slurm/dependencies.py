"""Other jobs that a job waits for (sbatch(1), --dependency): `afterok:20:21,afterany:23`, `after:7+5`,
`singleton`.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from headgate.core.model import JobDependency
from headgate.core.vocabulary import DependencyCondition as When

_WHEN: Final[Mapping[str, When]] = MappingProxyType(
    {
        "after": When.STARTED,
        "afterany": When.ENDED,
        "afterburstbuffer": When.ENDED,
        "aftercorr": When.CORRESPONDS,
        "afternotok": When.FAILED,
        "afterok": When.SUCCEEDED,
    }
)
_WORD: Final[Mapping[When, str]] = MappingProxyType(
    {
        When.STARTED: "after",
        When.ENDED: "afterany",
        When.CORRESPONDS: "aftercorr",
        When.FAILED: "afternotok",
        When.SUCCEEDED: "afterok",
    }
)
MOST: Final = 10_000
"""Jobs that a list may name."""
_JOB: Final = re.compile(r"([0-9]{1,18})(_(?:[0-9]{1,9}|\*))?(?:\+([0-9]{1,7}))?")


class Waits(Struct, frozen=True):
    """What a job waits for. odd: what is not taken as written."""

    jobs: tuple[JobDependency, ...] = ()
    any_of_them: bool = False
    singleton: bool = False
    odd: tuple[str, ...] = ()


def waits(text: str) -> Waits:
    """What a --dependency says. Raises ValueError."""
    if "," in text and "?" in text:
        raise ValueError("only one separator may be used: a comma (all of them) or ? (one is enough)")
    jobs: list[JobDependency] = []
    odd: list[str] = []
    singleton = False
    parts = text.split("?" if "?" in text else ",")
    if text.count(":") + len(parts) > MOST:
        raise ValueError(f"it names more than {MOST} jobs")
    for part in parts:
        word, colon, rest = part.partition(":")
        word = word.lower()
        if word == "singleton" and not colon:
            singleton = True
        elif word in _WHEN and colon:
            if word == "afterburstbuffer":
                odd.append("there are no burst buffers here: afterburstbuffer is taken as afterany")
            jobs += _jobs(_WHEN[word], rest, odd)
        elif not colon and _JOB.fullmatch(part):
            # A bare number: afterany is the default type.
            jobs += _jobs(When.ENDED, part, odd)
        else:
            raise ValueError(
                f"{part[:40]!r} is none of {', '.join(sorted(_WHEN))} with :job[:job…], nor singleton"
            )
    one = "?" in text
    if one and singleton and jobs:
        odd.append("singleton is waited for in any case, not only as one of several")
    each_once = tuple(dict.fromkeys(jobs))
    return Waits(each_once, one and len(each_once) > 1, singleton, tuple(dict.fromkeys(odd)))


def _jobs(when: When, text: str, odd: list[str]) -> Iterator[JobDependency]:
    for job in text.split(":"):
        found = _JOB.fullmatch(job)
        if found is None:
            raise ValueError(f"{job[:40]!r} is no job: a number, and for after a +minutes behind it")
        if found[3] and when is not When.STARTED:
            raise ValueError(f"{job[:40]!r}: only after may have a +time")
        if found[2] and found[2] != "_*":
            odd.append(f"the whole of job {found[1]} is waited for, not only {job}")
        delay = int(found[3] or 0) * 60
        yield JobDependency(job_id=int(found[1]), condition=when, delay_s=delay)


def waits_text(these: Waits) -> str:
    """As --dependency says it. A delay is rounded up to minutes."""
    parts: list[tuple[str, list[str]]] = []
    for job in these.jobs:
        word = _WORD[job.condition]
        minutes = -(-job.delay_s // 60) if job.condition is When.STARTED else 0
        name = f"{job.job_id}+{minutes}" if minutes else str(job.job_id)
        # One word alone would hold no `?`.
        if parts and parts[-1][0] == word and not these.any_of_them:
            parts[-1][1].append(name)
        else:
            parts.append((word, [name]))
    texts = [":".join((word, *names)) for word, names in parts]
    if these.singleton:
        texts.append("singleton")
    return ("?" if these.any_of_them else ",").join(texts)
