"""What slurmctld says when it refuses a job for good: the texts of slurm_errno.c, 22.05.8, that are about it;
which of them only mean "not yet"; and what helps, for people.

Not here, on purpose: what is about the way to the daemon (`answers.UNREACHABLE`), and what only says "not
now" (`Unable to create job record, try again`): the job was not taken, but may be the next time.
"""

from collections.abc import Sequence
from typing import Final

POLICY: Final = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
"""One text for all limits. Which one it was is a line before it, in words of squeue(1), JOB REASON CODES."""

FULL: Final = {
    "AssocMaxSubmitJobLimit": "its owner has as many jobs in Slurm as the account allows a user",
    "AssocGrpSubmitJobsLimit": "its account, or one above it, has as many jobs in Slurm as it may have",
    "QOSMaxSubmitJobPerUserLimit": "its owner has as many jobs in Slurm as its QOS allows a user",
    "MaxSubmitJobsPerAccount": "its account has as many jobs in Slurm as its QOS allows an account",
    "QOSGrpSubmitJobsLimit": "its QOS has as many jobs in Slurm as it may have",
}
"""The limits that end by themselves: they count jobs that are there."""

_HELP: Final = {
    "Invalid account or account/partition combination specified": (
        "in Slurm the owner of the job may not use this account, or has none: name another one, or have an"
        " administrator of Slurm add the owner to it"
    ),
    "Invalid qos specification": (
        "there is no such QOS, or this account may not use it: name another one, or have an administrator of"
        " Slurm allow it"
    ),
    "Invalid license specification": (
        "Slurm has no licence of just this name, or never as many: `scontrol show licenses` lists what it has"
    ),
    POLICY: (
        "it asks for more than its account or QOS allows a job: ask for less, or name another account or QOS"
    ),
    "Requested time limit is invalid (missing or exceeds some limit)": (
        "its wall time is more than its partition allows: ask for less, or name another queue"
    ),
}

REFUSALS: Final = frozenset(
    {
        # What a job_submit plugin's plain slurm.ERROR comes to; ways that fail have texts of their own.
        "Unspecified error",
        "Access/permission denied",
        "Invalid partition name specified",
        "No partition specified or system default partition",
        "User's group not permitted to use this partition",
        "Requested nodes not in this partition",
        "More processors requested than permitted",
        "Node count specification invalid",
        "Job size specification needs to be provided",
        "Pathname of a file, directory or other parameter too long",
        "Job script not specified",
        "Invalid user id",
        "Invalid group id",
        "Duplicate job id",
        "Invalid job id specified",
        "Invalid node name specified",
        "Invalid feature specification",
        "Invalid preferred feature specification",
        "Active features not subset of available features",
        "Job dependency problem",
        "Circular job dependency",
        "Invalid qos specification",
        "Invalid wckey specification",
        "Invalid license specification",
        "Invalid time specified",
        "Invalid --nice value",
        "Invalid mcs_label specified",
        "Invalid cluster name",
        "Environment is missing in job",
        "Burst Buffer request invalid",
        "Burst Buffer permission denied",
        "Burst Buffer resource limit exceeded",
        "Immediate execution impossible, insufficient priority",
        "Requested node configuration is not available",
        "Task distribution specification invalid",
        "Task count specification invalid",
        "Requested operation not supported on this system",
        "Requested operation is presently disabled",
        "Only batch jobs are accepted or processed",
        "Current SwitchType does not permit arbitrary task distribution",
        "Requested more tasks than available processors",
        "Memory required by task is not available",
        "Invalid account or account/partition combination specified",
        POLICY,
        "Requested time limit is invalid (missing or exceeds some limit)",
        "Time limit specification required, but not provided",
        "Invalid time-min specification (exceeds job's time or other limits)",
        "Access denied to requested reservation",
        "Requested reservation is invalid",
        "Requires more ports than can be reserved",
        "CPU count specification invalid",
        "Core count for reservation node list is not consistent!",
        "Invalid generic resource (gres) specification",
        "Duplicate generic resource (gres) specification",
        "Invalid GRES specification (with and without type identification)",
        "Requested GRES option unsupported by configured SelectType plugin",
        "Insufficient GRES available in allocation",
        "Invalid Trackable RESource (TRES) specification",
        "Invalid job array specification",
        "Requested account has breached requested QOS usage threshold",
        "Job --batch option is invalid or not a subset of --constraints",
        "Cannot request more threads per core than the job allocation",
        "Multiple partition job request not supported when a partition is set in the association",
        "Container runtime not configured or invalid",
        "Container support is not configured",
        "X11 forwarding not available",
    }
)


def helped(said: str, text: str) -> str:
    """A refusal for people: all that was said, and what helps, where that is known."""
    return f"{said[:400]}: {_HELP[text]}" if text in _HELP else said[:400]


def full(lines: Sequence[str], text: str) -> str:
    """Why it can't be taken yet, for people; "" where it is refused for good. lines: all that sbatch said."""
    for line in lines if text == POLICY else ():
        if line in FULL:
            return f"Slurm: {line}, {FULL[line]}; it is handed over when some of them have ended"
    return ""
