"""Job scripts for Slurm's sbatch, 22.05 to 25.11.

    FLAVOUR.parse(text, by)     -> Script, or ScriptError with the place
    FLAVOUR.render(script, by)  -> the script with #SBATCH lines, and what they don't say
    FLAVOUR.manners(run)        -> the SLURM_* variables and output files of a run

Read `table.py` (every option, and what becomes of it), `words.py` (lines to options), then `reading.py` with
`meanings.py`, and `writing.py` with `unsaid.py`; resources are `resources.py` (words), `shape.py` (chunks);
each kind of value has a file.

`JobSpec.options` holds what only sbatch knows, by long option name; an option without a value has the value
"". Where an option is understood only in part, it is kept there as well, and written back instead of what was
understood.
"""

from typing import Final

from headgate.core.scripts import Manners, Rendered, RunFacts, Script, Submitter
from headgate.ports.flavour import Flavour
from headgate.scripts.slurm import manners, reading, writing

__all__ = ["FLAVOUR", "Slurm"]


class Slurm:
    """The flavour `slurm` (ports.flavour)."""

    name = reading.NAME
    prefix = "#SBATCH"

    def parse(self, text: bytes, by: Submitter) -> Script:
        """What a script says. Raises ScriptError."""
        return reading.parse(text, by)

    def render(self, script: Script, by: Submitter) -> Rendered:
        """The script with #SBATCH lines."""
        return writing.render(script, by)

    def manners(self, run: RunFacts) -> Manners:
        """How a run is started."""
        return manners.manners(run)


FLAVOUR: Final[Flavour] = Slurm()
