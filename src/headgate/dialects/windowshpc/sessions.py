"""SOA sessions (spec windowshpc, section 7): not there yet, and said so."""

from headgate.core.errors import NotSupported
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.serving import Answer


class SessionCalls:
    """See the module."""

    async def refuse(self, call: Call) -> Answer:
        """Sessions are not supported yet."""
        raise NotSupported("SOA sessions are not supported yet.", code="Broker_UnsupportedOperation")
