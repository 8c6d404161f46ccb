"""A job as a script for sbatch: long options, one a line, in one order; what they don't say is told.

`JobSpec.options` of a job of this flavour are written as they are and win over what was understood of them.
Which neutral fields have no words at all is in `unsaid.py`.
"""

import re
from collections.abc import Mapping
from typing import Final

from headgate.core.model import DEFAULT_PRIORITY, JobSpec, TaskSpec
from headgate.core.scripts import Loss, Rendered, Script, Submitter
from headgate.core.vocabulary import DependencyCondition, HoldKind, Sharing, TaskType, UnitType
from headgate.scripts.lines import body, normal
from headgate.scripts.slurm import arrays, exports, hostlist, mail, quantities, shape, signals, table
from headgate.scripts.slurm.dependencies import Waits, waits_text
from headgate.scripts.slurm.meanings import HIGHEST_PRIORITY
from headgate.scripts.slurm.moments import moment_text
from headgate.scripts.slurm.patterns import foreign
from headgate.scripts.slurm.reading import NAME
from headgate.scripts.slurm.resources import written
from headgate.scripts.slurm.unsaid import unsaid
from headgate.scripts.slurm.words import PREFIX, head, quoted, sayable, shown

_ORDER: Final = {name: place for place, name in enumerate(row.name for row in table.ROWS)}
_SHELL: Final = b"#!/bin/sh\n"
_FOREIGN_VARIABLE: Final = re.compile(rb"\$\{?((?:PBS|PJM|CCP)_[A-Z0-9_]+)")


def render(script: Script, by: Submitter) -> Rendered:
    """The script with #SBATCH lines, and what these don't say any more."""
    writer = _Writer(script, by)
    writer.write()
    shebang, rest = _body(script, writer)
    directives = "".join(f"#SBATCH {line}\n" for line in writer.lines())
    return Rendered(text=shebang + directives.encode() + rest, losses=tuple(dict.fromkeys(writer.losses)))


