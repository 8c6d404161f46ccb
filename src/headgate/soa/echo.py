"""The echo service that is always there (spec windowshpc, section 7.8)."""

import socket

from headgate.soa.declaring import operation, service


@service
class CcpEchoSvc:
    """Says which machine it runs on, and what it was told."""

    def __init__(self) -> None:
        self._machine = socket.gethostname()

    @operation
    def Echo(self, input: str = "") -> str:
        return f"{self._machine}:{input}"

    @operation(generic=True)
    def generic(self, text: str) -> str:
        return f"{self._machine} (GenericService): {text}"
