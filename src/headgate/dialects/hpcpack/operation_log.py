"""The log of operations as 2019 shows it (spec hpcpack-2016, section 6)."""

from headgate.dialects.hpcpack import parameters, typed
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.rendering import operation_log
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.exchange import Call, found, found_beside
from headgate.formats.hpcpack.lists import AT_ONCE
from headgate.formats.serving import Answer
from headgate.service.operations import LIMIT


class OperationLogCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._operations = context.operations

    async def list(self, call: Call) -> Answer:
        """List what was done to nodes and node groups, the latest first."""
        detail = queries.truth(call.query, "withDetail", False)
        listed = await self._operations.list(
            call.caller,
            after=parameters.time(call.query, "fromTime"),
            before=parameters.time(call.query, "toTime"),
            nodes=parameters.listed(call.query, "nodeNames"),
            limit=parameters.limit(call.query, LIMIT),
        )
        spelled = call.spelling.typed_list

        def body() -> bytes:
            logs = [operation_log(operation, detail=detail) for operation in listed]
            return spelled(logs, typed.OperationLog)

        return await found_beside(body) if len(listed) > AT_ONCE else found(body())

    async def first(self, call: Call) -> Answer:
        """Read the earliest operation of a time, with its entries."""
        operation = await self._operations.first(
            call.caller,
            after=parameters.time(call.query, "fromTime"),
            before=parameters.time(call.query, "toTime"),
            nodes=parameters.listed(call.query, "nodeNames"),
        )
        return found(call.spelling.typed(operation_log(operation, detail=True)))

    async def get(self, call: Call) -> Answer:
        """Read an operation, with its entries."""
        operation = self._operations.get(call.caller, call.values[0])
        return found(call.spelling.typed(operation_log(operation, detail=True)))
