"""Why a job failed: what the first of its tasks that did has to say, and where its output is."""

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headgate.client.answers import Job, Task
    from headgate.client.api import Client


def first_failed(client: "Client", job: "Job") -> "Task | None":
    """The task that failed first, of a sweep its first instance that failed. None where no task failed, or
    where that is not ours to know.
    """
    number = job.first_failed_task
    if job.state != "failed" or number is None or not job.full:
        return None
    found = next(islice(client.tasks(job.id, state="failed", task=number, expand=True, page=1), 1), None)
    return None if found is None else client.task(job.id, number, found.instance)


def why(task: "Task") -> str:
    """`5.1, exit code 4: The command of the task ended with exit code 4.`"""
    ended = "" if task.exit_code is None else f", exit code {task.exit_code}"
    return f"{task.label}{ended}{': ' if task.failure else ''}{task.failure}"


def output(task: "Task") -> str:
    """Where what it wrote is: its files, or the command that shows what was captured. Empty: it never ran."""
    if task.started is None:
        return ""
    captured = [] if task.output_file and task.error_file else [f"headgate job logs {task.label}"]
    return ", ".join([*files(task), *captured])


def files(task: "Task") -> list[str]:
    """The files that a single task or instance writes to, each once."""
    return list(dict.fromkeys(filter(None, (task.output_file, task.error_file))))
