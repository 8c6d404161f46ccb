"""A script for sbatch to what it says (sbatch(1), 22.05 to 25.11).

Of options given more than once the last counts, and of --requeue and --no-requeue, --exclusive and
--oversubscribe too; only --mail-type adds up. What of an option is meant is in `_MEANT`, one small function
each; resources are read together, at the end.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import structs

from headgate.core.model import DEFAULT_PRIORITY, JobSpec, TaskSpec
from headgate.core.scripts import Note, Script, ScriptError, Submitter
from headgate.core.vocabulary import HoldKind, Sharing, TaskType
from headgate.scripts.lines import normal
from headgate.scripts.slurm import arrays, exports, hostlist, mail, quantities, shape, signals
from headgate.scripts.slurm.dependencies import waits
from headgate.scripts.slurm.moments import Moment, moment
from headgate.scripts.slurm.resources import Trouble, reads_as, resources, written
from headgate.scripts.slurm.table import Argument, Fate, allowed
from headgate.scripts.slurm.words import Given, given, head, shown

NAME: Final = "slurm"
STOP_SIGNAL, STOP_GRACE_S = "TERM", 30.0
"""How Slurm ends a job: SIGTERM, and SIGKILL after KillWait (slurm.conf(5))."""
HIGHEST_PRIORITY: Final = 4000
USUAL_NICE: Final = 100
LARGEST_NICE: Final = 2147483645
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


class _Reader:
    """What has been understood so far."""

    def __init__(self, by: Submitter) -> None:
        self.by = by
        self.job: dict[str, Any] = {}
        self.task: dict[str, Any] = {}
        self.options: dict[str, str] = {}
        self.features: tuple[str, ...] = ()
        self.exported: exports.Exported | None = None
        self._notes: list[Note] = []
        self._given: Mapping[str, Given] = {}

    def note_at(self, line: int, column: int, text: str) -> None:
        self._notes.append(Note(line, column, text))

    def note(self, one: Given, text: str) -> None:
        self.note_at(one.line, one.column, text)

    def keep(self, one: Given, why: str) -> None:
        """Keeps an option as it is written, with a note why."""
        self.options[one.option.name] = one.text
        self.note(one, why)

    def take(self, found: Mapping[str, Given]) -> None:
        self._given = found
        for name, one in found.items():
            if one.option.fate is Fate.REFUSED:
                raise one.error(one.option.about)
            if one.option.argument is Argument.REQUIRED and not one.text and name not in _MAY_BE_EMPTY:
                raise one.error("it needs a value")
            if one.option.fate is Fate.IGNORED:
                self.note(one, f"--{name} does nothing in a script: {one.option.about}")
            elif one.option.fate is Fate.KEPT:
                self._take_kept(one)
            elif name in _MEANT:
                try:
                    _MEANT[name](self, one)
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
            task=TaskSpec(script=text, interpreter=(), **{"join": "oe", **self.task}),
            environment=dict(exported.environment),
            notes=tuple(sorted(self._notes, key=lambda note: (note.line, note.column))),
        )


# ---- what each option means

_Meaning = Callable[[_Reader, Given], None]
_MAY_BE_EMPTY: Final = frozenset({"job-name", "comment", "export", "constraint", "account", "extra", "wckey"})


def _text(field: str) -> _Meaning:
    return lambda reader, one: reader.job.update({field: one.text})


def _array(reader: _Reader, one: Given) -> None:
    these = arrays.indices(one.text)
    reader.task |= {
        "type": TaskType.PARAMETRIC_SWEEP,
        "start_value": these.start,
        "end_value": these.end,
        "increment": these.step,
        "index_set": these.listed,
        "max_running": these.most,
    }


def _begin(reader: _Reader, one: Given) -> None:
    then: Moment = moment(one.text, reader.by)
    reader.job["not_before"] = then.at
    if then.odd:
        reader.note(one, then.odd)


def _chdir(reader: _Reader, one: Given) -> None:
    reader.task["work_directory"] = _joined(reader.by.directory, one.text)


def _joined(directory: str, path: str) -> str:
    return path if path.startswith("/") or not directory else f"{directory.rstrip('/')}/{path}"


def _constraint(reader: _Reader, one: Given) -> None:
    names = one.text.split("&")
    if all(name and not set(name) & set("|*()[],!") for name in names):
        reader.features = tuple(names)
    elif one.text:
        reader.keep(
            one, f"--constraint={shown(one.text)} is kept, but only names joined by & are looked at here"
        )


def _dependency(reader: _Reader, one: Given) -> None:
    these = waits(one.text)
    reader.job |= {
        "depends_on": these.jobs,
        "depends_on_any": these.any_of_them,
        "singleton": these.singleton,
    }
    for odd in these.odd:
        reader.keep(one, odd)


def _exclusive(reader: _Reader, one: Given) -> None:
    if one.text.lower() not in ("", "user", "mcs", "topo"):
        raise ValueError("it may be user, mcs or topo")
    reader.task["sharing"] = Sharing.EXCLUSIVE
    if one.text:
        reader.keep(one, f"--exclusive={one.text}: the nodes are shared with no other job at all")


def _oversubscribe(reader: _Reader, one: Given) -> None:
    reader.task["sharing"] = Sharing.SHARED
    reader.options.pop("exclusive", None)


def _export(reader: _Reader, one: Given) -> None:
    reader.exported = exports.exported(one.text, reader.by)
    if not reader.exported.explicit:
        reader.options["export"] = one.text


def _hold(reader: _Reader, one: Given) -> None:
    reader.job["holds"] = (HoldKind.USER,)


def _file(field: str) -> _Meaning:
    def meant(reader: _Reader, one: Given) -> None:
        reader.task[field] = "/dev/null" if one.text.lower() == "none" else one.text
        if field == "stderr":
            reader.task["join"] = "n"
        if field == "stdin" and "%" in one.text:
            reader.note(one, f"--input={shown(one.text)}: symbols with % are not replaced here")

    return meant


def _kill_on_invalid_dep(reader: _Reader, one: Given) -> None:
    if one.text.lower() not in ("yes", "no"):
        raise ValueError("it is yes or no")
    reader.job["drop_when_hopeless"] = one.text.lower() == "yes"
    if one.text.lower() == "no":
        # Said, it wins over a site's kill_invalid_depend.
        reader.options["kill-on-invalid-dep"] = "no"


def _mail_type(reader: _Reader, one: Given) -> None:
    wanted = mail.notices(one.text)
    reader.job |= {
        "notify_on_start": wanted.start,
        "notify_on_completion": wanted.completion,
        "notify_on_failure": wanted.failure,
        "notify_on_requeue": wanted.requeue,
        "notify_each": wanted.each,
    }
    if wanted.other:
        reader.options["mail-type"] = ",".join(wanted.other)
        reader.note(one, f"no mail is sent for {', '.join(wanted.other)} here: it is kept")


def _nice(reader: _Reader, one: Given) -> None:
    text = one.text.removeprefix("-")
    if one.text and not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_NICE):
        raise ValueError(f"it is a whole number from -{LARGEST_NICE} to {LARGEST_NICE}")
    nice = int(one.text) if one.text else USUAL_NICE
    wanted = DEFAULT_PRIORITY - nice
    reader.job["priority"] = min(max(wanted, 0), HIGHEST_PRIORITY)
    if wanted != reader.job["priority"]:
        reader.keep(one, f"--nice={one.text}: priorities end at 0 and {HIGHEST_PRIORITY} here")


def _nodelist(reader: _Reader, one: Given) -> None:
    if "/" in one.text:
        raise ValueError("it is a file, which is not here: name the nodes")
    reader.task["required_nodes"] = hostlist.expand(one.text)


def _exclude(reader: _Reader, one: Given) -> None:
    if "/" in one.text:
        raise ValueError("it is a file, which is not here: name the nodes")
    reader.job["excluded_nodes"] = hostlist.expand(one.text)


def _open_mode(reader: _Reader, one: Given) -> None:
    if one.text[:1].lower() not in ("a", "t"):
        raise ValueError("it is append or truncate")
    reader.task["append"] = one.text[0].lower() == "a"


def _partition(reader: _Reader, one: Given) -> None:
    names = [name for name in one.text.split(",") if name]
    if not names:
        raise ValueError("it names no partition")
    reader.job["queue"] = names[0]
    if len(names) > 1:
        reader.keep(one, f"--partition={shown(one.text)}: the first one is taken")


def _requeue(reader: _Reader, one: Given) -> None:
    if one.text not in ("", "expedite"):
        raise ValueError("it may be expedite")
    reader.task["rerunnable"] = True
    if one.text:
        reader.keep(one, "--requeue=expedite is kept: it is requeued, but not before others")


def _no_requeue(reader: _Reader, one: Given) -> None:
    reader.task["rerunnable"] = False
    reader.options.pop("requeue", None)


def _signal(reader: _Reader, one: Given) -> None:
    this = signals.warning(one.text)
    reader.job |= {"warning_signal": this.name, "warning_before_s": this.before_s}
    if this.flags:
        reader.options["signal"] = signals.warning_text(this)
        if "R" in this.flags:
            reader.note(one, "R: of --signal is kept, but does nothing here")
    if "B" not in this.flags:
        reader.note(one, f"{this.name} goes to all processes of the job here, the batch shell among them")


def _time(reader: _Reader, one: Given) -> None:
    reader.job["runtime_s"] = quantities.seconds(one.text)
    if reader.job["runtime_s"] is None:
        # Said, it wins over the limit a partition has by default.
        reader.options["time"] = "UNLIMITED"


def _time_min(reader: _Reader, one: Given) -> None:
    reader.job["min_runtime_s"] = quantities.seconds(one.text)
    if reader.job["min_runtime_s"] is None:
        raise ValueError("the least run time has to end")


def _licenses(reader: _Reader, one: Given) -> None:
    names = tuple(part for part in one.text.split(",") if part)
    if not names:
        raise ValueError("it names no licence")
    reader.job["software_license"] = names


_MEANT: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "account": _text("account"),
        "array": _array,
        "begin": _begin,
        "chdir": _chdir,
        "comment": _text("comment"),
        "constraint": _constraint,
        "dependency": _dependency,
        "error": _file("stderr"),
        "exclude": _exclude,
        "exclusive": _exclusive,
        "export": _export,
        "gid": _text("group"),
        "hold": _hold,
        "input": _file("stdin"),
        "job-name": _text("name"),
        "kill-on-invalid-dep": _kill_on_invalid_dep,
        "licenses": _licenses,
        "mail-type": _mail_type,
        "mail-user": _text("email_address"),
        "nice": _nice,
        "no-requeue": _no_requeue,
        "nodelist": _nodelist,
        "open-mode": _open_mode,
        "output": _file("stdout"),
        "oversubscribe": _oversubscribe,
        "partition": _partition,
        "requeue": _requeue,
        "signal": _signal,
        "time": _time,
        "time-min": _time_min,
        "uid": _text("run_as"),
    }
)
