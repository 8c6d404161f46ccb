"""Job XML, the document form of a job in HPC Pack (spec hpcpack-model, section 12).

    parse(document, now)                  -> JobDocument, or BadRequest that says what is wrong and where
    render(JobSubject(job), tasks)        -> the parts of a document that `parse` makes the same job of

Read `document.py` (what a document says), `words.py` (which attributes there are, in which order, and how
their values are spelled), then `reading.py` and `writing.py`. Task groups are `groups.py`.
"""

from headgate.scripts.jobxml.document import JobDocument, TaskDocument
from headgate.scripts.jobxml.reading import parse
from headgate.scripts.jobxml.words import NAMESPACE, VERSION
from headgate.scripts.jobxml.writing import render, render_named, render_task, render_task_named

__all__ = [
    "NAMESPACE",
    "VERSION",
    "JobDocument",
    "TaskDocument",
    "parse",
    "render",
    "render_named",
    "render_task",
    "render_task_named",
]
