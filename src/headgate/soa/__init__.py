"""What authors of services import: a service is a class with typed methods.

    from headgate.soa import operation, service

    @service
    class Pricer:
        @operation
        def Price(self, spot: float, strikes: list[float]) -> list[float]: ...

How it is registered is in docs/reference/soa-services.md. `host.py` is the program that a host runs: it
speaks to the broker, and starts `child.py` for a class of Python (or any other program) and speaks to that.
"""

from headgate.soa.declaring import Fault, operation, service

__all__ = ["Fault", "operation", "service"]
