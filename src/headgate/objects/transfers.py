"""AccountTransfers: `ports.transfers.Transfers`, by a process with the account's rights for each sync."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec

from headgate.core.errors import Unavailable
from headgate.objects.messages import PROGRAM, Connection, Said, Told
from headgate.objects.settings import ObjectStorageSettings
from headgate.ports.account_processes import AccountProcesses, Errand
from headgate.ports.transfers import Done, Order, Report

SILENCE_S: Final = 120.0
"""A process that works says something every second; one that was stopped by its user does not."""


class AccountTransfers:
    """See the module."""

    def __init__(self, processes: AccountProcesses, settings: ObjectStorageSettings) -> None:
        self._processes = processes
        self._connection = Connection(
            endpoint=settings.endpoint,
            bucket=settings.bucket,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            region=settings.region,
            path_style=settings.path_style,
            ca_file=settings.ca_file,
            parallel=settings.parallel,
        )

    async def carry_out(self, order: Order) -> AsyncGenerator[Report, None]:
        """See ports.transfers."""
        told = Told(
            connection=self._connection,
            root=order.root,
            path=order.path,
            prefix=order.prefix + (f"{order.path}/" if order.path else ""),
            direction=order.direction,
            delete=order.delete,
        )
        errand = Errand(
            account=order.account,
            program=PROGRAM,
            told=msgspec.msgpack.encode(told),
            silence_s=SILENCE_S,
        )
        ended = False
        async with aclosing(self._processes.run(errand)) as messages:
            async for message in messages:
                for report in _reports(message):
                    ended = ended or isinstance(report, Done)
                    yield report
        if not ended:
            raise Unavailable("the process did not say how the sync ended")


def _reports(message: bytes) -> list[Report]:
    try:
        said = msgspec.msgpack.decode(message, type=Said)
    except msgspec.DecodeError:
        raise Unavailable("the process said something that can't be understood") from None
    found = (said.progress, said.complaint, said.done)
    return [report for report in found if report is not None]
