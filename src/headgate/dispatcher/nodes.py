"""Bringing the engine's nodes into the store.

Their state (online, offline) is ours and stays; what they have is the engine's.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from headgate.core.model import Node
from headgate.ports.engine import NodeSighting
from headgate.ports.store import Transaction


def take_nodes(tx: Transaction, engine: str, seen: Sequence[NodeSighting]) -> None:
    """Add new nodes (online), update the known ones, and mark those of this engine that are gone as
    unreachable.
    """
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
            groups=sighting.groups,
            reachable=sighting.reachable,
        )
        if after != before:
            tx.put_node(after)
    for name, node in known.items():
        if node.engine == engine and name not in present and node.reachable:
            tx.put_node(replace(node, reachable=False))
