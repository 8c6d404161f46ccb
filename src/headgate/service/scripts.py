"""Job scripts: text in one of the flavours becomes a job to create.

Everything a script means is its flavour's (`ports.flavour`); here is what is the same for all of them: which
flavour it is, who submits it and when, and that what the flavour has to say ends as warnings of the job.
"""

from collections.abc import Mapping
from typing import Final

from headgate.core.environment import VALUE_LIMIT
from headgate.core.errors import BadProperty
from headgate.core.scripts import Script, ScriptError, Submitter, guessed, shebang
from headgate.ports.clock import Clock
from headgate.ports.flavour import Flavour
from headgate.service.jobs import NewJob, NewTask

PASSED_ON: Final = ("HOME", "LANG", "LOGNAME", "MAIL", "PATH", "SHELL", "TZ")


class Scripts:
    """See the module. time_zone: IANA name of the zone that local times in scripts are in."""

    def __init__(self, flavours: Mapping[str, Flavour], clock: Clock, *, time_zone: str = "UTC") -> None:
        self._flavours = flavours
        self._clock = clock
        self._time_zone = time_zone

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
