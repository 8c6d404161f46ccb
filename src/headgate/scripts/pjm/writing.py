"""A Script to the text of a PJM script, and what it does not say any more. Spec pjm, sections 2, 3 and 10.2.

Long options, one to a line. Fields without words are in `unsaid.py`, chunks in `allocation.py`.
"""

import re
from collections.abc import Mapping
from typing import Final

from headgate.core.model import DEFAULT_PRIORITY
from headgate.core.scripts import Loss, Rendered, Script, Submitter
from headgate.core.sweep import instance_count
from headgate.core.vocabulary import TaskType
from headgate.scripts.lines import body
from headgate.scripts.pjm.allocation import write_allocation
from headgate.scripts.pjm.chains import LAST_BULK, write_step
from headgate.scripts.pjm.directives import CUSTOM_NAME, VARIABLE_NAME
from headgate.scripts.pjm.environment import RESERVED, passed_on
from headgate.scripts.pjm.limits import LIMIT_NAMES, LIMITS, write_limit
from headgate.scripts.pjm.moments import write_moment
from headgate.scripts.pjm.options import BY_NAME, ITEMS, KEPT, KNOBS, OURS, PREFIX, Option, Takes
from headgate.scripts.pjm.paths import translated
from headgate.scripts.pjm.quantities import MOST, UNLIMITED, write_time
from headgate.scripts.pjm.reading import (
    LENGTHS,
    LONGEST_NAME,
    MOST_RESOURCES,
    PIPED,
    PRIORITY,
    PRIORITY_STEP,
    is_name,
)
from headgate.scripts.pjm.unsaid import unsaid
from headgate.scripts.pjm.words import LONGEST_IN_ALL, LONGEST_LINE, quoted, sayable

_LOW, _HIGH = 0, 255
_UNFIT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
_STARS: Final = re.compile(r"\^[*^]|\*+")
# Written where what they belong to is.
_ELSEWHERE: Final = frozenset({"X", "m", "rsc-list.elapse"})
_LIMIT_OF_SHEBANG: Final = 2
"""Words of a `#!` line: the system takes the program and one argument."""


def render(script: Script, by: Submitter) -> Rendered:
    """The script in PJM's words."""
    writer = _Writer(script, by)
    writer.write()
    return Rendered(writer.text(), tuple(dict.fromkeys(writer.losses)))


