"""A Script -> a PBS script, and what that can't say (spec pbs, sections 2 and 3).

One option a line. Whatever is written is read again first (`_Writer.setting`): what would not come back as it
is, is a Loss. The resources are `shapes.py`, fields that PBS has no word for `losses.py`.
"""

import re
from typing import Any

from headgate.core.model import DEFAULT_PRIORITY, JobSpec, TaskSpec
from headgate.core.scripts import Loss, Rendered, Script, Submitter
from headgate.core.vocabulary import DependencyCondition, HoldKind
from headgate.scripts.lines import body, normal
from headgate.scripts.pbs import losses, shapes
from headgate.scripts.pbs.dependencies import depend_text
from headgate.scripts.pbs.meanings import FLAVOUR, PRIORITY_MAX, PRIORITY_MIN, Meanings
from headgate.scripts.pbs.quantities import write_date
from headgate.scripts.pbs.resources import NAME, PLACE, known, place_text, resources_of, select_text
from headgate.scripts.pbs.tables import BUILT_IN, SETTINGS, Setting
from headgate.scripts.pbs.variables import list_text
from headgate.scripts.pbs.words import FLAGS, IllegalValue, quoted, writable

_BY_ATTRIBUTE = {setting.attribute: setting for setting in SETTINGS if setting.meaning != "refused"}
_FIRST_LINE = re.compile(r"/[^\s]* [^\s]+")
"""A program and its one argument, as a `#!` line hands them over."""
_OTHERS_VARIABLE = re.compile(rb"\b(?:SLURM|PJM|CCP)_[A-Z0-9_]{1,60}\b")
_NO_NAME = re.compile(r"[^A-Za-z0-9_+.-]+")
_QUOTED_IN_LIST = re.compile(r"['\"\\=]")
_RESOURCE = "Resource_List."


def render(script: Script, by: Submitter) -> Rendered:
    """The script as one of PBS. `by` says which time zone its local times are in, and which variables need
    not be written because `-V` takes them along.
    """
    writer = _Writer(script, by)
    writer.identity()
    writer.time_and_order()
    writer.resources()
    writer.surroundings()
    writer.output()
    writer.rest()
    head = "".join(f"#PBS {line}\n" for line in writer.lines).encode()
    return Rendered(writer.shebang + head + writer.body, tuple(dict.fromkeys(writer.losses)))


