"""Nodes and node groups: what a user can ask about them, and the operations on a node's state.

Changes of node groups are in `node_groups.py`, what is measured of nodes in `metrics.py`.
"""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from headgate.core.errors import NotFound, NotSupported
from headgate.core.model import Event, Job, Node, NodeGroup
from headgate.core.operations import OperationState, Severity
from headgate.core.states import JobState
from headgate.core.vocabulary import NodeState
from headgate.ports.engine import NodeKeeper
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.operations import conclude, note
from headgate.service.rights import require_node_rights

OWN_SCHEDULER = "own_scheduler"
"""The name under which the store keeps the engine, if it decides by itself where work runs and what its nodes
do; "" otherwise."""
_ON_NODES = (JobState.RUNNING, JobState.CANCELING, JobState.FINISHING)


class Nodes:
    """See the module. Names compare case-insensitively. keeper: the engine, if its nodes are its own and can
    be taken out of service.
    """

    def __init__(self, store: Store, keeper: NodeKeeper | None = None) -> None:
        self._store = store
        self._keeper = keeper

    def list(self, caller: Caller) -> Sequence[Node]:
        """All nodes, in the order in which they were added."""
        return self._store.peek(lambda reader: reader.nodes())

    def get(self, caller: Caller, name: str) -> Node:
        """One node. Raises NotFound."""
        return find_node(self._store.peek(lambda reader: reader.nodes()), name)

    def of_jobs(self, caller: Caller, job_ids: Collection[int]) -> frozenset[str]:
        """Folded names of the nodes that any of these jobs, if it is running, has been given."""
        jobs: Sequence[Job] = self._store.peek(lambda reader: reader.jobs(job_ids))
        return frozenset(name.casefold() for job in jobs if job.state in _ON_NODES for name in job.nodes)

    def groups(self, caller: Caller) -> Sequence[NodeGroup]:
        """The node groups, those with members first: a client that takes the first one has nodes."""
        groups, nodes = self._store.peek(_groups_and_nodes)
        taken = {name.casefold() for node in nodes for name in node.groups}
        return sorted(groups, key=lambda group: (group.name.casefold() not in taken, not group.managed))

    def members(self, caller: Caller, group: str) -> Sequence[str]:
        """Names of the nodes in a group. Raises NotFound for an unknown group."""
        groups, nodes = self._store.peek(_groups_and_nodes)
        return members_of(find_group(groups, group), nodes)

    async def set_state(self, caller: Caller, name: str, state: NodeState) -> None:
        """Bring a node online, or take it offline: what runs there ends first (Draining until then).

        Nothing is changed, nor noted, where it is so already. Where the engine says what its nodes do, it is
        asked to. Raises NotFound; NotSupported where it can't be; NotPermitted, EngineUnavailable.
        """
        require_node_rights(caller)
        of_scheduler, node = self._store.peek(
            lambda reader: (reader.meta(OWN_SCHEDULER), find_node(reader.nodes(), name))
        )
        if node.engine == of_scheduler:
            await self._ask_engine(caller, node, online=state is NodeState.ONLINE)
            return

        def change(tx: Transaction) -> None:
            node = find_node(tx.nodes(), name)
            if state is NodeState.ONLINE and node.state is not NodeState.ONLINE:
                _note(tx, caller, put_node_state(tx, node, NodeState.ONLINE))
            elif state is not NodeState.ONLINE and node.state is NodeState.ONLINE:
                _take_offline(tx, caller, node)

        await self._store.write(change)

    async def _ask_engine(self, caller: Caller, node: Node, *, online: bool) -> None:
        """Have the engine take its node out of service, or give it work again, and keep what it is then."""
        if self._keeper is None:
            raise NotSupported(
                f"What node {node.name} does is decided by the scheduler of the engine {node.engine}."
            )
        seen = await self._keeper.keep_node(node.name, online=online, reason=f"headgate: {caller.name}")

        def change(tx: Transaction) -> None:
            now = replace(find_node(tx.nodes(), node.name), reachable=seen.reachable, reason=seen.reason)
            state = seen.state or now.state
            if state is not now.state:
                now = put_node_state(tx, now, state)
            else:
                tx.put_node(now)
            if state is not node.state:
                _note(tx, caller, now)

        await self._store.write(change)

    def power(self, caller: Caller, name: str, verb: str) -> None:
        """Start, stop, shut down or restart a node's machine: no engine can yet. Raises NotSupported."""
        require_node_rights(caller)
        node = self.get(caller, name)
        raise NotSupported(f"The engine {node.engine} can't {verb} its nodes (asked for {node.name}).")


def _take_offline(tx: Transaction, caller: Caller, node: Node) -> None:
    busy = any(share.node == node.name for intent in tx.intents() for share in intent.shares)
    _note(tx, caller, put_node_state(tx, node, NodeState.DRAINING if busy else NodeState.OFFLINE))


def _note(tx: Transaction, caller: Caller, node: Node) -> None:
    """Tell in the log of operations what was asked for and how far it has come."""
    if node.state is NodeState.ONLINE:
        note(tx, caller.name, "Bring node online", f"Node {node.name} is online.", node=node.name)
    elif node.state is NodeState.OFFLINE:
        note(tx, caller.name, "Take node offline", f"Node {node.name} is offline.", node=node.name)
    else:
        waits = f"Node {node.name} takes no new work; what runs there ends first."
        state = OperationState.EXECUTING
        note(tx, caller.name, "Take node offline", waits, node=node.name, state=state)


def put_node_state(tx: Transaction, node: Node, state: NodeState) -> Node:
    """Keep a node's new state, end what was being done to it, and tell listeners (an event of job 0 is about
    the node with the instance's number).
    """
    changes: dict[str, int] = {}
    if state is NodeState.ONLINE:
        changes = {"online_at": tx.now}
        why = f"Node {node.name} was brought online again before it was offline."
        conclude(tx, node.name, OperationState.REVERTED, why, Severity.WARNING)
    elif state is NodeState.OFFLINE:
        changes = {"offline_at": tx.now}
        conclude(tx, node.name, OperationState.COMMITTED, f"Node {node.name} is offline.")
    kept = tx.put_node(replace(node, state=state, **changes))
    tx.append(Event(job_id=0, task=0, instance=kept.id, path=(int(node.state), int(state))))
    return kept


def _groups_and_nodes(reader: Reader) -> tuple[Sequence[NodeGroup], Sequence[Node]]:
    return reader.node_groups(), reader.nodes()


def find_group(groups: Sequence[NodeGroup], name: str) -> NodeGroup:
    """The node group of this name. Raises NotFound."""
    wanted = name.casefold()
    for group in groups:
        if group.name.casefold() == wanted:
            return group
    raise NotFound(
        f"There is no node group {name!r}.",
        kind="group",
        code="Operation_UnknownNodeGroup",
        parameters=(name,),
    )


def members_of(group: NodeGroup, nodes: Sequence[Node]) -> list[str]:
    """Names of the nodes in a group."""
    wanted = group.name.casefold()
    return [node.name for node in nodes if wanted in {mine.casefold() for mine in node.groups}]


def find_node(nodes: Sequence[Node], name: str) -> Node:
    """The node of this name. Raises NotFound."""
    wanted = name.casefold()
    for node in nodes:
        if node.name.casefold() == wanted:
            return node
    raise NotFound(f"There is no node {name!r}.", kind="node", code="Operation_InvalidNodeId")
