"""The log of operations: how it is written, within the change it tells of, and what a user can ask about it.

Spec hpcpack-2016, section 6. Who changes a node or a group notes it here; a node that is taken offline while
something runs there has an operation that is Executing until the dispatcher finds the node free.
"""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.operations import Operation, OperationEntry, OperationState, Severity
from headgate.ports.identity import Caller
from headgate.ports.store import OperationQuery, Store, Transaction

LIMIT = 1_000
"""Operations of one answer when it is not said how many."""
MOST = 10_000


class Operations:
    """See the module. Every user may read it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self,
        caller: Caller,
        *,
        after: int | None,
        before: int | None,
        nodes: Collection[str] | None,
        limit: int = LIMIT,
    ) -> Sequence[Operation]:
        """The latest first; at most `MOST`. `after`, `before`: exclusive, UTC microseconds."""
        query = OperationQuery(after=after, before=before, nodes=_folded(nodes), descending=True)
        return await self._store.read(lambda reader: reader.operations(query, limit=min(limit, MOST)))

    async def first(
        self, caller: Caller, *, after: int | None, before: int | None, nodes: Collection[str] | None
    ) -> Operation:
        """The earliest. Raises NotFound where there is none."""
        query = OperationQuery(after=after, before=before, nodes=_folded(nodes))
        found = await self._store.read(lambda reader: reader.operations(query, limit=1))
        if not found:
            raise NotFound("There is no operation like that.", kind="operation")
        return found[0]

    def get(self, caller: Caller, operation_id: str) -> Operation:
        """One operation. Raises NotFound."""
        return self._store.peek(lambda reader: reader.operation(operation_id))


def _folded(nodes: Collection[str] | None) -> frozenset[str] | None:
    return None if nodes is None else frozenset(name.casefold() for name in nodes)


# ---- within a change


def note(
    tx: Transaction,
    operator: str,
    name: str,
    message: str,
    *,
    node: str = "",
    state: OperationState = OperationState.COMMITTED,
) -> None:
    """Something is done, or (EXECUTING) has begun."""
    entry = OperationEntry(message, tx.now)
    tx.add_operation(Operation(name=name, state=state, operator=operator, node=node, entries=(entry,)))


def conclude(
    tx: Transaction,
    node: str,
    state: OperationState,
    message: str,
    severity: Severity = Severity.INFORMATION,
) -> None:
    """What was being done to a node has ended."""
    for operation in tx.executing(node):
        entry = OperationEntry(message, tx.now, severity)
        tx.put_operation(replace(operation, state=state, entries=(*operation.entries, entry)))