class _Writer:
    """The directives of one script. Each method writes those of one area."""

    def __init__(self, script: Script, by: Submitter) -> None:
        self._script, self._by = script, by
        self._job: JobSpec = script.job
        self._task: TaskSpec = script.task
        self._ours = script.job.flavour == FLAVOUR
        self._kept = dict(script.job.options) if self._ours else {}
        """What of the options has not been written yet."""
        self.lines: list[str] = []
        self.losses: list[Loss] = []
        text = normal(script.task.script) if script.task.script else self._command()
        self.shebang, self.body = body(text)
        self._interpreter()

    def lose(self, what: str, why: str, *, approximated: bool = False) -> None:
        self.losses.append(Loss(what, why, approximated))

    def setting(self, attribute: str, text: str, **fields: Any) -> None:
        """Writes an option, with the text it came with if that still says the same; a Loss if neither reads
        back as these fields.
        """
        setting = _BY_ATTRIBUTE[attribute]
        kept = self._kept.pop(attribute, "")
        why = "it has changed since"
        for candidate in (kept, text):
            if not candidate:
                continue
            try:
                self._check(attribute, candidate, fields)
            except IllegalValue as error:
                why = error.text
            else:
                self._option(setting, candidate)
                return
        if kept or text:
            self.lose(f"{setting.spelling.rstrip('=')} {text or kept}", why)

    def _option(self, setting: Setting, text: str) -> None:
        letter, _, name = setting.spelling.partition(" ")
        if name:
            # The list that -W takes has a level of quotes of its own.
            text = name + (quoted(text) if _QUOTED_IN_LIST.search(text) else text)
        self.lines.append(f"{letter} {quoted(text)}")

    def _check(self, attribute: str, text: str, fields: dict[str, Any]) -> None:
        if not writable(text):
            raise IllegalValue("a directive can't hold it")
        again = Meanings(self._by, self.shebang)
        again.read(_BY_ATTRIBUTE[attribute], text)
        read = again.task | again.job
        for name, value in fields.items():
            owner = JobSpec if name in JobSpec.__struct_fields__ else TaskSpec
            if read.get(name, getattr(owner(), name)) != value:
                raise IllegalValue(f"it would be read as {read.get(name)!r}")

    # ---- what runs

    def _command(self) -> bytes:
        if "*" in self._task.command_line:
            self.lose("* in the command line", "PBS does not put the index there; it is in PBS_ARRAY_INDEX")
        return f"{self._task.command_line}\n".encode() if self._task.command_line else b""

    def _interpreter(self) -> None:
        words = self._task.interpreter
        if not words or (self.shebang and words == TaskSpec().interpreter):
            return
        if self.shebang:
            self.lose(f"interpreter {' '.join(words)}", "the script's first line says what runs it")
        elif len(words) == 2 and _FIRST_LINE.fullmatch(" ".join(words)):
            self.shebang = f"#!{words[0]} {words[1]}\n".encode()
        elif len(words) > 1:
            self.lose(f"interpreter {' '.join(words)}", "PBS gives it no arguments")

    # ---- who, what, where

    def identity(self) -> None:
        job, task = self._job, self._task
        name = job.name or task.name
        if task.name not in ("", name):
            self.lose(f"task name {task.name}", "a job of PBS has one name")
        plain = _NO_NAME.sub("_", name)[:230]
        if plain != name:
            self.lose(f"name {name}", f"PBS takes letters, digits, - _ + and .: {plain}", approximated=True)
        self.setting("Job_Name", plain, name=plain)
        self.setting("destination", job.queue, queue=job.queue)
        self.setting("project", job.project, project=job.project)
        self.setting("Account_Name", job.account, account=job.account)
        self.setting("User_List", job.run_as, run_as=job.run_as)
        self.setting("group_list", job.group, group=job.group)

    def time_and_order(self) -> None:
        job, task = self._job, self._task
        if job.not_before is not None:
            try:
                text, exact = write_date(job.not_before, self._by.time_zone)
            except IllegalValue as error:
                self.lose("start time", error.text)
            else:
                self.lines.append(f"-a {text}")
                if not exact:
                    self.lose("start time", f"it is read as {text}", approximated=True)
        if HoldKind.USER in job.holds:
            self.lines.append("-h")
        for hold in set(job.holds) - {HoldKind.USER}:
            self.lose(f"hold of {hold.value}", "a script can only set the user's")
        wanted = job.priority - DEFAULT_PRIORITY
        priority = min(max(wanted, PRIORITY_MIN), PRIORITY_MAX)
        if priority != wanted:
            self.lose(
                f"priority {job.priority}",
                f"PBS goes from {PRIORITY_MIN} to {PRIORITY_MAX}",
                approximated=True,
            )
        if priority:
            self.lines.append(f"-p {priority}")
        array, lost = shapes.array_of(task)
        self.losses += lost
        if array:
            self.lines.append(f"-J {array}")
        if not task.rerunnable and array:
            self.lose("not rerunnable", "subjobs of PBS always are")
        elif not task.rerunnable:
            self.lines.append("-r n")
        self._dependencies()

    def _dependencies(self) -> None:
        job = self._job
        text = depend_text(job)
        if text:
            self.lines.append(f"-W depend={text}")
        for dependency in (*job.depends_on, *job.precedes):
            if dependency.condition is DependencyCondition.CORRESPONDS:
                self.lose(
                    f"aftercorr of job {dependency.job_id}",
                    "the whole array is waited for",
                    approximated=True,
                )
        if job.depends_on and not job.drop_when_hopeless:
            self.lose("waiting for what can no longer happen", "PBS deletes the job", approximated=True)

    # ---- resources

    def resources(self) -> None:
        job, task = self._job, self._task
        chunks, arrangement, sharing, lost = shapes.chunks_of(job, task)
        self.losses += [*lost, *shapes.limits_lost(task)]
        place = place_text(job.options if self._ours else {}, arrangement, sharing)
        if self._kept.pop(PLACE, place) != place:
            self.lose(f"-l place={job.options[PLACE]}", "it has changed since")
        if chunks:
            self._resource("select", select_text(chunks))
            self._resource("place", place)
        for name, value in resources_of(job, task).items():
            if name in BUILT_IN and writable(value):
                self._resource(name, quoted(value))
                self._kept.pop(f"{_RESOURCE}{name}", None)
        if None not in (job.runtime_s, task.runtime_s) and job.runtime_s != task.runtime_s:
            self.lose("run times of job and task", "PBS has one; it is the shorter", approximated=True)
        for name, value in job.extra_resources.items():
            if self._sites(name) and value.strip(" \t") == value != "" and writable(value):
                self._resource(name, quoted(value))
            else:
                self.lose(f"{name}={value}", "PBS can't ask for a resource of this name or value")

    def _resource(self, name: str, value: str) -> None:
        self.lines.append(f"-l {quoted(f'{name}={value}')}")

    def _sites(self, name: str) -> bool:
        try:
            return bool(NAME.fullmatch(name)) and known(name) is None
        except IllegalValue:
            return False

    # ---- surroundings and output

    def surroundings(self) -> None:
        task = self._task
        shell = task.interpreter[0] if len(task.interpreter) == 1 and not self.shebang else ""
        self.setting("Shell_Path_List", shell, interpreter=(shell,) if shell else ())
        if task.umask != 0o077:
            self.setting("umask", f"{task.umask:03o}", umask=task.umask)
        environment = self._script.environment
        if self._kept.pop("V", ""):
            self.lines.append("-V")
            environment = {
                name: value for name, value in environment.items() if self._by.variables.get(name) != value
            }
        text, unsaid = list_text(environment)
        if text:
            self.lines.append(f"-v {quoted(text)}")
        for name in unsaid:
            self.lose(f"variable {name}", "-v can't hold its name or its value")
        named = sorted(set(_OTHERS_VARIABLE.findall(self.body))) if not self._ours else []
        for variable in named:
            self.lose(f"variable {variable.decode()} in the script", "PBS sets PBS_... instead")
        if task.at_submission and not task.work_directory:
            self.lose(
                "start in the directory of submission",
                'PBS starts in the home; the script needs cd "$PBS_O_WORKDIR"',
            )

    def output(self) -> None:
        job, task = self._job, self._task
        for attribute, field, path in (
            ("Output_Path", "stdout", task.stdout),
            ("Error_Path", "stderr", task.stderr),
        ):
            written, lost = (path, []) if self._ours else shapes.path_of(path, job.flavour)
            self.losses += lost
            self.setting(attribute, written, **{field: written})
        if task.join in ("oe", "eo"):
            self.lines.append(f"-j {task.join}")
        points = {
            "a": job.notify_on_failure,
            "b": job.notify_on_start,
            "e": job.notify_on_completion,
            "j": job.notify_each,
        }
        letters = "".join(letter for letter, wanted in points.items() if wanted)
        if letters != "a":
            self.lines.append(f"-m {letters or 'n'}")
        self.setting("Mail_Users", job.email_address, email_address=job.email_address)

    def rest(self) -> None:
        """What PBS alone knows and nothing above has written; what other flavours alone know; and the fields
        without a word.
        """
        for attribute in list(self._kept):
            setting = _BY_ATTRIBUTE.get(attribute)
            if setting is None:
                self.lose(attribute, "PBS has no such option")
            elif attribute in FLAGS:
                self.lines.append(setting.spelling)
            else:
                self.setting(attribute, "")
        if not self._ours:
            self.losses += [
                Loss(f"{name}={value}" if value not in ("", "true") else name, "PBS has no such option")
                for name, value in self._job.options.items()
            ]
        self.losses += [*losses.of_job(self._job), *losses.of_task(self._task)]
