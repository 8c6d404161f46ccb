"""A PJM script to a Script (spec pjm, sections 2 to 4). Directives are gathered in `directives.py`; here is
what they mean, one function for each field that needs some thought.
"""

from collections.abc import Callable
from typing import Final

from headgate.core.model import DEFAULT_PRIORITY, JobSpec, Step, TaskSpec
from headgate.core.scripts import Note, Script, Submitter
from headgate.core.vocabulary import TaskType
from headgate.scripts.lines import normal
from headgate.scripts.pjm.allocation import Allocation, read_allocation
from headgate.scripts.pjm.chains import read_bulk, read_step
from headgate.scripts.pjm.directives import Directives
from headgate.scripts.pjm.environment import MAIL_BITS, RESERVED, SUBMITTER, passed_on
from headgate.scripts.pjm.limits import LIMITS, read_limit
from headgate.scripts.pjm.moments import read_moment, utc_micros
from headgate.scripts.pjm.options import ITEMS, KNOBS, OPTIONS, OURS, Fate
from headgate.scripts.pjm.quantities import UNLIMITED, Bad, at, read_number, read_time
from headgate.scripts.pjm.words import Given, refused, shown

PRIORITY: Final = 127
"""What `-p` is when it is not said: DEFAULT_PRIORITY (section 3.3). One step is 8 of ours."""
PRIORITY_STEP: Final = 8
STOP_SIGNAL: Final = "TERM"
STOP_GRACE_S: Final = 10.0
LIMIT_SIGNAL: Final = "XCPU"
"""How jobs are ended (section 6; the signal of a delete is inferred from the outcomes in 10.3)."""
LONGEST_NAME: Final = 63
MOST_RESOURCES: Final = 64
MOST_NOTES: Final = 100
PIPED: Final = "STDIN"
"""The name of a job whose script came through a pipe."""

_EXCLUSIVE: Final = (
    ("stats", "STATS"),
    ("restart", "norestart"),
    ("bulk", "step"),
    ("bulk", "mswk"),
    ("step", "mswk"),
)
LENGTHS: Final = {"comment": 255, "appname": 63, "fs": 63, "mail-list": 255, "rscgrp": 63, "rscunit": 63}


def parse(text: bytes, by: Submitter) -> Script:
    """What a script says. Raises ScriptError."""
    return _Reader(normal(text), by).script()


