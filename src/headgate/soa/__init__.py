"""What authors of services and of their clients import.

A service is a class with typed methods:

    from headgate.soa import operation, service

    @service
    class Pricer:
        @operation
        def Price(self, spot: float, strikes: list[float]) -> list[float]: ...

How it is registered is in docs/reference/soa-services.md. `host.py` is the program that a host runs: it
speaks to the broker, and starts `child.py` for a class of Python (or any other program) and speaks to that.
A program that uses services begins with `connect` or `aconnect`; `client/` is behind them.
"""

from typing import TYPE_CHECKING, Any

from headgate.soa.declaring import Fault, operation, service

if TYPE_CHECKING:
    from headgate.soa.client import aconnect, connect

__all__ = ["Fault", "aconnect", "connect", "operation", "service"]


def __getattr__(name: str) -> Any:
    """Clients need httpx and rich, services don't: they are loaded when they are asked for."""
    if name in ("aconnect", "connect"):
        from headgate.soa import client  # noqa: PLC0415  see above

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
