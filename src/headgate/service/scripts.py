"""Job scripts: text in one of the flavours becomes a job to create.

Everything a script means is its flavour's (`ports.flavour`); here is what is the same for all of them: which
flavour it is, who submits it and when, that what the flavour has to say ends as warnings of the job, and in
which files a run leaves what it writes.
"""

import posixpath
from collections.abc import Mapping
from typing import Final

from headgate.core.environment import VALUE_LIMIT
from headgate.core.errors import BadProperty
from headgate.core.launch import NodeShare, OsAccount, Placement
from headgate.core.model import Job, Run, Task
from headgate.core.scripts import RunFacts, Script, ScriptError, Submitter, guessed, shebang
from headgate.core.sweep import index_of, instance_spec
from headgate.core.vocabulary import TaskType
from headgate.ports.clock import Clock
from headgate.ports.flavour import Flavour
from headgate.service.jobs import NewJob, NewTask

PASSED_ON: Final = ("HOME", "LANG", "LOGNAME", "MAIL", "PATH", "SHELL", "TZ")


class Scripts:
    """See the module. time_zone: IANA name of the zone that local times in scripts are in. cluster: the
    installation's name.
    """

    def __init__(
        self, flavours: Mapping[str, Flavour], clock: Clock, *, time_zone: str = "UTC", cluster: str = ""
    ) -> None:
        self._flavours = flavours
        self._clock = clock
        self._time_zone = time_zone
        self._cluster = cluster

    @property
    def names(self) -> tuple[str, ...]:
        """The flavours there are."""
        return tuple(self._flavours)

    def guess(self, text: bytes) -> str:
        """The flavour whose directives the text begins with; empty where it has none of any."""
        return guessed(text, {name: flavour.prefix for name, flavour in self._flavours.items()})

    def read(
        self,
        text: bytes,
        flavour: str,
        *,
        file: str = "",
        directory: str = "",
        host: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Script:
        """What a script says, read now.

        directory, host, variables: see `Submitter`. Raises BadProperty for a flavour that there is not, for
        a directory that is not absolute and for what no variable of a job can hold, ScriptError (with the
        place) for a script that can't be understood.
        """
        if flavour not in self._flavours:
            known = ", ".join(self._flavours) or "none"
            raise BadProperty(
                f"There is no script flavour {flavour[:80]!r}; there are: {known}.", name="flavour"
            )
        if (directory and not directory.startswith("/")) or "\0" in directory:
            raise BadProperty(
                "The directory of the submitter is an absolute path.", name="submitter.directory"
            )
        for name, value in {"file": file, "host": host, **_passed_on(variables or {})}.items():
            if "\0" in value or len(value.encode("utf-8", "surrogateescape")) > VALUE_LIMIT:
                raise BadProperty(
                    f"The {name} of the submitter holds a NUL or is longer than {VALUE_LIMIT} bytes.",
                    name=f"submitter.{name}",
                )
        by = Submitter(
            now=self._clock.now(),
            time_zone=self._time_zone,
            file=file,
            directory=directory,
            host=host,
            variables=variables or {},
        )
        script = self._flavours[flavour].parse(text, by)
        check_first_line(script)
        return script

    def streams(
        self, job: Job, task: Task, instance: int, run: Run, account: OsAccount | None
    ) -> tuple[str, str]:
        """The files that standard output and error of a run go to. Empty: it is kept here instead.

        account: whose home relative paths count from; None where that is not known, and they begin with `~`
        then. Variables in a path stay as they were written.
        """
        home = account.home if account else "~"
        flavour = self._flavours.get(job.spec.flavour)
        if flavour is None:
            spec = instance_spec(task.spec, instance)
            paths = {"oe": (spec.stdout, spec.stdout), "eo": (spec.stderr, spec.stderr)}
            folder, written = spec.work_directory, paths.get(spec.join, (spec.stdout, spec.stderr))
        else:
            sweep = task.spec.type is TaskType.PARAMETRIC_SWEEP
            manners = flavour.manners(
                RunFacts(
                    job=job,
                    task=task,
                    instance=instance,
                    index=index_of(task.spec, instance) if sweep and instance else None,
                    placement=Placement(tuple(NodeShare(one.node, one.cores) for one in run.shares)),
                    home=home,
                    user=account.name if account else "",
                    cluster=self._cluster,
                    time_zone=self._time_zone,
                )
            )
            folder, written = manners.output_directory, (manners.stdout, manners.stderr)
        stdout, stderr = (posixpath.join(home, folder, path) if path else "" for path in written)
        return stdout, stderr


def check_first_line(script: Script) -> None:
    """Raises ScriptError for a `#!` line that can't be understood."""
    try:
        shebang(script.task.script)
    except ValueError as error:
        raise ScriptError(f"the #! line can't be understood: {error}", line=1) from None


def _passed_on(variables: Mapping[str, str]) -> dict[str, str]:
    """By their names in refusals, those that flavours give to jobs without being asked (`PBS_O_HOME`)."""
    return {f"variables.{name}": variables[name] for name in PASSED_ON if name in variables}


def new_job(script: Script) -> NewJob:
    """The job to create that a script describes. Pure."""
    return NewJob(
        spec=script.job,
        tasks=[NewTask(spec=script.task)],
        environment=script.environment,
        warnings=tuple(note.told for note in script.notes),
    )