class _Writer:
    """Collects lines and losses."""

    def __init__(self, script: Script, by: Submitter) -> None:
        self._job, self._task = script.job, script.task
        self._environment = script.environment
        self._by = by
        self._lines: list[str] = []
        self._size = 0
        self.losses = unsaid(script)
        self._kept = self._what_is_kept()

    def _what_is_kept(self) -> dict[str, str]:
        """Options of this flavour, in the order of the table."""
        options = self._job.options if self._job.flavour == OURS else {}
        kept = {key: options[key] for key in KEPT if key in options}
        for key in [key for key, value in kept.items() if "." in key and not _is_item(value)]:
            self._lose(f"{key}={kept.pop(key)[:40]!r}", "it can't stand in a list")
        return kept

    def write(self) -> None:
        job = self._job
        self._name()
        self._group()
        self._text("--comment", job.comment)
        self._item("rscgrp", job.queue)
        for option, value in write_allocation(job, self._task, self._kept, self.losses):
            self._line(option, value)
        self._elapse()
        self._limits()
        self._resources()
        self._chain()
        self._environment_lines()
        self._output()
        self._when()
        self._mail()
        self._line("--restart" if self._task.rerunnable else "--norestart")
        self._rest()

    def text(self) -> bytes:
        """The whole script."""
        shebang, rest = body(self._task.script or self._command().encode("utf-8", "replace"))
        words = self._task.interpreter
        if words:
            shebang = f"#!{' '.join(words)}\n".encode("utf-8", "replace")
            if len(words) > _LIMIT_OF_SHEBANG:
                self._lose(f"interpreter {' '.join(words)}", "its arguments are passed as one", near=True)
        return shebang + "".join(f"{line}\n" for line in self._lines).encode() + rest

    # ---- lines

    def _line(self, option: str, value: str | None = None) -> None:
        """Add a directive, or the loss of one that no directive can hold."""
        if value is None:
            self._lines.append(f"{PREFIX} {option}")
            return
        line = f"{PREFIX} {option}{'=' if _attached(option) else ' '}{quoted(value)}"
        # A reader counts lines and words.
        size = self._size + 2 * len(line)
        if sayable(value) and len(line) < LONGEST_LINE and size < LONGEST_IN_ALL:
            self._lines.append(line)
            self._size = size
        else:
            self._lose(f"{option} {value[:40]!r}", "a directive can't hold this text")

    def _lose(self, what: str, why: str, *, near: bool = False) -> None:
        self.losses.append(Loss(what, why, approximated=near))

    def _text(self, option: str, value: str) -> None:
        longest = LENGTHS.get(option.lstrip("-"))
        if longest is not None and len(value.encode("utf-8", "replace")) > longest:
            self._lose(f"{option} {value[:40]!r}", f"it is longer than {longest}")
        elif value:
            self._line(option, value)

    def _item(self, name: str, value: str) -> None:
        """An item of `-L` whose value is text."""
        if value and (not _is_item(value) or len(value.encode("utf-8", "replace")) > LONGEST_NAME):
            self._lose(f"{name}={value[:40]!r}", "it can't stand in a list of resources")
        elif value:
            self._line("--rsc-list", f"{name}={value}")

    # ---- who and what

    def _name(self) -> None:
        name = self._job.name
        if not name or name == (self._by.file[:LONGEST_NAME] or PIPED):
            return
        if not is_name(name):
            fit = _UNFIT_IN_NAME.sub("_", name)[:LONGEST_NAME]
            name = fit if is_name(fit) else f"J{fit}"[:LONGEST_NAME]
            self._lose(f"name {self._job.name[:80]!r}", f"{name} is a name PJM takes", near=True)
        self._line("--name", name)

    def _group(self) -> None:
        job = self._job
        if job.project:
            if job.project.isascii() and job.project.isdigit():
                self._lose(f"project {job.project}", "a number is taken for an OS group", near=True)
            self._line("--gname", job.project)
        elif job.account:
            self._lose(f"account {job.account}", "--gname names what a job is charged to", near=True)
            self._line("--gname", job.account)
        elif job.group:
            if not (job.group.isascii() and job.group.isdigit()):
                self._lose(f"group {job.group}", "--gname also names what a job is charged to", near=True)
            self._line("--gname", job.group)
        taken = job.project or job.account or job.group
        for what, value in (("account", job.account), ("group", job.group)):
            if value and value != taken:
                self._lose(f"{what} {value}", f"--gname is {taken} already")

    # ---- limits

    def _elapse(self) -> None:
        times = [time for time in (self._job.runtime_s, self._task.runtime_s) if time is not None]
        most, least = min(times, default=None), self._job.min_runtime_s
        if most is not None and not 1 <= most <= MOST:
            self._lose(f"run time of {most} s", f"a time is 1 to {MOST} s", near=True)
            most = min(max(most, 1), MOST)
        if least is not None and not 1 <= least <= (most or MOST):
            self._lose(f"least run time of {least} s", "it is not within the run time")
            least = None
        unlimited = UNLIMITED if "rsc-list.elapse" in self._kept else ""
        text = unlimited if most is None else write_time(most)
        if least is not None:
            text = f"{write_time(least)}-{text}"
        self._item("elapse", text)

    def _limits(self) -> None:
        limits = self._task.limits
        for item, limit in LIMITS.items():
            if limit.name in limits:
                value = limits[limit.name]
                text, exact = write_limit(item, value)
                if not exact:
                    self._lose(f"limit {limit.name} of {value}", f"{item} is {text}", near=True)
                self._line("--rsc-list", f"{item}={text}")
        for name in limits:
            if name not in LIMIT_NAMES:
                self._lose(f"limit {name}", "PJM has no such limit")

    def _resources(self) -> None:
        for count, (name, value) in enumerate(self._job.extra_resources.items()):
            known = name in ITEMS["rsc-list"] and name not in KNOBS
            knob = name in KNOBS and not re.fullmatch(r"[0-9]{1,9}", value)
            if (
                known
                or knob
                or count >= MOST_RESOURCES
                or not CUSTOM_NAME.fullmatch(name)
                or not _is_item(value)
            ):
                self._lose(f"resource {name}={value[:40]!r}", "it can't stand in a list of resources")
                continue
            if self._job.flavour != OURS:
                self._lose(
                    f"resource {name}", "written as a custom resource, which the site has to know", near=True
                )
            self._line("--rsc-list", f"{name}={value}" if value else name)

    # ---- arrays and chains

    def _chain(self) -> None:
        job, task = self._job, self._task
        sweep = task.type is TaskType.PARAMETRIC_SWEEP
        if sweep and job.step is not None:
            self._lose("step", "a bulk job is no part of a chain")
        elif job.step is not None:
            self._line("--step")
            if params := write_step(job.step):
                self._line("--sparam", params)
        if sweep:
            self._bulk()

    def _bulk(self) -> None:
        task = self._task
        first, last = task.start_value, task.end_value
        if task.index_set:
            numbers = re.findall(r"[0-9]{1,18}", task.index_set) or ["0"]
            first, last = int(numbers[0]), int(numbers[-1])
        elif instance_count(first, last, task.increment) == 1:
            last = first
        shown = task.index_set or f"{first}-{last}:{task.increment}"
        if first == last:
            self._lose(f"array {shown}", "a bulk job has at least two numbers: it is a single job")
        elif not 0 <= first < last <= LAST_BULK:
            self._lose(
                f"array {shown}", f"the numbers of a bulk job are 0 to {LAST_BULK}: it is a single job"
            )
        else:
            if task.index_set or task.increment != 1:
                self._lose(f"array {shown}", f"all numbers of {first} to {last} run", near=True)
            self._line("--bulk")
            self._line("--sparam", f"{first}-{last}")

    # ---- surroundings

    def _environment_lines(self) -> None:
        passed: Mapping[str, str] = {}
        if "X" in self._kept:
            self._line("-X")
            passed, _ = passed_on(self._by.variables)
        threads = max((chunk.threads for chunk in self._task.chunks), default=0)
        if threads:
            self._lose(f"{threads} threads", "as the variable OMP_NUM_THREADS", near=True)
            if "OMP_NUM_THREADS" not in self._environment:
                self._line("-x", f"OMP_NUM_THREADS={threads}")
        for name, value in self._environment.items():
            if passed.get(name) == value:
                continue
            if name in RESERVED:
                self._lose(f"variable {name}", "PJM sets it itself")
            elif not VARIABLE_NAME.fullmatch(name) or "," in value:
                self._lose(f"variable {name[:40]}", "-x takes plain names, and values without commas")
            else:
                self._line("-x", f"{name}={value}")

    def _output(self) -> None:
        task = self._task
        out, err = task.stdout, task.stderr
        if task.join == "eo":
            self._lose("stdout joined to stderr", "both are in the file of stdout", near=True)
            out, err = err or out, ""
        sweep = task.type is TaskType.PARAMETRIC_SWEEP
        for option, path in (("--out", out), ("--err", err)):
            ours, lost = translated(path, self._job.flavour, sweep=sweep)
            if lost:
                self._lose(f"{' '.join(lost)} in {path}", "left out of the name", near=True)
            self._text(option, ours)
        if task.join in ("oe", "eo"):
            self._line("-j")

    def _when(self) -> None:
        job = self._job
        if job.not_before is not None:
            text, exact = write_moment(job.not_before, self._by.time_zone)
            if not text or job.not_before <= self._by.now:
                self._lose("start time", "it has passed" if text else "it is beyond the calendar")
            else:
                if not exact:
                    self._lose("start time", f"--at is {text}", near=True)
                self._line("--at", text)
        steps = (job.priority - DEFAULT_PRIORITY + PRIORITY_STEP // 2) // PRIORITY_STEP
        priority = min(max(PRIORITY + steps, _LOW), _HIGH)
        if DEFAULT_PRIORITY + (priority - PRIORITY) * PRIORITY_STEP != job.priority:
            self._lose(f"priority {job.priority}", f"-p is {priority}", near=True)
        if priority != PRIORITY:
            self._line("-p", str(priority))

    def _mail(self) -> None:
        job = self._job
        if job.notify_on_failure and not job.notify_on_completion:
            self._lose("a mail on failure", "every end is mailed", near=True)
        letters = [
            *("b" if job.notify_on_start else ""),
            *("e" if job.notify_on_completion or job.notify_on_failure else ""),
            *("r" if job.notify_on_requeue else ""),
            *([self._kept["m"]] if "m" in self._kept else []),
        ]
        if letters:
            self._line("-m", ",".join(letters))
        self._text("--mail-list", job.email_address.replace(";", ","))

    def _rest(self) -> None:
        """Options that are kept, and say nothing that has been said above."""
        for key, value in self._kept.items():
            name, dot, item = key.partition(".")
            if key in _ELSEWHERE or name in ("mpi", "P"):
                continue
            if not dot:
                self._kept_option(BY_NAME[KEPT[key]], value)
            elif name == "llio":
                self._line("--llio", f"{item}={value}" if value else item)
            elif key in ("rsc-list.rscunit", "rsc-list.jobenv"):
                self._item(item, value)

    def _kept_option(self, option: Option, value: str) -> None:
        allowed = {Takes.NOTHING: value == "", Takes.JID: value in ("", "jid")}
        if not allowed.get(option.takes, value != ""):
            self._lose(f"{option.names[0]} {value[:40]!r}", "it does not take this value")
        else:
            self._line(option.names[0], value or None)

    def _command(self) -> str:
        """A command line as a script; the value of a sweep's instance is a variable there."""
        command = self._task.command_line
        if self._task.type is TaskType.PARAMETRIC_SWEEP and "*" in command:
            self._lose("* in the command line", "it is ${PJM_BULKNUM}", near=True)
            command = _STARS.sub(_value, command)
        return f"{command}\n" if command else ""


def _value(mark: re.Match[str]) -> str:
    text = mark[0]
    if text[0] == "^":
        return text[1]
    return "${PJM_BULKNUM}" if len(text) == 1 else f'$(printf %0{len(text)}d "$PJM_BULKNUM")'


def _attached(option: str) -> bool:
    """Whether the value stands behind `=`: that of long options, but for lists, which are full of them."""
    return option.startswith("--") and BY_NAME[option].takes is Takes.VALUE


def _is_item(value: str) -> bool:
    """Whether a text can be the value of an item of a list."""
    return not any(sign in value for sign in ",()") and value == value.strip(" \t")
