"""Bringing the queues of an engine that has a scheduler of its own into the store.

A queue is made where none has its name. Of a queue that is there, whoever made it, four things follow the
engine: whether it is enabled and started, the longest run time, and the usual one. Each follows only while
nobody has set it otherwise: what was set here is remembered, and whatever is not that any more is an
administrator's and stays. So is a queue that was removed: it is not made again while the engine has it.
"""

from collections.abc import Sequence

import structlog
from msgspec import Struct, json
from msgspec.structs import replace

from headgate.core.errors import BadRequest
from headgate.core.model import Queue
from headgate.core.queues import check_queue
from headgate.ports.engine import QueueSighting
from headgate.ports.store import Transaction
from headgate.service.queues import MOST_QUEUES, UNCHOSEN_DEFAULT, put_queue

log = structlog.get_logger("headgate.dispatcher")

ENGINE_QUEUES = "engine_queues"
"""The name under which the store keeps what was set last, by folded names of queues."""


class Followed(Struct, frozen=True, omit_defaults=True):
    """What of a queue follows the engine. Times in seconds; None: no limit, no default."""

    enabled: bool = True
    started: bool = True
    most_s: int | None = None
    usual_s: int | None = None


_MEMORY = json.Decoder(dict[str, Followed])


def take_queues(tx: Transaction, engine: str, seen: Sequence[QueueSighting]) -> None:
    """Keep the queues as the engine has them now."""
    memory = _MEMORY.decode(tx.meta(ENGINE_QUEUES) or "{}")
    present = {sighting.name.casefold(): sighting for sighting in seen}
    for folded, sighting in present.items():
        if folded not in memory and folded not in _by_name(tx):
            _make(tx, engine, sighting.name)
    _choose_default(tx, seen)
    kept: dict[str, Followed] = {}
    queues = _by_name(tx)
    for folded in {**memory, **present}:
        queue = queues.get(folded)
        now = present.get(folded)
        before = memory.get(folded, Followed())
        if queue is not None:
            kept[folded] = _follow(tx, queue, before, _wanted(queue, before, now))
        elif now is not None and folded in memory:
            kept[folded] = before
    if kept != memory:
        tx.put_meta(ENGINE_QUEUES, json.encode(kept).decode())


def _by_name(tx: Transaction) -> dict[str, Queue]:
    return {queue.name.casefold(): queue for queue in tx.queues()}


def _make(tx: Transaction, engine: str, name: str) -> None:
    """A new queue, if there can be one of this name."""
    queue = Queue(name=name, description=f"A queue of the engine {engine}")
    try:
        check_queue(queue)
    except BadRequest as error:
        log.info("not_a_queue", name=name, reason=error.text)
        return
    if len(tx.queues()) >= MOST_QUEUES:
        log.warning("too_many_queues", name=name, most=MOST_QUEUES)
        return
    put_queue(tx, queue, tx.queues())
    log.info("queue_made", queue=name, engine=engine)


def _choose_default(tx: Transaction, seen: Sequence[QueueSighting]) -> None:
    """The engine's default queue is ours as long as nobody chose another one."""
    queues = tx.queues()
    now = next((queue.name for queue in queues if queue.default), "")
    wanted = next((one.name.casefold() for one in seen if one.default), "")
    found = _by_name(tx).get(wanted)
    if found is None or found.default or (now and now != tx.meta(UNCHOSEN_DEFAULT)):
        return
    # The default can't be closed; what the engine wants of it is set afterwards.
    put_queue(tx, replace(found, default=True, enabled=True), queues)
    tx.put_meta(UNCHOSEN_DEFAULT, found.name)


def _wanted(queue: Queue, before: Followed, now: QueueSighting | None) -> Followed:
    """What the engine says, as far as a queue can be so; a queue that it has no longer is closed."""
    if now is None:
        return replace(before, enabled=queue.default, started=False)
    if queue.default and not now.enabled:  # it can't be closed: jobs wait in it
        return Followed(True, False, now.most_s, now.usual_s)
    return Followed(now.enabled, now.started, now.most_s, now.usual_s)


def _follow(tx: Transaction, queue: Queue, before: Followed, wanted: Followed) -> Followed:
    """Set what nobody else has set; what is to be remembered."""
    is_now = Followed(queue.enabled, queue.started, queue.maxima.runtime_s, queue.defaults.runtime_s)
    ours = {
        name: getattr(wanted, name)
        for name in Followed.__struct_fields__
        if getattr(is_now, name) == getattr(before, name)
    }
    after = replace(is_now, **ours)
    changed = replace(
        queue,
        enabled=after.enabled,
        started=after.started,
        maxima=replace(queue.maxima, runtime_s=after.most_s),
        defaults=replace(queue.defaults, runtime_s=after.usual_s),
    )
    if changed == queue:
        return wanted
    try:
        check_queue(changed)
    except BadRequest as error:
        log.warning("queue_not_followed", queue=queue.name, reason=error.text)
        return before
    tx.put_queue(changed)
    log.info("queue_follows", queue=queue.name, **ours)
    return wanted
