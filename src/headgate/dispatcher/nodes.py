"""Bringing the engine's nodes into the store, and the groups they are in.

Their state (online, offline) is ours and stays, unless the engine says one; so does their membership in
groups that users made. What they have is the engine's, and so are the groups it names: those are managed.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from headgate.core.model import Node, NodeGroup
from headgate.ports.engine import NodeSighting
from headgate.ports.store import Transaction
from headgate.service.nodes import put_node_state

NODE_GROUPS = {
    "ComputeNodes": "Nodes that run jobs",
    "HeadNodes": "The node this server runs on",
    "LinuxNodes": "Nodes that run Linux",
}
"""Groups that are always there."""
_ALWAYS = frozenset(name.casefold() for name in NODE_GROUPS)
NAMED_BY_THE_ENGINE = "Nodes that the settings of the engine put here"


def take_groups(tx: Transaction, seen: Sequence[NodeSighting]) -> None:
    """Make the groups that are always there, and managed ones of those the engine names."""
    named = {name.casefold(): name for sighting in seen for name in sighting.groups}
    known = {group.name.casefold(): group for group in tx.node_groups()}
    for name, text in NODE_GROUPS.items():
        if name.casefold() not in known:
            tx.put_node_group(NodeGroup(name, text, managed=True))
    for folded, name in named.items():
        if folded not in _ALWAYS and (folded not in known or not known[folded].managed):
            tx.put_node_group(NodeGroup(name, NAMED_BY_THE_ENGINE, managed=True))


def take_nodes(tx: Transaction, engine: str, seen: Sequence[NodeSighting]) -> None:
    """Add new nodes (online), update the known ones, and mark those of this engine that are gone as
    unreachable.
    """
    users = {group.name.casefold() for group in tx.node_groups() if not group.managed}
    known = {node.name.casefold(): node for node in tx.nodes()}
    present = set()
    for sighting in seen:
        present.add(sighting.name.casefold())
        before = known.get(sighting.name.casefold())
        node = before if before is not None else Node(name=sighting.name, online_at=tx.now)
        after = replace(
            node,
            engine=engine,
            cores=sighting.cores,
            sockets=sighting.sockets,
            gpus=sighting.gpus,
            memory_mb=sighting.memory_mb,
            cpu_mhz=sighting.cpu_mhz,
            groups=(*sighting.groups, *(name for name in node.groups if name.casefold() in users)),
            reachable=sighting.reachable,
            reason=sighting.reason,
        )
        if after != before:
            after = tx.put_node(after)
        if sighting.state is not None and sighting.state is not after.state:
            put_node_state(tx, after, sighting.state)
    for name, node in known.items():
        if node.engine == engine and name not in present and node.reachable:
            tx.put_node(replace(node, reachable=False))


def drop_empty_groups(tx: Transaction) -> None:
    """Forget managed groups that the engine named once and no node is in any more."""
    taken = _ALWAYS | {name.casefold() for node in tx.nodes() for name in node.groups}
    for group in tx.node_groups():
        if group.managed and group.name.casefold() not in taken:
            tx.drop_node_group(group.name)