class _Writer:
    """The options written so far, and what was lost."""

    def __init__(self, script: Script, by: Submitter) -> None:
        self.job: JobSpec = script.job
        self.task: TaskSpec = script.task
        self.environment = script.environment
        self.by = by
        self.own = script.job.flavour == NAME
        self.array = script.task.type is TaskType.PARAMETRIC_SWEEP
        self.said: dict[str, str] = {}
        self.losses: list[Loss] = []

    def lines(self) -> list[str]:
        """What stands behind #SBATCH on each line."""
        out = []
        for name in sorted(self.said, key=lambda name: (name != "job-name", _ORDER[name])):
            value = self.said[name]
            bare = table.OPTIONS[name].argument is not table.Argument.REQUIRED and not value
            out.append(f"--{name}" if bare else f"--{name}={_value(value)}")
        return out

    def say(self, name: str, value: str, what: str = "") -> None:
        """Says an option, or tells that it does not fit into a line."""
        if sayable(value):
            self.said[name] = value
        else:
            self.lose(what or name, "an #SBATCH line holds one line of text")

    def lose(self, what: str, why: str, *, nearly: bool = False) -> None:
        self.losses.append(Loss(what, why, approximated=nearly))

    def write(self) -> None:
        """Says all there is to say."""
        self._plain()
        self._account()
        self._times()
        self._dependencies()
        self._array()
        self._files()
        self._resources()
        self._nodes()
        self._manners()
        self._export()
        self.losses += unsaid(self.job, self.task, own=self.own)
        self._options()

    def _plain(self) -> None:
        job = self.job
        for name, value in (
            ("job-name", job.name),
            ("comment", job.comment),
            ("partition", job.queue),
            ("gid", job.group),
            ("uid", job.run_as),
            ("mail-user", job.email_address),
        ):
            if value or (name == "job-name" and self.own):
                self.say(name, value)
        if not job.name and self.task.name:
            self.say("job-name", self.task.name)
        elif self.task.name and self.task.name != job.name:
            self.lose("name of the task", f"the job's is written: {job.name}")
        if job.software_license:
            self.say("licenses", ",".join(job.software_license))
        kinds = mail.notices_text(
            mail.Notices(
                start=job.notify_on_start,
                completion=job.notify_on_completion,
                failure=job.notify_on_failure,
                requeue=job.notify_on_requeue,
                each=job.notify_each,
                other=tuple(filter(None, self._kept("mail-type").split(","))),
            )
        )
        if kinds:
            self.said["mail-type"] = kinds

    def _kept(self, name: str) -> str:
        return self.job.options.get(name, "") if self.own else ""

    def _account(self) -> None:
        job = self.job
        if job.account:
            self.say("account", job.account)
        if job.project and not job.account:
            self.say("account", job.project)
            self.lose("project", "written as the account it is charged to", nearly=True)
        elif job.project and not self._kept("wckey"):
            self.say("wckey", job.project)
            self.lose("project", "written as the workload characterization key", nearly=True)
        elif job.project:
            self.lose("project", "sbatch knows an account alone")
        nice = DEFAULT_PRIORITY - job.priority
        if nice:
            self.said["nice"] = str(nice)
        if not 0 <= job.priority <= HIGHEST_PRIORITY:
            self.lose(
                f"priority {job.priority}", f"priorities here end at 0 and {HIGHEST_PRIORITY}", nearly=True
            )
        if any(kind is HoldKind.USER for kind in job.holds):
            self.said["hold"] = ""
        for kind in job.holds:
            if kind is not HoldKind.USER:
                self.said["hold"] = ""
                self.lose(f"hold of the {kind.value}", "written as one of the user", nearly=True)

    def _times(self) -> None:
        job = self.job
        run_time = job.runtime_s
        if self.task.runtime_s is not None and self.task.runtime_s != run_time:
            if run_time is None:
                run_time = self.task.runtime_s
            else:
                self.lose("run time of the task", "that of the job is written")
        for name, amount in (("time", run_time), ("time-min", job.min_runtime_s)):
            if amount is not None and amount > 0:
                self.said[name] = quantities.time_text(amount)
            elif amount is not None:
                self.lose(f"--{name} of {amount} seconds", "a limit of 0 would be none")
        if job.not_before is not None:
            self.said["begin"] = moment_text(job.not_before, self.by)
            if job.not_before < 0 or job.not_before % 1_000_000:
                self.lose("start time", "written in whole seconds since 1970", nearly=True)
        if job.warning_signal:
            this = signals.Warned(job.warning_signal, min(job.warning_before_s, 65535))
            self.said["signal"] = signals.warning_text(this)
            if job.warning_before_s > 65535:
                self.lose("time of the warning signal", "at most 65535 seconds before the end", nearly=True)
        elif job.warning_before_s:
            self.lose("time of the warning signal", "there is no signal")

    def _dependencies(self) -> None:
        job = self.job
        one_is_enough = job.depends_on_any and job.depends_on
        if job.singleton and one_is_enough and "dependency" not in job.options:
            self.lose("singleton", "beside others of which one is enough it is one of them", nearly=True)
        text = waits_text(Waits(job.depends_on, job.depends_on_any, job.singleton))
        if text:
            self.said["dependency"] = text
        elif job.depends_on_any:
            self.lose("any dependency is enough", "there is none")
        if job.depends_on_any and len(job.depends_on) == 1:
            self.lose("any dependency is enough", "there is but one", nearly=True)
        for other in job.depends_on:
            started = other.condition is DependencyCondition.STARTED
            if other.delay_s % 60 and started:
                self.lose(f"delay after job {other.job_id}", "rounded up to minutes", nearly=True)
            elif other.delay_s and not started:
                self.lose(f"delay after job {other.job_id}", "only a start can be followed with a delay")
        if job.drop_when_hopeless:
            self.said["kill-on-invalid-dep"] = "yes"

    def _array(self) -> None:
        task = self.task
        if not self.array:
            return
        listed = task.index_set
        these = arrays.Indices(task.start_value, task.end_value, task.increment, listed, task.max_running)
        if not listed and (task.start_value < 0 or task.end_value < task.start_value or task.increment < 1):
            self.lose("indices", f"{arrays.indices_text(these)} is no array of sbatch")
            return
        self.said["array"] = arrays.indices_text(these)

    def _files(self) -> None:
        task = self.task
        if task.work_directory:
            self.say("chdir", task.work_directory)
        out, error = task.stdout, task.stderr
        if task.join == "eo" and error:
            out, error = error, ""
        elif task.join in ("oe", "eo"):
            if error:
                self.lose("file of the standard error", "it goes where the output goes", nearly=True)
            error = ""
        elif not error and not self.own:
            error = "slurm-%A_%a.err" if self.array else "slurm-%j.err"
            self._name("error", error, flavour=NAME)
            error = ""
            self.lose("names of the output files", "sbatch's own are used", nearly=True)
        if out:
            self._name("output", out)
        elif task.join == "n" and not error and self.own:
            self.lose("standard error apart", "it has no file of its own")
        if error:
            self._name("error", error)
        if task.stdin:
            self.say("input", task.stdin)
        if task.append:
            self.said["open-mode"] = "append"

    def _name(self, option: str, path: str, flavour: str | None = None) -> None:
        flavour = self.job.flavour if flavour is None else flavour
        text, lost = (path, "") if flavour == NAME else foreign(path, flavour, array=self.array)
        self.say(option, text)
        if lost:
            self.lose(f"--{option}={shown(path)}", lost, nearly=True)

    def _resources(self) -> None:
        job, task = self.job, self.task
        kept = {name: value for name, value in job.options.items() if self.own and name in shape.WORDS}
        if task.chunks or task.processes or kept:
            made = shape.Shape(chunks=task.chunks, arrangement=task.arrangement, processes=task.processes)
            said, losses = written(
                made,
                kept,
                exclusive=task.sharing is Sharing.EXCLUSIVE,
                features=task.chunks[0].features if task.chunks else (),
            )
            self.said |= said
            self.losses += losses
        else:
            self._pairs()
        if "gres" in kept:
            return  # It says them all.
        extra = dict(job.extra_resources)
        for chunk in task.chunks:
            extra |= chunk.extra
        if extra:
            self._gres(extra)

    def _pairs(self) -> None:
        """Minima and maxima of a job that did not come from a script."""
        task, unit = self.task, self.job.unit_type
        if unit is UnitType.NODE and (task.min_nodes, task.max_nodes) != (1, 1):
            least, most = max(task.min_nodes, 1), task.max_nodes
            self.said["nodes"] = f"{least}-{most}" if most > least else str(least)
        elif unit is UnitType.CORE and (task.min_cores, task.max_cores) != (1, 1):
            self.said["ntasks"] = str(max(task.min_cores, 1))
            if task.max_cores != task.min_cores:
                self.lose(f"at most {task.max_cores} cores", "the least number is asked for", nearly=True)

    def _gres(self, extra: Mapping[str, str]) -> None:
        parts = []
        for name, value in extra.items():
            try:
                quantities.amount(value)
            except ValueError:
                self.lose(f"resource {name}={value}", "a generic resource has a number")
                continue
            parts.append(f"{name}:{value}")
            if not self.own:
                self.lose(f"resource {name}", "asked for as a generic resource of each node", nearly=True)
        if parts:
            self.say("gres", ",".join(parts))

    def _nodes(self) -> None:
        task = self.task
        features: dict[str, None] = {}
        for chunk in task.chunks:
            features |= dict.fromkeys(chunk.features)
        if features and "constraint" not in self.said:
            self.say("constraint", "&".join(features))
        if len({chunk.features for chunk in task.chunks}) > 1:
            self.lose("features of each part", "all nodes have to have all of them", nearly=True)
        wanted = [*task.required_nodes, *(chunk.host for chunk in task.chunks if chunk.host)]
        if any(chunk.host for chunk in task.chunks):
            self.lose("node of each part", "the nodes are asked for, in no order", nearly=True)
        for name, nodes in (("nodelist", wanted), ("exclude", self.job.excluded_nodes)):
            if nodes:
                self.say(name, hostlist.compress(list(dict.fromkeys(nodes))))
        whole = task.chunks and any(not chunk.cores for chunk in task.chunks)
        if task.sharing is Sharing.EXCLUSIVE or whole or task.exclusive or self.job.exclusive:
            self.said["exclusive"] = ""
        elif task.sharing is Sharing.SHARED:
            self.said["oversubscribe"] = ""

    def _manners(self) -> None:
        if not self.task.rerunnable:
            self.said["no-requeue"] = ""

    def _export(self) -> None:
        if self.own and "export" in self.job.options:
            return
        if self.own and dict(self.environment) == dict(exports.everything(self.by).environment):
            return
        text, lost = exports.export_text(self.environment)
        self.say("export", text)
        for name in lost:
            self.lose(f"variable {name}", "--export holds no value with a comma, a lone quote or a line end")

    def _options(self) -> None:
        """What only sbatch knows, as it was written; of another flavour, what only that knows."""
        for name, value in self.job.options.items():
            what = f"{name}={value}" if value else name
            if not self.own:
                self.lose(what, f"only {self.job.flavour or 'where it came from'} knows it")
            elif name not in table.OPTIONS:
                self.lose(what, "sbatch has no such option")
            elif name != "mail-type":
                self.say(name, value)


