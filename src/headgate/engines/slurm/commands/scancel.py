"""scancel: end jobs, or send them a signal.

After scancel(1) of 22.05.8. It says on standard error what it could not do, one line for each, and ends with
the error code of one of them, of which the low byte is left. To end what is not there any more is no failure
of it; to send that a signal is.
"""

import re
from typing import Final

from msgspec import Struct

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import NoAnswer, Rejected, answered, decoded, unreachable, words
from headgate.engines.slurm.indices import text

MOST_JOBS: Final = 1000
"""Ids in one command; a line of arguments is finite, and each id is a question to slurmctld."""
_OVER: Final = (
    "Invalid job id specified",
    "Job/step already completing or completed",
    "Job has already finished",
    "Job is pending execution",
    "Job is not running",
)
"""What slurmctld says of a job that is not there, ends already, or (for a signal) has not begun."""
_OF: Final = re.compile(r"on job id ([0-9_\[\],%:-]+): (.*)")


class Target(Struct, frozen=True):
    """A job, or some elements of an array; none named: all of it."""

    job: int
    elements: tuple[int, ...] = ()


def build(
    targets: tuple[Target, ...], *, signal: str = "", batch: bool = False, full: bool = False
) -> Command:
    """The command. Without a signal the jobs are ended: waiting ones go at once, running ones get SIGTERM and
    after KillWait SIGKILL. signal: its name without SIG; it reaches only running jobs: their steps,
    with `batch` only the batch script's shell, with `full` steps, script and its children.

    Raises ValueError for no targets, or more than MOST_JOBS.
    """
    if not 0 < len(targets) <= MOST_JOBS:
        raise ValueError(f"scancel takes 1 to {MOST_JOBS} jobs")
    argv = ["scancel"]
    if signal:
        argv.append(f"--signal={signal}")
    if batch:
        argv.append("--batch")
    if full:
        argv.append("--full")
    argv += (f"{one.job}_[{text(one.elements)}]" if one.elements else str(one.job) for one in targets)
    return Command(argv=tuple(argv))


def parse(outcome: Outcome) -> tuple[str, ...]:
    """The ids (as scancel writes them) of those that it could not reach because they were over, or not begun.

    Raises NoAnswer, after which some may have been ended, and Rejected when one of them may not be ended.
    """
    done = answered("scancel", outcome)
    over: list[str] = []
    for line in decoded(done.stderr).splitlines():
        said = words(line)
        if not said:
            continue
        found = _OF.search(said)
        if found is not None and found[2].strip() in _OVER:
            over.append(found[1])
        elif unreachable(said):
            raise NoAnswer("scancel did not reach the controller", said)
        elif done.exit_status != 0:
            raise Rejected("scancel was refused", said)
    if done.exit_status != 0 and not over:
        raise NoAnswer(f"scancel ended with {done.exit_status} without a word")
    return tuple(over)
