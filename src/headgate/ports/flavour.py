"""Flavour: one language of job scripts (OpenPBS, PJM, Slurm). Pure: text and values, nothing else."""

from typing import Protocol

from headgate.core.scripts import Manners, Rendered, RunFacts, Script, Submitter


class Flavour(Protocol):
    """A flavour of job scripts, a folder under `scripts/` and a line in `registry.FLAVOURS`.

    name: what `--flavour` calls it. prefix: what its directives begin with (`#PBS`); a script is taken to be
    of the flavour whose prefix it has.
    """

    name: str
    prefix: str

    def parse(self, text: bytes, by: Submitter) -> Script:
        """What a script says. Takes time linear in its length.

        Raises ScriptError with line and column, and nothing else, whatever the bytes are.
        """
        ...

    def render(self, script: Script, by: Submitter) -> Rendered:
        """The script in this flavour: long options, one to a line, then the body without directives of any
        flavour.

        What came from this flavour reads back as it was: `parse(render(x).text, by)` says what `x` says.
        """
        ...

    def manners(self, run: RunFacts) -> Manners:
        """How a run of a job of this flavour is started: variables, files, directories, output."""
        ...