def _value(value: str) -> str:
    """A value behind `=`, quoted where it has to be; empty ones are `""`."""
    return quoted(value) if value else '""'


def _body(script: Script, writer: _Writer) -> tuple[bytes, bytes]:
    """The first line, and what stands behind the directives."""
    task = script.task
    text = task.script
    if not text and task.command_line:
        text = task.command_line.encode(errors="replace") + b"\n"
        if writer.array and "*" in task.command_line:
            writer.lose("`*` in the command line", "sbatch replaces nothing in it: use $SLURM_ARRAY_TASK_ID")
    elif text and task.command_line:
        writer.lose("command line", "the script is written")
    shebang, rest = body(_without_directives(normal(text)))
    foreign_variables = dict.fromkeys(name.decode() for name in _FOREIGN_VARIABLE.findall(rest))
    if foreign_variables:
        names = ", ".join([*foreign_variables][:8])
        writer.lose(
            f"variables {shown(names)} in the script", "Slurm does not set them; its own begin with SLURM_"
        )
    if task.interpreter:
        shebang = b"#!" + " ".join(task.interpreter).encode(errors="replace") + b"\n"
    elif not shebang:
        writer.lose("no first line with an interpreter", "sbatch wants one: /bin/sh", nearly=True)
        shebang = _SHELL
    return shebang, rest


def _without_directives(text: bytes) -> bytes:
    """Without the lines that sbatch would read."""
    if PREFIX not in text:
        return text
    kept, end = [], 0
    for line in head(text):
        start, end = end, min(end + len(line.text) + 1, len(text))
        if not line.text.startswith(PREFIX):
            kept.append(text[start:end])
    return b"".join(kept) + text[end:]
