"""Where the hosts of services connect to the broker, `/soa/host` (docs/reference/soa.md): a WebSocket, opened
with the ticket of the run. For programs of Headgate's own; clients of sessions use `/WindowsHPC`.
"""

from headgate.dialects.soa.face import Context, build, refusal_body

__all__ = ["Context", "build", "refusal_body"]
