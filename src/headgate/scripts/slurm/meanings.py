"""What each option means, one small function each; those of resources are in `resources.py`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from headgate.core.model import DEFAULT_PRIORITY
from headgate.core.scripts import Note, Submitter
from headgate.core.vocabulary import HoldKind, Sharing, TaskType
from headgate.scripts.slurm import arrays, exports, hostlist, mail, quantities, signals
from headgate.scripts.slurm.dependencies import waits
from headgate.scripts.slurm.moments import Moment, moment
from headgate.scripts.slurm.words import Given, shown

HIGHEST_PRIORITY: Final = 4000
USUAL_NICE: Final = 100
LARGEST_NICE: Final = 2147483645


class Understood:
    """What has been understood of a script so far."""

    def __init__(self, by: Submitter) -> None:
        self.by = by
        self.job: dict[str, Any] = {}
        self.task: dict[str, Any] = {}
        self.options: dict[str, str] = {}
        self.features: tuple[str, ...] = ()
        self.exported: exports.Exported | None = None
        self.notes: list[Note] = []

    def note_at(self, line: int, column: int, text: str) -> None:
        self.notes.append(Note(line, column, text))

    def note(self, one: Given, text: str) -> None:
        self.note_at(one.line, one.column, text)

    def keep(self, one: Given, why: str) -> None:
        """Keeps an option as it is written, with a note why."""
        self.options[one.option.name] = one.text
        self.note(one, why)


_Meaning = Callable[[Understood, Given], None]
MAY_BE_EMPTY: Final = frozenset({"job-name", "comment", "export", "constraint", "account", "extra", "wckey"})


def _text(field: str) -> _Meaning:
    return lambda reader, one: reader.job.update({field: one.text})


def _array(reader: Understood, one: Given) -> None:
    these = arrays.indices(one.text)
    reader.task |= {
        "type": TaskType.PARAMETRIC_SWEEP,
        "start_value": these.start,
        "end_value": these.end,
        "increment": these.step,
        "index_set": these.listed,
        "max_running": these.most,
    }


def _begin(reader: Understood, one: Given) -> None:
    then: Moment = moment(one.text, reader.by)
    reader.job["not_before"] = then.at
    if then.odd:
        reader.note(one, then.odd)


def _chdir(reader: Understood, one: Given) -> None:
    reader.task["work_directory"] = _joined(reader.by.directory, one.text)


def _joined(directory: str, path: str) -> str:
    return path if path.startswith("/") or not directory else f"{directory.rstrip('/')}/{path}"


def _constraint(reader: Understood, one: Given) -> None:
    names = one.text.split("&")
    if all(name and not set(name) & set("|*()[],!") for name in names):
        reader.features = tuple(names)
    elif one.text:
        reader.keep(
            one, f"--constraint={shown(one.text)} is kept, but only names joined by & are looked at here"
        )


def _dependency(reader: Understood, one: Given) -> None:
    these = waits(one.text)
    reader.job |= {
        "depends_on": these.jobs,
        "depends_on_any": these.any_of_them,
        "singleton": these.singleton,
    }
    for odd in these.odd:
        reader.keep(one, odd)


def _exclusive(reader: Understood, one: Given) -> None:
    if one.text.lower() not in ("", "user", "mcs", "topo"):
        raise ValueError("it may be user, mcs or topo")
    reader.task["sharing"] = Sharing.EXCLUSIVE
    if one.text:
        reader.keep(one, f"--exclusive={one.text}: the nodes are shared with no other job at all")


def _oversubscribe(reader: Understood, one: Given) -> None:
    reader.task["sharing"] = Sharing.SHARED
    reader.options.pop("exclusive", None)


def _export(reader: Understood, one: Given) -> None:
    reader.exported = exports.exported(one.text, reader.by)
    if not reader.exported.explicit:
        reader.options["export"] = one.text


def _hold(reader: Understood, one: Given) -> None:
    reader.job["holds"] = (HoldKind.USER,)


def _file(field: str) -> _Meaning:
    def meant(reader: Understood, one: Given) -> None:
        reader.task[field] = "/dev/null" if one.text.lower() == "none" else one.text
        if field == "stderr":
            reader.task["join"] = "n"
        if field == "stdin" and "%" in one.text:
            reader.note(one, f"--input={shown(one.text)}: symbols with % are not replaced here")

    return meant


def _kill_on_invalid_dep(reader: Understood, one: Given) -> None:
    if one.text.lower() not in ("yes", "no"):
        raise ValueError("it is yes or no")
    reader.job["drop_when_hopeless"] = one.text.lower() == "yes"
    if one.text.lower() == "no":
        # Said, it wins over a site's kill_invalid_depend.
        reader.options["kill-on-invalid-dep"] = "no"


def _mail_type(reader: Understood, one: Given) -> None:
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


def _nice(reader: Understood, one: Given) -> None:
    text = one.text.removeprefix("-")
    if one.text and not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_NICE):
        raise ValueError(f"it is a whole number from -{LARGEST_NICE} to {LARGEST_NICE}")
    nice = int(one.text) if one.text else USUAL_NICE
    wanted = DEFAULT_PRIORITY - nice
    reader.job["priority"] = min(max(wanted, 0), HIGHEST_PRIORITY)
    if wanted != reader.job["priority"]:
        reader.keep(one, f"--nice={one.text}: priorities end at 0 and {HIGHEST_PRIORITY} here")


def _nodelist(reader: Understood, one: Given) -> None:
    if "/" in one.text:
        raise ValueError("it is a file, which is not here: name the nodes")
    reader.task["required_nodes"] = hostlist.expand(one.text)


def _exclude(reader: Understood, one: Given) -> None:
    if "/" in one.text:
        raise ValueError("it is a file, which is not here: name the nodes")
    reader.job["excluded_nodes"] = hostlist.expand(one.text)


def _open_mode(reader: Understood, one: Given) -> None:
    if one.text[:1].lower() not in ("a", "t"):
        raise ValueError("it is append or truncate")
    reader.task["append"] = one.text[0].lower() == "a"


def _partition(reader: Understood, one: Given) -> None:
    names = [name for name in one.text.split(",") if name]
    if not names:
        raise ValueError("it names no partition")
    reader.job["queue"] = names[0]
    if len(names) > 1:
        reader.keep(one, f"--partition={shown(one.text)}: the first one is taken")


def _requeue(reader: Understood, one: Given) -> None:
    if one.text not in ("", "expedite"):
        raise ValueError("it may be expedite")
    reader.task["rerunnable"] = True
    if one.text:
        reader.keep(one, "--requeue=expedite is kept: it is requeued, but not before others")


def _no_requeue(reader: Understood, one: Given) -> None:
    reader.task["rerunnable"] = False
    reader.options.pop("requeue", None)


def _signal(reader: Understood, one: Given) -> None:
    this = signals.warning(one.text)
    reader.job |= {"warning_signal": this.name, "warning_before_s": this.before_s}
    if this.flags:
        reader.options["signal"] = signals.warning_text(this)
        if "R" in this.flags:
            reader.note(one, "R: of --signal is kept, but does nothing here")
    if "B" not in this.flags:
        reader.note(one, f"{this.name} goes to all processes of the job here, the batch shell among them")


def _time(reader: Understood, one: Given) -> None:
    reader.job["runtime_s"] = quantities.seconds(one.text)
    if reader.job["runtime_s"] is None:
        # Said, it wins over the limit a partition has by default.
        reader.options["time"] = "UNLIMITED"


def _time_min(reader: Understood, one: Given) -> None:
    reader.job["min_runtime_s"] = quantities.seconds(one.text)
    if reader.job["min_runtime_s"] is None:
        raise ValueError("the least run time has to end")


def _licenses(reader: Understood, one: Given) -> None:
    names = tuple(part for part in one.text.split(",") if part)
    if not names:
        raise ValueError("it names no licence")
    reader.job["software_license"] = names


MEANT: Final[Mapping[str, _Meaning]] = MappingProxyType(
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
