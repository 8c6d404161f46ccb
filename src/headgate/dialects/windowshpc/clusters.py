"""The list of clusters: this one (spec windowshpc, section 2)."""

from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Call, found
from headgate.formats.serving import Answer


class ClusterList:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._name = context.cluster_name

    async def list(self, call: Call) -> Answer:
        """List the clusters served here: one."""
        spelling = call.spelling
        return found(spelling.rows([spelling.row([spelling.property("Name", self._name)])]))
