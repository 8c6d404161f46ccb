"""A script for sbatch to what it says (sbatch(1), 22.05 to 25.11).

Of options given more than once the last counts, and of --requeue and --no-requeue, --exclusive and
--oversubscribe too; only --mail-type adds up. What of an option is meant is in `meanings.py`; resources are
read together, at the end.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import structs

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.core.vocabulary import Sharing
from headgate.scripts.lines import normal
from headgate.scripts.slurm import exports, shape
from headgate.scripts.slurm.meanings import MAY_BE_EMPTY, MEANT, Understood
from headgate.scripts.slurm.moments import moment
from headgate.scripts.slurm.resources import Trouble, reads_as, resources, written
from headgate.scripts.slurm.table import Argument, Fate, allowed
from headgate.scripts.slurm.words import Given, given, head, shown

NAME: Final = "slurm"
STOP_SIGNAL, STOP_GRACE_S = "TERM", 30.0
"""How Slurm ends a job: SIGTERM, and SIGKILL after KillWait (slurm.conf(5))."""
_EXCLUDING: Final = (("core-spec", "thread-spec"),)


def parse(text: bytes, by: Submitter) -> Script:
    """What a script says. Raises ScriptError."""
    script = normal(text)
    if not script.startswith(b"#!"):
        raise ScriptError(
            "sbatch takes only scripts whose first line begins with #! and names their interpreter", line=1
        )
    reader = _Reader(by)
    if b"\r\n" in text:
        reader.note_at(1, 1, "sbatch refuses lines that end with CR LF; here the CRs are left out")
    _note_strangers(script, reader)
    reader.take(_gathered(script, reader))
    return reader.script(script)


def _note_strangers(script: bytes, reader: "_Reader") -> None:
    for line in head(script):
        if line.text.startswith((b"#PBS", b"#BSUB")):
            reader.note_at(
                line.number, 1, "sbatch would read #PBS and #BSUB lines too; here only #SBATCH lines count"
            )
            return


def _gathered(script: bytes, reader: "_Reader") -> dict[str, Given]:
    """The options by name, each where it was given last."""
    found: dict[str, Given] = {}
    repeated: dict[str, Given] = {}
    mails: list[str] = []
    for one in given(script):
        name = one.option.name
        before = found.pop(name, None)
        if name == "mail-type":
            mails.append(one.text)
        elif before is not None and before.value != one.value:
            repeated.setdefault(name, before)
        found[name] = one
    if mails:
        found["mail-type"] = structs.replace(found["mail-type"], value=",".join(mails))
    for name, before in repeated.items():
        last = found[name]
        reader.note(
            last, f"--{name} is given more than once (on line {before.line} too): the last one counts"
        )
    for first, second in _EXCLUDING:
        if first in found and second in found:
            raise found[second].error(f"it excludes --{first}")
    return found


class _Reader(Understood):
    """Reads a script's options into what has been understood."""

    def __init__(self, by: Submitter) -> None:
        super().__init__(by)
        self._given: Mapping[str, Given] = {}

    def take(self, found: Mapping[str, Given]) -> None:
        self._given = found
        for name, one in found.items():
            if one.option.fate is Fate.REFUSED:
                raise one.error(one.option.about)
            if one.option.argument is Argument.REQUIRED and not one.text and name not in MAY_BE_EMPTY:
                raise one.error("it needs a value")
            if one.option.fate is Fate.IGNORED:
                self.note(one, f"--{name} does nothing in a script: {one.option.about}")
            elif one.option.fate is Fate.KEPT:
                self._take_kept(one)
            elif name in MEANT:
                try:
                    MEANT[name](self, one)
                except ValueError as error:
                    raise one.error(str(error)) from error
        self._take_resources()
        self._check_times()

    def _take_kept(self, one: Given) -> None:
        name = one.option.name
        if one.value and not allowed(one.option, one.value):
            raise one.error(f"sbatch takes no such value (sbatch(1), --{name})")
        if name == "deadline":
            try:
                moment(one.text, self.by)
            except ValueError as error:
                raise one.error(str(error)) from error
        if name == "get-user-env":
            self.options[name] = one.text
        else:
            said = f"={shown(one.text)}" if one.text else ""
            self.keep(one, f"--{name}{said} is kept, but does nothing here ({one.option.about})")

    def _take_resources(self) -> None:
        said = {name: self._given[name].text for name in shape.WORDS if name in self._given}
        exclusive = self.task.get("sharing") is Sharing.EXCLUSIVE
        try:
            found = resources(said, exclusive=exclusive, features=self.features)
        except Trouble as error:
            raise self._given[error.option].error(str(error)) from error
        made = shape.shape(found.asked)
        for name, why in found.kept.items():
            self.note(self._given[name], f"--{name}={shown(said[name])}: {why}")
        for name, odd in made.odd:
            place = self._given.get(name) or next(self._given[name] for name in said)
            self.note(place, odd)
        kept = {name: said[name] for name in said if name in found.kept or name in made.keeps}
        back, losses = written(made, kept, exclusive=exclusive, features=self.features)
        if losses or not reads_as(back, made, exclusive=exclusive, features=self.features):
            kept = said
        self.options |= kept
        if found.extra:
            self.job["extra_resources"] = dict(found.extra)
        self.task |= {
            "chunks": made.chunks,
            "arrangement": made.arrangement,
            "processes": made.processes,
        }

    def _check_times(self) -> None:
        least, most = self.job.get("min_runtime_s"), self.job.get("runtime_s")
        if least is not None and most is not None and least > most:
            raise self._given["time-min"].error("it is more than --time")

    def script(self, text: bytes) -> Script:
        exported = self.exported or exports.everything(self.by)
        if exported.left_out:
            one = self._given.get("export")
            names = shown(", ".join(exported.left_out))
            line, column = (1, 1) if one is None else (one.line, one.column)
            self.note_at(line, column, f"variables that are not passed on to a job: {names}")
        by = self.by
        job: dict[str, Any] = {
            "name": by.file or "sbatch",
            "submit_directory": by.directory,
            "submit_host": by.host,
            **self.job,
        }
        return Script(
            job=JobSpec(
                flavour=NAME, options=self.options, stop_signal=STOP_SIGNAL, stop_grace_s=STOP_GRACE_S, **job
            ),
            task=TaskSpec(script=text, interpreter=(), at_submission=True, **{"join": "oe", **self.task}),
            environment=dict(exported.environment),
            notes=tuple(sorted(self.notes, key=lambda note: (note.line, note.column))),
        )
