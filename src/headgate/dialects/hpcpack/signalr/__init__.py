"""`/hpc/signalr`: the events of spec hpcpack-2016, section 5, in the protocol of ASP.NET SignalR 2.

Read `messages.py` and `tokens.py` first (what travels; pure), then `connection.py` (what is to be told to one
client), `connections.py` (all of them, and clients that come back), `hubs.py` (what a client can call),
`outputs.py` (following commands), `transports.py` (how it gets there) and `endpoint.py` (every request).

Nothing about a connection has to outlive the server: the client keeps what it listens to (the groups token,
signed) and how far it has been told (the message id), and gives both when it comes back. What it missed is
read from the stored events.
"""

from headgate.dialects.hpcpack.signalr.endpoint import Endpoint

__all__ = ["Endpoint"]
