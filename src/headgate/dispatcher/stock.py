"""Taking stock: what an earlier life of the server has left. `recovery.py` judges what has become of it."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.states import JobState
from headgate.dispatcher.board import Board
from headgate.dispatcher.cycle import deadline_of
from headgate.dispatcher.nodes import drop_empty_groups, take_groups, take_nodes
from headgate.dispatcher.queues import take_queues
from headgate.dispatcher.recovery import Open, lanes_of, open_instances
from headgate.ports.engine import NodeSighting, QueueSighting
from headgate.ports.store import Reader, Transaction
from headgate.service.nodes import OWN_SCHEDULER

_TOGETHER = 500
_AT_WORK = (JobState.RUNNING, JobState.CANCELING, JobState.FINISHING)


class Stock(Struct, frozen=True):
    """What the store holds of an earlier life.

    winding: jobs that may have something to be stopped. deadlines: when (microseconds) the run time of jobs
    is over.
    """

    board: Board
    open: list[Open]
    winding: set[int]
    deadlines: dict[int, int]


def begin(
    tx: Transaction,
    engine: str,
    seen_nodes: Sequence[NodeSighting],
    seen_queues: Sequence[QueueSighting] | None = None,
) -> int:
    """Bring in what the engine has, and take a new epoch. seen_queues: None where it does not place work."""
    bring_in(tx, engine, seen_nodes, seen_queues)
    tx.put_meta(OWN_SCHEDULER, engine if seen_queues is not None else "")
    return tx.next_epoch()


def is_known(reader: Reader, engine: str) -> bool:
    """Whether an earlier life of the server was in front of this engine, so that its nodes are known."""
    return reader.meta(OWN_SCHEDULER) == engine and any(node.engine == engine for node in reader.nodes())


def bring_in(
    tx: Transaction,
    engine: str,
    seen_nodes: Sequence[NodeSighting],
    seen_queues: Sequence[QueueSighting] | None,
) -> None:
    """Keep the engine's nodes, their groups, and its queues as they are now."""
    take_groups(tx, seen_nodes)
    take_nodes(tx, engine, seen_nodes)
    drop_empty_groups(tx)
    if seen_queues is not None:
        take_queues(tx, engine, seen_queues)


def take_stock(reader: Reader, engine: str, at: float) -> Stock:
    """Look through the store."""
    opened = [open_instances(reader, intent) for intent in reader.intents() if intent.engine == engine]
    opened = [
        Open(replace(one.intent, left=len(one.instances)), one.instances) for one in opened if one.instances
    ]
    nodes = reader.nodes()
    board = Board()
    board.restore([one.intent for one in opened], lanes_of(reader, opened, nodes), at)
    board.set_nodes(nodes)
    winding: set[int] = set()
    deadlines: dict[int, int] = {}
    after = 0
    while batch := reader.jobs_in(_AT_WORK, after=after, limit=_TOGETHER):
        for job in batch:
            if job.foreign is not None:
                continue
            winding.add(job.id)
            if (deadline := deadline_of(job)) is not None:
                deadlines[job.id] = deadline
        after = batch[-1].id
    return Stock(board, opened, winding, deadlines)
