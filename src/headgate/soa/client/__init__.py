"""Use services from Python: open a session, send requests in streams, read the answers as they come.

    import headgate.soa

    with headgate.soa.connect("http://127.0.0.1:8080", service="CcpEchoSvc") as session:
        for text in session.map("Echo", ["one", "two"]):
            print(text)

It speaks `/WindowsHPC` (spec windowshpc, section 7) and knows nothing of the server but that. `connecting.py`
opens sessions, `sessions.py` has them with their batches, `blocking.py` the same without `await`,
`messages.py` turns calls into messages and messages into answers; `pump.py` gets the calls, `asking.py` asks
the server.
"""

from headgate.soa.client.blocking import Batch, Session
from headgate.soa.client.connecting import aconnect, connect
from headgate.soa.client.messages import Answer, ServiceFault
from headgate.soa.client.sessions import AsyncBatch, AsyncSession

__all__ = ["Answer", "AsyncBatch", "AsyncSession", "Batch", "ServiceFault", "Session", "aconnect", "connect"]
