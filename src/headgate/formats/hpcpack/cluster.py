"""Facts about the cluster (spec hpcpack-2016, section 4.1)."""

from headgate.core.properties import dates
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Call, found
from headgate.formats.serving import Answer


class ClusterCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._version = context.hpcpack_version
        self._head_node = context.cluster_name

    async def version(self, call: Call) -> Answer:
        """The version this interface claims: four numbers, 5.x for 2016."""
        return found(call.spelling.text(self._version))

    async def active_head_node(self, call: Call) -> Answer:
        """The name of the head node."""
        return found(call.spelling.text(self._head_node))

    async def date_time_format(self, call: Call) -> Answer:
        """The .NET pattern in which dates are written."""
        return found(call.spelling.text(dates.PATTERN))
