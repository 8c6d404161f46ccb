"""What a job script says, as values: the neutral middle between the flavours (OpenPBS, PJM, Slurm).

A flavour reads text into a `Script` and writes a `Script` as text (`ports.flavour`); what it could not say
is told by a `Loss`, never left out in silence.
"""

import re
import shlex
from collections.abc import Mapping

from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.launch import Placement
from headgate.core.model import Job, JobSpec, Task, TaskSpec

_QUOTING = re.compile(r"['\"\\]")
_SHEBANG = re.compile(rb"#![ \t]*(/[^\n\r]*)")


def shebang(script: bytes) -> tuple[str, ...]:
    """The words of its `#!` line: what is to run it; empty where it has none.

    Raises ValueError for a line that can't be understood.
    """
    found = _SHEBANG.match(script)
    if not found:
        return ()
    line = found[1].decode()
    return tuple(shlex.split(line) if _QUOTING.search(line) else line.split())


def guessed(script: bytes, prefixes: Mapping[str, str]) -> str:
    """The flavour, by name, of whose prefix the script has the first directive; empty where it has none.

    Directives stand before the first command, behind nothing but comments and empty lines.
    """
    start, end = 0, len(script)
    known = [(prefix.encode(), name) for name, prefix in prefixes.items()]
    while start < end:
        stop = script.find(b"\n", start)
        stop = end if stop < 0 else stop
        line = script[start : min(stop, start + 4096)].strip()
        for prefix, name in known:
            if line.startswith(prefix):
                return name
        if line and not line.startswith((b"#", b":")):
            return ""
        start = stop + 1
    return ""


class Submitter(Struct, frozen=True, kw_only=True):
    """Who submits a script, from where and when: what its meaning depends on beside its text.

    now: UTC microseconds. time_zone: IANA name of the zone its local times are in. file: the script's own
    name, without folders; empty for one that came through a pipe. directory, host: where it was submitted.
    variables: the submitter's environment, as far as it came along.
    """

    now: int
    time_zone: str = "UTC"
    file: str = ""
    directory: str = ""
    host: str = ""
    variables: Mapping[str, str] = {}


class Note(Struct, frozen=True):
    """Something to tell about a place in a script. line and column count from 1; column in characters.

    beside: the name of what it is in where that was said beside the script.
    """

    line: int
    column: int
    text: str
    beside: str = ""

    @property
    def told(self) -> str:
        """As people are told, with its place."""
        return f"{self.beside or f'Line {self.line}, column {self.column}'}: {self.text}"

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.text}"


class ScriptError(BadRequest):
    """A script that can't be understood, and where. `note` holds the place."""

    def __init__(self, text: str, *, line: int, column: int = 1) -> None:
        self.note = Note(line, column, text)
        super().__init__(self.note.told)


class Script(Struct, frozen=True, kw_only=True):
    """A job as its script says it.

    `task.script` holds the script's bytes as they came (CR LF line ends made LF), directives and all.
    environment: variables set for the job (`-v`, `-x`, `--export`). notes: what was understood but will not
    happen, or not as written.
    """

    job: JobSpec
    task: TaskSpec
    environment: Mapping[str, str] = {}
    notes: tuple[Note, ...] = ()


class Loss(Struct, frozen=True):
    """Something that a script of another flavour can't say.

    what: as the user knows it (`-W sandbox=PRIVATE`, or the field: `stop signal`). why: what becomes of it.
    approximated: said in a way that comes near; otherwise it is missing.
    """

    what: str
    why: str
    approximated: bool = False

    def __str__(self) -> str:
        return f"{'approximated' if self.approximated else 'lost'}: {self.what}: {self.why}"


class Rendered(Struct, frozen=True):
    """A script as text, and what it does not say any more."""

    text: bytes
    losses: tuple[Loss, ...] = ()


class RunFacts(Struct, frozen=True, kw_only=True):
    """What is known of one run when it is started.

    index: the index of the instance as the flavour counts (`PBS_ARRAY_INDEX`); None for a task without
    instances. home, shell, user: of the account it runs under. cluster: the installation's name, which takes
    the place of a scheduler's host. seconds: how long it may run; None: no limit. time_zone: IANA name of the
    zone of local times.
    """

    job: Job
    task: Task
    instance: int = 0
    index: int | None = None
    placement: Placement = Placement()
    home: str = ""
    shell: str = ""
    user: str = ""
    cluster: str = ""
    seconds: float | None = None
    time_zone: str = "UTC"


class Manners(Struct, frozen=True, kw_only=True):
    """How a flavour starts a run.

    environment: its variables; they win over those of the user. files: variables that hold the path of a file
    of the run with this content (`PBS_NODEFILE`). scratch: variables that hold the path of a folder of the
    run, removed at its end (`TMPDIR`). work_directory: empty: the home. stdout, stderr: absolute, or relative
    to `output_directory`; the same twice: one file for both. login: the interpreter is started as a login
    shell.
    """

    environment: Mapping[str, str] = {}
    files: Mapping[str, bytes] = {}
    scratch: tuple[str, ...] = ()
    work_directory: str = ""
    output_directory: str = ""
    stdout: str = ""
    stderr: str = ""
    login: bool = False
