"""A script of a request as a job to create (spec soca, 4.1). Pure: what is random or asked of the machine is
handed in.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.errors import HeadgateError, QueueRefused
from headgate.core.launch import OsAccount
from headgate.core.scripts import Note, Script, ScriptError, Submitter
from headgate.dialects.soca import queues
from headgate.dialects.soca.errors import OUTCOMES, Failure, invalid
from headgate.dialects.soca.naming import with_legal_names
from headgate.dialects.soca.parse import Fields
from headgate.scripts.pbs import FLAVOUR
from headgate.service.scripts import check_first_line

FOLDER: Final = "soca_job_output"
SUFFIX_LENGTH: Final = 10
ARGUMENTS: Final = {
    "job_name": ("-N", ""),
    "queue": ("-q", ""),
    "project": ("-P", ""),
    "resources": ("-l", ""),
    "env": ("-v", ""),
    "depend": ("-W", "depend="),
}
"""Fields that say what a directive says, and win over it: an argument of its own each, as qsub gets them, so
that a value can never become another directive.
"""


class Desk(Struct, frozen=True, kw_only=True):
    """Where and when a script is handed in. suffix: random letters and digits, for names of files.

    home: in which the directories of jobs are: the account's own, or another place for it.
    """

    account: OsAccount
    home: str
    now: int
    time_zone: str
    host: str
    suffix: str


def submitted(payload: bytes, given: Fields, desk: Desk) -> Script:
    """The script with all that its job needs to know. Raises Failure."""
    text = with_legal_names(payload)
    file = f"job_submit_{desk.suffix}.sh"
    by = Submitter(
        now=desk.now,
        time_zone=desk.time_zone,
        file=file,
        host=desk.host,
        # Of the account alone: nothing of the server's own environment gets into a job by -V (10.4).
        variables=desk.account.variables,
    )
    try:
        script = FLAVOUR.parse(text, by, _arguments(given))
        check_first_line(script)
    except ScriptError as error:
        raise not_understood(_beside(error.note, given), text) from None
    notes = tuple(_beside(note, given) for note in script.notes)
    name = "" if script.job.name == file else script.job.name
    home = desk.home.rstrip("/")
    directory = _directory(given, home) or f"{home}/{FOLDER}/{name}_{desk.suffix}"
    task = script.task
    if home != desk.account.home.rstrip("/"):
        # A PBS job starts at home (spec pbs, section 7).
        task = replace(task, work_directory=home)
    job = replace(script.job, submit_directory=directory, script_file=file)
    return replace(script, job=job, task=task, notes=notes)


def _arguments(given: Fields) -> list[str]:
    words: list[str] = []
    for field in _said(given):
        option, prefix = ARGUMENTS[field]
        if not given[field].isprintable():
            raise invalid(f"{field} holds a line end or another control character")
        words += [option, prefix + given[field]]
    return words


def _said(given: Fields) -> list[str]:
    if ARGUMENTS.keys().isdisjoint(given):
        return []
    return [field for field in ARGUMENTS if given.get(field)]


def _beside(note: Note, given: Fields) -> Note:
    """A note on an argument, whose column is its number, by the field that it came from."""
    return note if note.line else replace(note, beside=_said(given)[(note.column - 1) // 2])


def _directory(given: Fields, home: str) -> str:
    """input_file_path: a directory of the user's own, to submit from in place of a new one; empty: a new one.

    What stands there, links included, is looked at when the job starts, by the account itself.
    """
    path = given.get("input_file_path", "")
    if not path:
        return ""
    steps = path.split("/")
    if not path.startswith("/") or ".." in steps or "." in steps or not path.isprintable():
        raise invalid("input_file_path is an absolute path of a directory, without . and ..")
    path = "/" + "/".join(filter(None, steps))
    if not home or not (path + "/").startswith(home + "/"):
        raise invalid("input_file_path is not in your home directory")
    return path


# ---- refusals, as qsub's (4.1, replies)

_ADVICE: Final = "Verify the directives of the script, its queue and its resources, and submit it again."


def _command_failed(name: str, text: str, script: bytes, more: Mapping[str, Any]) -> Failure:
    return Failure(
        name,
        _ADVICE,
        body={
            "error": f"Unable to submit the job. {_ADVICE}",
            "stderr": f"qsub: {text}\n",
            "stdout": "",
            "job_script": script.decode("utf-8", "replace"),
        },
        more=more,
    )


def not_understood(note: Note, script: bytes) -> Failure:
    """A directive that is none, with its place."""
    place = {"field": note.beside} if note.beside else {"line": note.line, "column": note.column}
    return _command_failed("QSUB_DIRECTIVE", note.told, script, {"faults": [{**place, "reason": note.text}]})


def refused(error: HeadgateError, script: bytes) -> Failure:
    """What the service does not take, for its reason."""
    if isinstance(error, QueueRefused):
        names = ("queue", "name", "asked", "allowed", "excluded")
        facts = {name: value for name in names if (value := getattr(error, name))}
        return _command_failed(queues.CODES[error.reason], queues.stderr(error), script, facts)
    return _command_failed("QSUB_ERROR", error.text, script, {"reason": error.code})


def impossible(error: HeadgateError, script: bytes) -> Failure:
    """Nobody to run it as: no account, no home."""
    body = {
        "error": OUTCOMES["QSUB_IMPOSSIBLE"].text,
        "trace": error.text,
        "job_script": script.decode("utf-8", "replace"),
    }
    return Failure("QSUB_IMPOSSIBLE", body=body)
