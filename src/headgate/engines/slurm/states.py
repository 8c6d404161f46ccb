"""What Slurm calls the states of a job, and what each says in the words of `ports.engine`; versions tried.

After squeue(1) and sacct(1) of 22.05.8, JOB STATE CODES; every code is here, compact and long. A state that
is not is `Stage.UNKNOWN`: it ends nothing, and is asked about again.
"""

import re
import signal as signals
from enum import Enum
from typing import Final

from msgspec import Struct

from headgate.ports.engine import Ending, Fault

TRIED: Final = {
    "22.05.8": "Debian 12, with slurmdbd and without; on loopback, recorded and live",
    "24.11.5": "Debian 13, the same",
    "26.05.5": "Debian testing, live, without the limits of accounts",
}
"""Versions of Slurm that the commands were tried with, and how."""


class Stage(Enum):
    """How far a job has come."""

    WAITING = "waiting"
    STARTING = "starting"
    """It has its nodes; the script has not begun."""
    RUNNING = "running"
    CLOSING = "closing"
    """It is being ended, or put back; its exit status is not final."""
    OVER = "over"
    UNKNOWN = "unknown"


class Meaning(Struct, frozen=True):
    """What a state says. ending: of one that is OVER; EXITED stands for what the exit status says."""

    compact: str
    stage: Stage
    ending: Ending | None = None
    fault: Fault = Fault.NONE
    reason: str = ""


STATES: Final = {
    "BOOT_FAIL": Meaning(
        "BF", Stage.OVER, Ending.LOST, Fault.REBOOT, "Slurm: a node could not be booted for it"
    ),
    "CANCELLED": Meaning("CA", Stage.OVER, Ending.STOPPED),
    "COMPLETED": Meaning("CD", Stage.OVER, Ending.EXITED),
    "CONFIGURING": Meaning("CF", Stage.STARTING),
    "COMPLETING": Meaning("CG", Stage.CLOSING),
    "DEADLINE": Meaning("DL", Stage.OVER, Ending.STOPPED, reason="Slurm: its deadline passed"),
    "FAILED": Meaning("F", Stage.OVER, Ending.EXITED),
    "NODE_FAIL": Meaning("NF", Stage.OVER, Ending.LOST, Fault.REBOOT, "Slurm: one of its nodes failed"),
    "OUT_OF_MEMORY": Meaning("OOM", Stage.OVER, Ending.SIGNALED, reason="Slurm: it ran out of memory"),
    "PENDING": Meaning("PD", Stage.WAITING),
    "PREEMPTED": Meaning(
        "PR", Stage.OVER, Ending.LOST, Fault.REBOOT, "Slurm: ended in favour of a job of higher priority"
    ),
    "RUNNING": Meaning("R", Stage.RUNNING),
    "RESV_DEL_HOLD": Meaning("RD", Stage.WAITING),
    "REQUEUE_FED": Meaning("RF", Stage.WAITING),
    "REQUEUE_HOLD": Meaning("RH", Stage.WAITING),
    "REQUEUED": Meaning("RQ", Stage.CLOSING),
    "RESIZING": Meaning("RS", Stage.RUNNING),
    "REVOKED": Meaning("RV", Stage.UNKNOWN),
    "SIGNALING": Meaning("SI", Stage.RUNNING),
    "SPECIAL_EXIT": Meaning("SE", Stage.WAITING),
    "STAGE_OUT": Meaning("SO", Stage.CLOSING),
    "STOPPED": Meaning("ST", Stage.RUNNING),
    "SUSPENDED": Meaning("S", Stage.RUNNING),
    "TIMEOUT": Meaning("TO", Stage.OVER, Ending.WALL_TIME, reason="Slurm: its wall time was over"),
}
"""REVOKED: another cluster of a federation runs it, so that it is over here and not over."""

SIGNALLED: Final = frozenset({"PREEMPTED", "CANCELLED", "TIMEOUT", "DEADLINE"})
"""Slurm ends these runs itself, with signals to all of their processes (a lost node may hear none)."""

NEVER: Final = {
    "DependencyNeverSatisfied": "it depends on a job that ended otherwise",
    "BadConstraints": "no node can ever meet its constraints",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "PartitionTimeLimit": "its wall time is more than its partition allows",
    "PartitionNodeLimit": "it wants more nodes than its partition allows or has in service",
}
OF_A_JOB: Final = re.compile(r"(Assoc|QOS)M(ax\w+Per(Job|Node)Limit|in\w+)")
"""Limits of what one job may ask for (`QOSMaxCpuPerJobLimit`, `AssocMaxWallDurationPerJobLimit`)."""
"""squeue(1), JOB REASON CODES: why a job waits, of those that waiting alone does not end, as words to show
beside the state. Others are shown as Slurm has them. (JobLaunchFailure also comes with a script that a signal
ended: it says nothing about whether the job ran.)"""


def waits_for(reason: str) -> str:
    """Why a job waits, for people; "" where Slurm has not said it (it has not looked at the job yet)."""
    if reason in ("", "None"):
        return ""
    known = NEVER.get(reason)
    if known is None and OF_A_JOB.fullmatch(reason):
        whose = "QOS" if reason.startswith("QOS") else "account"
        known = f"it asks for more or less than its {whose} allows a job"
    return f"Slurm: {reason}, {known}" if known else f"Slurm: {reason}"


UNKNOWN: Final = Meaning("", Stage.UNKNOWN)
_BY_COMPACT: Final = {meaning.compact: meaning for meaning in STATES.values()}


class End(Struct, frozen=True):
    """How a job ended, for `ports.engine.Ended`."""

    ending: Ending
    exit_code: int | None
    signal: int | None
    fault: Fault
    reason: str


def meaning(state: str) -> Meaning:
    """Of a state, long or compact; of one that nobody knows, UNKNOWN."""
    return STATES.get(state) or _BY_COMPACT.get(state) or UNKNOWN


def split(status: int) -> tuple[int, int]:
    """An exit code and a signal from a status as wait(2) has it, which is what squeue says."""
    return status >> 8 & 0xFF, status & 0x7F


def end(state: str, code: int, signal: int, *, started: bool) -> End:
    """How a job in a state that is OVER ended. started: whether it has a time of start.

    A job that was cancelled while it waited has none: it never ran. Out of memory comes as signal 125, which
    is no signal: the kernel's is SIGKILL. Raises ValueError for a state that is not OVER.
    """
    said = meaning(state)
    if said.ending is None:
        raise ValueError(f"{state} is no state of a job that is over")
    if said.ending is Ending.STOPPED and not started:
        return End(Ending.NEVER_STARTED, None, None, Fault.NONE, said.reason)
    real = signal if 0 < signal <= signals.SIGRTMAX else None
    if state in ("OUT_OF_MEMORY", "OOM"):
        return End(Ending.SIGNALED, None, real or int(signals.SIGKILL), Fault.NONE, said.reason)
    if said.ending is Ending.EXITED:
        if real is not None:
            return End(Ending.SIGNALED, None, real, Fault.NONE, "")
        if state in ("FAILED", "F") and not code:
            # It failed without a status of its own: a prolog, a node that could not start it.
            return End(Ending.LOST, None, None, Fault.SUPERVISION, "Slurm: it failed without an exit status")
        return End(Ending.EXITED, code, None, Fault.NONE, "")
    if said.ending is Ending.LOST:
        return End(Ending.LOST, None, None, said.fault, said.reason)
    return End(said.ending, code or None, real, said.fault, said.reason)