class _Reader:
    """Knows what was said, and by whom."""

    def __init__(self, script: bytes, by: Submitter) -> None:
        self._script = script
        self._by = by
        self._said = Directives(script)
        self._options = self._said.options
        self._rsc = self._said.items["rsc-list"]

    def script(self) -> Script:
        said, by = self._options, self._by
        self._check()
        step = self._step()
        allocation = read_allocation(self._rsc, self._said.items["P"], self._said.items["mpi"])
        self._tell_of(allocation)
        least, most, elapse = self._elapse()
        letters = self._letters()
        project, group = self._group()
        job = JobSpec(
            name=self._name(),
            project=project,
            group=group,
            comment=self._text("comment"),
            queue=self._item("rscgrp"),
            priority=self._priority(),
            runtime_s=most,
            min_runtime_s=least,
            not_before=self._not_before(),
            step=step,
            extra_resources=self._resources(),
            stop_signal=STOP_SIGNAL,
            stop_grace_s=STOP_GRACE_S,
            limit_signal=LIMIT_SIGNAL,
            notify_on_start="b" in letters,
            notify_on_completion="e" in letters,
            notify_on_requeue="r" in letters,
            email_address=self._text("mail-list").replace(";", ","),
            flavour=OURS,
            options=self._kept() | allocation.kept | elapse | _statistics(letters),
            submit_directory=by.directory,
            submit_host=by.host,
            submit_variables={name: by.variables[name] for name in SUBMITTER if name in by.variables},
        )
        first, last = self._bulk()
        task = TaskSpec(
            type=TaskType.PARAMETRIC_SWEEP if last else TaskType.BASIC,
            start_value=first,
            end_value=last,
            script=self._script,
            interpreter=(),
            at_submission=True,
            stdout=self._text("out"),
            stderr=self._text("err"),
            join="oe" if "j" in said else "",
            limits={
                limit.name: at(self._rsc[item], self._reader_of(item))
                for item, limit in LIMITS.items()
                if item in self._rsc
            },
            chunks=(allocation.chunk,),
            arrangement=allocation.arrangement,
            sharing=allocation.sharing,
            processes=allocation.processes,
            rerunnable="restart" in said,
        )
        return Script(job=job, task=task, environment=self._environment(), notes=self._notes())

    # ---- what goes together, and what does not

    def _check(self) -> None:
        for one, other in _EXCLUSIVE:
            if one in self._options and other in self._options:
                later = max(self._options[one], self._options[other], key=_order)
                raise refused("0002", f"--{one} and --{other} exclude each other", later.place)
        for name, longest in LENGTHS.items():
            given = self._options.get(name) or self._rsc.get(name)
            if given is not None and len(given.value.encode()) > longest:
                raise refused("0003", f"{given.name} is longer than {longest}", given.place)
        params, bulk = self._said.params, self._options.get("bulk")
        if params and not bulk and "step" not in self._options:
            raise refused("0002", "--sparam needs --bulk or --step", params[0].place)
        if bulk and not params:
            raise refused("0002", "--bulk needs --sparam with its numbers", bulk.place)
        if "j" in self._options and "err" in self._options:
            self._said.note(self._options["err"].place, f"{self._options['err'].name} does nothing beside -j")

    def _bulk(self) -> tuple[int, int]:
        """First and last number; 0 and 0 for a job that is no bulk job."""
        if "bulk" not in self._options:
            return 0, 0
        first, *others = self._said.params
        for given in others:
            self._said.note(
                given.place, f"--sparam is said again: this one counts, not that of line {first.place.line}"
            )
            first = given
        return read_bulk(first)

    def _step(self) -> Step | None:
        return read_step(self._said.params) if "step" in self._options else None

    def _tell_of(self, allocation: Allocation) -> None:
        kept = allocation.kept
        if "rsc-list.node" in kept:
            self._said.note(
                self._rsc["node"].place, "the shape and mode of the nodes are kept, but any nodes are taken"
            )
        for key, word in (("P.vn-policy", "vn-policy"), ("P.exec-policy", "exec-policy")):
            if key in kept:
                self._said.note(
                    self._said.items["P"][word].place, f"{word}={kept[key]} is kept, but does nothing here"
                )

    # ---- fields

    def _text(self, key: str) -> str:
        given = self._options.get(key)
        return given.value if given else ""

    def _item(self, name: str) -> str:
        given = self._rsc.get(name)
        return given.value if given else ""

    def _name(self) -> str:
        given = self._options.get("name")
        if given is None:
            return self._by.file[:LONGEST_NAME] or PIPED
        if not is_name(given.value):
            raise refused(
                "0003",
                f"{given.name} {shown(given.value)}: a name begins with a letter, has no / in it, "
                f"and at most {LONGEST_NAME} bytes",
                given.place,
            )
        return given.value

    def _group(self) -> tuple[str, str]:
        """Project and OS group. A name is what the job is charged to: accounts need no such group here."""
        given = self._options.get("gname")
        if given is None:
            return "", ""
        if given.value.isascii() and given.value.isdigit():
            return "", given.value
        self._said.note(
            given.place, f"{given.name} names the project; the job runs with the account's own OS group"
        )
        return given.value, ""

    def _priority(self) -> int:
        given = self._options.get("p")
        if given is None:
            return DEFAULT_PRIORITY
        return (
            DEFAULT_PRIORITY
            + (at(given, lambda text: read_number(text, most=255)) - PRIORITY) * PRIORITY_STEP
        )

    def _elapse(self) -> tuple[int | None, int | None, dict[str, str]]:
        """The least and the most seconds, and what is kept: that no limit was asked for in so many words."""
        given = self._rsc.get("elapse")
        if given is None:
            return None, None, {}
        first, dash, second = given.value.partition("-")
        most = at(Given(second if dash else first, given.place, given.name), _limit)
        if not dash:
            return None, most, {} if most else {"rsc-list.elapse": UNLIMITED}
        least = at(Given(first, given.place, given.name), _least)
        if most is not None and most < least:
            raise refused("0003", f"elapse: {shown(given.value)} ends before it begins", given.place)
        return least, most, {} if most or not second else {"rsc-list.elapse": UNLIMITED}

    def _not_before(self) -> int | None:
        given = self._options.get("at")
        if given is None:
            return None
        micros, once = utc_micros(at(given, read_moment), self._by.time_zone)
        if not once:
            self._said.note(
                given.place,
                f"{given.value} is there twice or not at all on the clocks of {self._by.time_zone}",
            )
        if micros <= self._by.now:
            raise refused("0056", f"{given.name} {given.value} has passed", given.place)
        return micros

    def _letters(self) -> str:
        given = self._options.get("m")
        if given is None:
            return ""
        letters = given.value.split(",")
        for letter in letters:
            if letter not in MAIL_BITS:
                raise refused("0003", f"-m: {shown(letter)} is none of {', '.join(MAIL_BITS)}", given.place)
        if kept := _statistics(given.value):
            self._said.note(given.place, f"-m {kept['m']} is kept, but no statistics are mailed")
        return given.value

    def _resources(self) -> dict[str, str]:
        """Custom resources of the site, power knobs among them."""
        found = {}
        for name, given in self._rsc.items():
            if name in KNOBS:
                at(given, read_number)
            elif name in ITEMS["rsc-list"]:
                continue
            found[name] = given.value
            if len(found) > MOST_RESOURCES:
                raise refused("0003", f"more than {MOST_RESOURCES} custom resources", given.place)
        return found

    def _reader_of(self, item: str) -> Callable[[str], int]:
        return lambda text: read_limit(item, text)

    def _environment(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if "X" in self._options:
            found, withheld = passed_on(self._by.variables)
            if withheld:
                self._said.note(
                    self._options["X"].place, f"-X does not pass on {', '.join(sorted(withheld))}"
                )
        for name, given in self._said.items["x"].items():
            if name in RESERVED:
                self._said.note(given.place, f"-x: {name} is set by the system alone")
            else:
                found[name] = given.value
        return found

    def _kept(self) -> dict[str, str]:
        kept = {
            option.key: self._options[option.key].value
            for option in OPTIONS
            if option.fate is Fate.KEPT and option.key in self._options
        }
        if "X" in self._options:
            kept["X"] = ""
        if "rscunit" in self._rsc:
            kept["rsc-list.rscunit"] = self._item("rscunit")
        if "jobenv" in self._rsc:
            kept["rsc-list.jobenv"] = self._item("jobenv")
        return kept | {f"llio.{name}": given.value for name, given in self._said.items["llio"].items()}

    def _notes(self) -> tuple[Note, ...]:
        """In the order of the lines, and not more than somebody reads."""
        notes = sorted(self._said.notes, key=lambda note: (note.line, note.column))
        if len(notes) > MOST_NOTES:
            more = len(notes) - MOST_NOTES
            notes[MOST_NOTES:] = [Note(notes[MOST_NOTES].line, 1, f"and {more} more of the like")]
        return tuple(notes)


def _order(given: Given) -> tuple[int, int]:
    return given.place.line, given.place.column


def _statistics(letters: str) -> dict[str, str]:
    """Of the letters of `-m` those that ask for statistics, as they are kept."""
    asked = ",".join(letter for letter in ("s", "S") if letter in letters)
    return {"m": asked} if asked else {}


def is_name(text: str) -> bool:
    """Whether `-N` takes it."""
    return (
        text[:1].isascii()
        and text[:1].isalpha()
        and "/" not in text
        and len(text.encode("utf-8", "replace")) <= LONGEST_NAME
        and text.isprintable()
    )


def _least(text: str) -> int:
    """The least time of a range. Raises Bad."""
    seconds = read_time(text, 1)
    if seconds is None:
        raise Bad("0003", f"the least time can't be {UNLIMITED}")
    return seconds


def _limit(text: str) -> int | None:
    """A time of at least a second; None for `unlimited`, and for nothing: the most that the site allows."""
    return read_time(text, 1) if text else None
