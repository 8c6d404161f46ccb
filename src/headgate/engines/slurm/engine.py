"""SlurmEngine: the `Engine` port, spoken to a Slurm cluster.

`submit` takes work into memory and answers at once; `Sender` gives it to Slurm, `Watcher` sees what becomes
of it, `Ledger` holds both together. What must outlive the server is in the journal, before it matters.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import structlog
from msgspec.structs import replace

from headgate.core.errors import EngineUnavailable
from headgate.core.launch import OsAccount
from headgate.core.model import Node
from headgate.core.vocabulary import NodeState
from headgate.engines.account import own_account
from headgate.engines.command.kept import held
from headgate.engines.slurm import components, ordering, queues
from headgate.engines.slurm.chunks import CannotOrder, Memory
from headgate.engines.slurm.cluster import Cluster, in_service, script_limit, sighting
from headgate.engines.slurm.commands import sbatch
from headgate.engines.slurm.commands.scancel import Target
from headgate.engines.slurm.commands.scontrol import Configuration, Partition
from headgate.engines.slurm.doubts import Doubts
from headgate.engines.slurm.foreign import foreign
from headgate.engines.slurm.journal import Journal, Over, Story
from headgate.engines.slurm.machine import boot_id, end_orphans, now
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.parts import Ledger, Part, Stop
from headgate.engines.slurm.rights import AccountRefused, runner_for
from headgate.engines.slurm.script import LIMITS, Site, record_name, script
from headgate.engines.slurm.sender import Outgoing, Sender
from headgate.engines.slurm.sockets import of_node
from headgate.engines.slurm.spool import Spool
from headgate.engines.slurm.verdict import row_of
from headgate.engines.slurm.watcher import Watcher
from headgate.ports.engine import (
    Ability,
    Accepted,
    Capacity,
    ForeignJob,
    ForeignSightings,
    Found,
    Item,
    Key,
    NodeSighting,
    QueueSighting,
    Refused,
    Sightings,
    Submission,
    Uncertain,
)

log = structlog.get_logger("headgate.engines.slurm")

OBSERVE_S = 1.0
_NOTHING: Mapping[int, str] = {}
SCRIPT_ROOM = 64 * 1024
"""Of what Slurm takes as a script so much is left free."""


class SlurmEngine:
    """Tasks on a Slurm cluster. `directory` belongs to the engine alone."""

    name = "slurm"
    abilities = frozenset({Ability.OWN_SCHEDULER, Ability.RECALL, Ability.NODE_SERVICE, Ability.LICENCES})

    def __init__(self, directory: Path, options: Options) -> None:
        self._directory = directory.absolute()
        self._options = options
        if options.foreign:
            self.abilities = SlurmEngine.abilities | {Ability.FOREIGN}
        self._cluster = Cluster(options)
        self._config: Configuration | None = None
        self._spool = Spool(Path(options.spool)) if options.spool else None
        self._journal = Journal(self._directory / "slurm.journal")
        self._ledger = Ledger(time.time_ns() // 1000)
        self._sending = self._directory / "sending"
        self._doubts = Doubts(time.monotonic, options.settle_s, self._is_sent)
        self._own = own_account()
        self._known = ordering.Known()
        self._partitions: Sequence[Partition] = ()
        self._site = Site(spool="", scratch="", capture_limit=0, secret=b"")
        self._sender: Sender | None = None
        self._watcher: Watcher | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._reasons = (_NOTHING, _NOTHING, _NOTHING)

    @property
    def capacity(self) -> Capacity:
        """See Forwarder."""
        largest = self._configuration().largest_array
        return Capacity(self._options.outstanding, max(1, largest - 1))

    @property
    def queues(self) -> Sequence[QueueSighting]:
        """See Forwarder."""
        return queues.queues(
            self._partitions,
            self._options.partitions,
            self._options.default_partition,
            privileged=os.geteuid() == 0,
        )

    @property
    def reasons(self) -> Mapping[int, str]:
        """See Forwarder."""
        if self._sender is None or self._watcher is None:
            return _NOTHING
        here, there = self._sender.reasons, self._watcher.reasons
        if not here:
            return there
        # The same object while nothing has changed: whoever asks works it out anew only then.
        if self._reasons[:2] != (here, there):
            self._reasons = (here, there, {**here, **there})
        return self._reasons[2]

    def _configuration(self) -> Configuration:
        if self._config is None:
            raise EngineUnavailable("The engine is not open.")
        return self._config

    # ---- beginning and end

    async def open(self) -> None:
        """See Engine."""
        config = await self._cluster.config()
        by_sudo = self._options.sudo and self._own.uid != 0
        if by_sudo and (why := await self._cluster.hidden_from(self._own, config)):
            raise EngineUnavailable(why)
        self._config = config
        await self.nodes()
        if self._tasks and not any(task.done() for task in self._tasks):
            return
        await self.close()
        self._ledger = Ledger(time.time_ns() // 1000)
        self._doubts = Doubts(time.monotonic, self._options.settle_s, self._is_sent)
        if self._spool is not None:
            self._spool.prepare()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sending.mkdir(mode=0o700, exist_ok=True)
        stories = self._journal.open(secrets.token_hex(16))
        self._site = Site(
            spool=self._options.spool,
            scratch=self._options.scratch,
            capture_limit=self._options.capture_limit,
            secret=self._journal.secret,
        )
        self._sender = Sender(
            self._cluster,
            self._ledger,
            self._journal,
            self._doubts,
            self._site,
            sending=self._sending,
            parallel=self._options.parallel,
            script_limit=script_limit(config),
            boot=boot_id(),
            now=now,
            sent=self._kick,
        )
        self._watcher = Watcher(
            self._cluster,
            self._ledger,
            self._doubts,
            self._sender,
            self._options,
            spool=self._spool,
            secret=self._journal.secret,
            memory_s=config.finished_kept_s or float("inf"),
            accounting=config.accounting,
            now=now,
        )
        await asyncio.to_thread(end_orphans, {name for name, one in stories.items() if not one.job})
        for path in self._sending.iterdir():
            with contextlib.suppress(OSError):  # it stays, and is only small
                held(path)
        for story in stories.values():
            self._resume(story)
        self._tasks = [
            asyncio.create_task(self._sender.run(), name="slurm-sender"),
            asyncio.create_task(self._watcher.run(), name="slurm-watcher"),
        ]
        for task in self._tasks:
            task.add_done_callback(_tell_of_end)
        self._kick()

    def _resume(self, story: Story) -> None:
        """Take up what an earlier life has left."""
        tried = story.tried
        part = Part(
            name=tried.part,
            tag=tried.tag,
            intent=tried.intent,
            instances=tried.instances,
            uid=tried.uid,
            account=tried.account,
            job=story.job,
        )
        part.over |= story.over
        part.ended |= story.over
        self._ledger.add(part)
        if not part.job:
            # By the clock since boot, which nobody sets: of another run of the machine nothing is known.
            ago = time.clock_gettime(time.CLOCK_BOOTTIME) - tried.at
            known = tried.boot == boot_id() and ago >= 0
            self._doubts.add(part, "the server was killed", time.monotonic() - ago if known else None)

    async def close(self) -> None:
        """See Engine."""
        tasks, self._tasks = self._tasks, []
        if self._watcher is not None:
            await self._watcher.endings.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._cluster.close()
        self._journal.close()

    def _is_sent(self, part: Part) -> bool:
        """Whether an sbatch that only its owner could kill has the part still."""
        try:
            return bool(part.account) and held(self._sending / part.name)
        except OSError as error:  # could not look: it may be
            log.warning("sending_unreadable", part=part.name, reason=str(error))
            return True

    def _kick(self) -> None:
        if self._watcher is not None:
            self._watcher.kick()

    def _working(self) -> tuple[Sender, Watcher]:
        if self._sender is None or self._watcher is None or not self._tasks:
            raise EngineUnavailable("The engine is not open.")
        if any(task.done() for task in self._tasks):
            raise EngineUnavailable("The engine has stopped working; see the log.")
        return self._sender, self._watcher

    # ---- submitting

    async def submit(self, submissions: Sequence[Submission]) -> Sequence[Accepted | Refused | Uncertain]:
        """See Engine. It is given to Slurm behind the answer."""
        try:
            sender, _ = self._working()
        except EngineUnavailable as error:
            return [Uncertain(error.text)] * len(submissions)
        answers: list[Accepted | Refused | Uncertain] = []
        for one in submissions:
            try:
                for outgoing in self._outgoing(one):
                    self._ledger.add(outgoing.part)
                    sender.take(outgoing)
                answers.append(Accepted())
            except (CannotOrder, AccountRefused) as error:
                answers.append(Refused(str(error)))
            await asyncio.sleep(0)
        return answers

    def _outgoing(self, submission: Submission) -> list[Outgoing]:
        """The parts of a submission. Raises CannotOrder, AccountRefused."""
        order = submission.order
        if order is None:
            raise CannotOrder("The submission does not say what it needs.")
        mine = self._ledger.of_intent(submission.intent, submission.tag)
        have = {instance for part in mine for instance in part.instances}
        items = [item for item in submission.items if item.instance not in have]
        if not items:
            return []
        _check(items)
        runner = runner_for(
            items[0].launch.account, self._own, min_uid=self._options.min_uid, sudo=self._options.sudo
        )
        fields = ordering.options(order, self._known, self._options)
        made = []
        beside: Sequence[sbatch.Component] = fields.pop("beside", ())
        # Slurm has no arrays of heterogeneous jobs.
        parts = [[item] for item in items] if beside else self._parts(submission.tag, items, runner.account)
        for some in parts:
            name = f"{submission.tag}.{some[0].instance}-{some[-1].instance}"
            name += components.FIRST if beside else ""
            part = Part(
                name=name,
                tag=submission.tag,
                intent=submission.intent,
                instances=tuple(item.instance for item in some),
                uid=runner.account.uid,
                account=runner.account.name if runner.sudo else "",
            )
            request = sbatch.Request(
                script=b"",
                comment=name,
                export="ALL",  # of an environment that is built from nothing (decision 0030)
                uid=runner.account.uid if runner.as_root else None,
                gid=runner.account.gid if runner.as_root else None,
                beside=tuple(
                    replace(one, comment=components.comment(name, number))
                    for number, one in enumerate(beside, 1)
                ),
                **fields,
            )
            made.append(Outgoing(part, tuple(some), runner, request, order.at_once))
        return made

    def _parts(self, tag: str, items: list[Item], account: OsAccount) -> list[list[Item]]:
        """So many items in each that its script is one that Slurm takes, as far as that is possible."""
        if len(items) == 1:
            return [items]
        most = script_limit(self._configuration()) - SCRIPT_ROOM
        # The first and the last tell enough: all lines of an item are of about the same length.
        sample = [items[0], items[-1]]
        size = len(script(tag, sample, account, self._site))
        alone = len(script(tag, sample[:1], account, self._site))
        together = min(self.capacity.together, max(1, (most - size) // max(1, size - alone)))
        return [items[first : first + together] for first in range(0, len(items), together)]

    async def find(self, tags: Mapping[int, str]) -> Mapping[int, Found]:
        """See Engine. What an earlier life has left in doubt has to be settled first."""
        self._working()
        if self._journal.fresh and tags:
            await asyncio.to_thread(self._journal.set_floor, max(tags), {})
        found: dict[int, Found] = {}
        in_doubt = 0
        for intent, tag in tags.items():
            parts = self._ledger.of_intent(intent, tag)
            in_doubt += sum(self._doubts.about(part.name) for part in parts)
            taken = frozenset(one for part in parts for one in part.instances if one not in part.over)
            if intent <= self._journal.floor and not parts:
                found[intent] = Found(taken, certain=False, lost="the engine's journal was lost")
            else:
                found[intent] = Found(taken, certain=True)
        if in_doubt:
            raise EngineUnavailable(f"{in_doubt} submissions of an earlier life are being looked for.")
        return found

    # ---- observing

    async def observe(self, since: int) -> Sightings:
        """See Engine."""
        self._working()
        over = self._ledger.acknowledge(since)
        if over:
            self._forget(over)
        seen = self._ledger.following(since)
        if not seen.seen:
            self._ledger.news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OBSERVE_S):
                    await self._ledger.news.wait()
            seen = self._ledger.following(since)
        return seen

    def _forget(self, over: Mapping[str, Sequence[int]]) -> None:
        """Their end is on disk elsewhere."""
        lines = [Over(name, tuple(instances)) for name, instances in over.items()]
        self._journal.note(*lines, sync=False)
        for name, instances in over.items():
            part = self._ledger.parts[name]
            if self._spool is not None:
                for instance in instances:
                    self._spool.remove(record_name(part.tag, instance, self._site.secret))
            if len(part.over) == len(part.instances):
                self._ledger.drop(part)

    # ---- jobs of others

    async def foreign(self, since: int, ours: str) -> ForeignSightings | None:
        """See Onlooker."""
        watcher = self._watcher
        if watcher is None or watcher.looked <= since:
            return None
        look, rows, cluster = watcher.looked, watcher.rows, self._configuration().cluster
        # A comment can be changed: what we have in hand stays ours.
        mine = {job for part in self._ledger.parts.values() for job in (part.job, *part.beside)}
        # Some 20,000 rows: others go on meanwhile.
        return ForeignSightings(look, *await asyncio.to_thread(foreign, rows, ours, mine, cluster))

    async def past(self, keys: Collection[str]) -> Mapping[str, ForeignJob]:
        """See Onlooker."""
        config = self._configuration()
        here = f"{config.cluster}/"
        ids = [int(key.removeprefix(here)) for key in keys if key.startswith(here)]
        if not ids or not config.accounting:
            return {}
        records = await self._cluster.history(ids)
        return foreign(map(row_of, records), "", (), config.cluster)[0]

    # ---- ending

    async def cancel(self, keys: Collection[Key], *, stop_signal: str, grace_s: float, forced: bool) -> None:
        """See Engine."""
        sender, watcher = self._working()
        kill_at = time.monotonic() + (0.0 if forced else grace_s)
        asked = []
        for name, instances in self._ledger.by_part(keys).items():
            part = self._ledger.parts[name]
            if sender.take_back(name, instances):
                continue
            for instance in instances:
                known = part.stops.get(instance)
                if known is None or (forced and not known.forced):
                    part.stops[instance] = Stop(forced, kill_at, "" if forced else stop_signal)
            asked.append(part)
        # What can't be ended now (nobody knows yet where it is) is at one of the next looks.
        await watcher.endings.enforce(asked)
        self._kick()

    async def recall(self, keys: Collection[Key]) -> None:
        """See Engine. What waits is held first, so that it does not start meanwhile."""
        sender, watcher = self._working()
        by_account: dict[str, list[tuple[Part, list[int]]]] = {}
        troubles = []
        for name, instances in self._ledger.by_part(keys).items():
            part = self._ledger.parts[name]
            if sender.take_back(name, instances):
                continue
            if part.job:
                by_account.setdefault(part.account, []).append((part, instances))
            else:
                troubles.append(f"It is not known yet whether Slurm has {name}.")
        for account, theirs in by_account.items():
            try:
                await watcher.endings.beside(account, self._recall(watcher, theirs))
            except EngineUnavailable as error:
                troubles.append(error.text)
        self._kick()
        if troubles:
            raise EngineUnavailable(" ".join(dict.fromkeys(troubles)))

    async def _recall(self, watcher: Watcher, theirs: Sequence[tuple[Part, Sequence[int]]]) -> None:
        """The same for what Slurm has of one account. Raises EngineUnavailable."""
        endings = watcher.endings
        await watcher.look()
        for part, instances in theirs:
            waiting = endings.waiting(part, instances)
            if not waiting:
                continue
            await self._cluster.hold(Target(part.job, part.elements(waiting)), account=part.account)
            await watcher.look()
            for instance in endings.waiting(part, [one for one in waiting if one not in part.ended]):
                part.stops.setdefault(instance, Stop(forced=True, kill_at=time.monotonic()))
            await endings.enforce([part])
        self._kick()

    async def allow(self, wall_times: Mapping[Key, float | None]) -> None:
        """Not among its abilities: the wrapper on the node keeps the wall time it was started with."""
        raise EngineUnavailable("The wall time of a run can't be changed on Slurm.")

    # ---- the cluster

    async def nodes(self) -> Sequence[NodeSighting]:
        """See Engine."""
        rows = await self._cluster.node_rows()
        seen = [sighting(row) for row in rows]
        self._partitions = await self._cluster.partitions()
        config = self._configuration()
        self._known = ordering.Known(
            partitions=frozenset(one.name for one in self._partitions),
            default_partition=next((one.name for one in self._partitions if one.default), ""),
            nodes=tuple(
                Node(name=one.name, cores=one.cores, memory_mb=one.memory_mb, groups=one.groups)
                for one in seen
            ),
            sockets={
                row.name: has
                for row in rows
                if (has := of_node(row.cores, row.sockets, row.socket_cores)) is not None
            },
            features=frozenset(group for one in seen for group in one.groups),
            privileged=os.geteuid() == 0,
            memory={one.name: _usual_memory(one, config) for one in self._partitions},
            together=config.backfill,
        )
        return seen

    async def keep_node(self, name: str, *, online: bool, reason: str) -> NodeSighting:
        """See NodeKeeper. A node that is down is resumed as well."""
        before = await self._cluster.node(name)
        if online and not in_service(before):
            await self._cluster.node_state(before.name, "RESUME")
        elif not online and sighting(before).state is NodeState.ONLINE:
            await self._cluster.node_state(before.name, "DRAIN", reason)
        return sighting(await self._cluster.node(name))


def _check(items: Sequence[Item]) -> None:
    for item in items:
        for name, _ in item.launch.limits:
            if name not in LIMITS:
                raise CannotOrder(f"There is no limit {name!r}.")
        for name in (item.launch.stop_signal, item.launch.limit_signal, item.launch.warning_signal):
            if name and not name.isdigit() and not hasattr(signal, f"SIG{name}"):
                raise CannotOrder(f"There is no signal {name!r}.")


def _usual_memory(partition: Partition, config: Configuration) -> Memory:
    """What a job has there that does not ask for any (slurm.conf(5), DefMemPerCPU, DefMemPerNode)."""
    for one in (partition, config):
        if one.core_memory_mb or one.memory_mb:
            return Memory(one.core_memory_mb or one.memory_mb, by_core=bool(one.core_memory_mb))
    return Memory()


def _tell_of_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("broken", what=task.get_name(), exc_info=task.exception())
