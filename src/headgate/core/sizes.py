"""How much text a job's tasks may hold together. Pure.

All tasks of a job are read at once when it is submitted, stopped or exported, and the store answers that with
one text, which has an end (a thousand million bytes with SQLite). JSON writes some characters with six bytes,
so the limit lies well below.
"""

from collections.abc import Mapping
from typing import Final

from headgate.core.errors import BadRequest
from headgate.core.model import Task

MOST_BYTES: Final = 128 * 1024 * 1024
"""Of all tasks of a job together."""


def text_bytes(task: Task) -> int:
    """Bytes of what somebody wrote into a task, as UTF-8."""
    spec = task.spec
    texts = (spec.command_line, spec.name, spec.work_directory, spec.stdin, spec.stdout, spec.stderr)
    listed = (*spec.required_nodes, *spec.depends_on, spec.index_set, spec.user_blob, spec.valid_exit_codes)
    return (
        len(spec.script)
        + len("".join((*texts, *listed)).encode("utf-8", "replace"))
        + _bytes_of(task.environment)
        + _bytes_of(task.custom)
    )


def _bytes_of(pairs: Mapping[str, str]) -> int:
    return len("".join((*pairs, *pairs.values())).encode("utf-8", "replace")) if pairs else 0


def check_grown(job_id: int, before: int, now: int) -> None:
    """Raises BadRequest when a job's tasks have grown to hold more than they may."""
    if now > max(before, MOST_BYTES):
        raise BadRequest(
            f"The tasks of job {job_id} would hold {now} bytes of text; at most {MOST_BYTES} are allowed. "
            "Put long texts into files, or the tasks into several jobs.",
            code="Operation_PropertyValueTooLargeForDatabase",
            parameters=("Tasks", str(MOST_BYTES)),
        )
