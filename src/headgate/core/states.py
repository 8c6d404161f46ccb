"""The states of jobs, tasks and instances, with the numbers HPC Pack gives them.

The numbers are bit flags and travel in filters and in the store (spec hpcpack-model, section 2). 8 and 16
mean different things for a job and for a task, hence two enumerations. Which state may follow
which is in `lifecycle.py` alone.
"""

from enum import IntEnum


class JobState(IntEnum):
    """States of a job."""

    CONFIGURING = 1
    SUBMITTED = 2
    VALIDATING = 4
    EXTERNAL_VALIDATION = 8
    QUEUED = 16
    RUNNING = 32
    FINISHING = 64
    FINISHED = 128
    FAILED = 256
    CANCELED = 512
    CANCELING = 1024


class TaskState(IntEnum):
    """States of a task, and of an instance of a task (a sweep's subtask)."""

    CONFIGURING = 1
    SUBMITTED = 2
    VALIDATING = 4
    QUEUED = 8
    DISPATCHING = 16
    RUNNING = 32
    FINISHING = 64
    FINISHED = 128
    FAILED = 256
    CANCELED = 512
    CANCELING = 1024


FINAL_JOB_STATES = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELED})
FINAL_TASK_STATES = frozenset({TaskState.FINISHED, TaskState.FAILED, TaskState.CANCELED})
