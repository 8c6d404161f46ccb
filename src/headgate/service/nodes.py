"""Nodes and node groups: what a user can ask about them, and the operations on a node's state."""

from collections.abc import Sequence

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.model import Event, Node, NodeGroup
from headgate.core.vocabulary import NodeState
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.rights import require_node_rights


class Nodes:
    """See the module. Names compare case-insensitively."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, caller: Caller) -> Sequence[Node]:
        """All nodes, in the order in which they were added."""
        return self._store.peek(lambda reader: reader.nodes())

    def get(self, caller: Caller, name: str) -> Node:
        """One node. Raises NotFound."""
        return find_node(self._store.peek(lambda reader: reader.nodes()), name)

    def groups(self, caller: Caller) -> Sequence[NodeGroup]:
        """The node groups; the first one has members."""
        return self._store.peek(lambda reader: reader.node_groups())

    def members(self, caller: Caller, group: str) -> Sequence[str]:
        """Names of the nodes in a group. Raises NotFound for an unknown group."""

        def look(reader: Reader) -> tuple[Sequence[NodeGroup], Sequence[Node]]:
            return reader.node_groups(), reader.nodes()

        groups, nodes = self._store.peek(look)
        wanted = group.casefold()
        if wanted not in {known.name.casefold() for known in groups}:
            raise NotFound(
                f"There is no node group {group!r}.",
                kind="group",
                code="Operation_UnknownNodeGroup",
                parameters=(group,),
            )
        return [node.name for node in nodes if wanted in {mine.casefold() for mine in node.groups}]

    async def set_state(self, caller: Caller, name: str, state: NodeState) -> None:
        """Bring a node online, or take it offline: what runs there ends first (Draining until then)."""
        require_node_rights(caller)

        def change(tx: Transaction) -> None:
            node = find_node(tx.nodes(), name)
            if state is NodeState.ONLINE:
                put_node_state(tx, node, NodeState.ONLINE)
            elif node.state is NodeState.ONLINE:
                busy = any(share.node == node.name for intent in tx.intents() for share in intent.shares)
                after = NodeState.DRAINING if busy else NodeState.OFFLINE
                put_node_state(tx, node, after)

        await self._store.write(change)


def put_node_state(tx: Transaction, node: Node, state: NodeState) -> Node:
    """Keep a node's new state, and tell listeners (an event of job 0 is about the node with the instance's
    number).
    """
    changes: dict[str, int] = {}
    if state is NodeState.ONLINE:
        changes = {"online_at": tx.now}
    elif state is NodeState.OFFLINE:
        changes = {"offline_at": tx.now}
    kept = tx.put_node(replace(node, state=state, **changes))
    tx.append(Event(job_id=0, task=0, instance=kept.id, path=(int(node.state), int(state))))
    return kept


def find_node(nodes: Sequence[Node], name: str) -> Node:
    """The node of this name. Raises NotFound."""
    wanted = name.casefold()
    for node in nodes:
        if node.name.casefold() == wanted:
            return node
    raise NotFound(f"There is no node {name!r}.", kind="node", code="Operation_InvalidNodeId")
