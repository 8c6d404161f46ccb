"""A flavour of scripts made for tests: `#T name value` lines, and manners that show what they were told."""

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Manners, Rendered, RunFacts, Script, ScriptError, Submitter


class Tiny:
    """See the module. `broken`: what its manners raise."""

    name = "tiny"
    prefix = "#T"

    def __init__(self) -> None:
        self.broken: Exception | None = None
        self.told: list[RunFacts] = []

    def parse(self, text: bytes, by: Submitter) -> Script:
        job = JobSpec(name=by.file or "STDIN", flavour=self.name, submit_directory=by.directory)
        for number, line in enumerate(text.decode().splitlines(), 1):
            words = line.split()
            if words[:1] == ["#T"] and words[1] == "oops":
                raise ScriptError("that is an oops", line=number, column=4)
        return Script(job=job, task=TaskSpec(script=text, interpreter=()))

    def render(self, script: Script, by: Submitter) -> Rendered:
        return Rendered(script.task.script)

    def manners(self, run: RunFacts) -> Manners:
        self.told.append(run)
        if self.broken is not None:
            raise self.broken
        return Manners(
            environment={"TINY_INDEX": str(run.index), "TINY_HOSTS": " ".join(run.placement.nodes)},
            files={"TINY_FILE": b"content\n"},
            scratch=("TMPDIR",),
            work_directory=run.home,
            output_directory=run.job.spec.submit_directory,
            stdout=f"out.{run.job.id}.{run.index}",
            stderr=f"out.{run.job.id}.{run.index}",
            login=True,
        )
