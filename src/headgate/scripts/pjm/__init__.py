"""PJM, the job scripts of Fujitsu's Technical Computing Suite (Fugaku). Spec pjm.

Read `options.py` for what there is, then `directives.py` and `reading.py` (text to values), `writing.py`
(values to text), `manners.py` (how a run is started). Quantities, chunks, limits and chains have files of
their own, each with its reading and its writing.

`JobSpec.options` of this flavour: by the long name of the option, or by `OPTION.ITEM` (`rsc-list.node`,
`mpi.shape`, `llio.perf`); the value of a flag is "".
"""

from headgate.core.scripts import Manners, Rendered, RunFacts, Script, Submitter
from headgate.scripts.pjm.manners import manners
from headgate.scripts.pjm.options import OURS, PREFIX
from headgate.scripts.pjm.reading import parse
from headgate.scripts.pjm.writing import render


class Pjm:
    """The flavour. See ports.flavour.Flavour."""

    name = OURS
    prefix = PREFIX

    def parse(self, text: bytes, by: Submitter) -> Script:
        """See `reading.py`."""
        return parse(text, by)

    def render(self, script: Script, by: Submitter) -> Rendered:
        """See `writing.py`."""
        return render(script, by)

    def manners(self, run: RunFacts) -> Manners:
        """See `manners.py`."""
        return manners(run)


FLAVOUR = Pjm()
