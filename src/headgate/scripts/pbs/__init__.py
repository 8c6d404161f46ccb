"""OpenPBS job scripts (spec pbs): `#PBS -N hello -l select=2:ncpus=8`.

    FLAVOUR.parse(text, by)      -> Script, or ScriptError with its place
    FLAVOUR.render(script, by)   -> Rendered: text, and what it does not say
    FLAVOUR.manners(run)         -> Manners: PBS_..., node file, names of output files

Read `tables.py` (what can be said), `words.py` (how lines become options), `reading.py` with `meanings.py`
and `requests.py`, then `writing.py` with `shapes.py` and `losses.py`. `quantities.py`, `dependencies.py` and
`variables.py` keep a kind of value each, `resources.py` chunks; its `totals` and `resource_list` are for
whoever lists jobs as PBS does.

In `JobSpec.options` values stand under PBS's names of the attributes (`Keep_Files`, `Resource_List.cput`), as
text; flags are "true".
"""

from collections.abc import Sequence

from headgate.core.scripts import Manners, Rendered, RunFacts, Script, Submitter
from headgate.scripts.pbs import manners as _manners
from headgate.scripts.pbs import reading, writing
from headgate.scripts.pbs.manners import job_id
from headgate.scripts.pbs.meanings import FLAVOUR as _NAME
from headgate.scripts.pbs.resources import Totals, read_select, resource_list, select_text, totals
from headgate.scripts.pbs.words import PREFIX

__all__ = ["FLAVOUR", "Pbs", "Totals", "job_id", "read_select", "resource_list", "select_text", "totals"]


class Pbs:
    """The flavour (`ports.flavour.Flavour`)."""

    name = _NAME
    prefix = PREFIX

    def parse(self, text: bytes, by: Submitter, arguments: Sequence[str] = ()) -> Script:
        """See `reading.parse`."""
        return reading.parse(text, by, arguments)

    def render(self, script: Script, by: Submitter) -> Rendered:
        """See `writing.render`."""
        return writing.render(script, by)

    def manners(self, run: RunFacts) -> Manners:
        """See `manners.manners`."""
        return _manners.manners(run)


FLAVOUR = Pbs()
