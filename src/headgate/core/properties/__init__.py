"""Every property of jobs, tasks and nodes by its published name: the one list, which nobody repeats.

Spec hpcpack-model, sections 3–5 (the lists), 2 (their types), 6.1 and 7.4 (what may be set when). Read
`kinds.py` (what values are), `registry.py` (what a property is), then the lists in `job.py`, `task.py`,
`node.py`; `job_changes.py` and `task_changes.py` set properties; `text_forms.py` (with `dates.py`) turns
values into text and back.

    JOB.find("priority").read(JobSubject(job))       -> JobPriority.NORMAL
    check_settable(property, Moment.SET, job.state)  -> or BadProperty, WrongState
    apply_job(job, {property: value}, now)           -> the changed Job, or BadProperty
"""

from headgate.core.properties.job import JOB
from headgate.core.properties.job_changes import apply_job
from headgate.core.properties.kinds import JobPriority, Kind, Moment
from headgate.core.properties.node import NODE
from headgate.core.properties.registry import Property, Registry, check_settable
from headgate.core.properties.subjects import JobSubject, TaskSubject
from headgate.core.properties.task import TASK
from headgate.core.properties.task_changes import apply_task

__all__ = [
    "JOB",
    "NODE",
    "TASK",
    "JobPriority",
    "JobSubject",
    "Kind",
    "Moment",
    "Property",
    "Registry",
    "TaskSubject",
    "apply_job",
    "apply_task",
    "check_settable",
]
