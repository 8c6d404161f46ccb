"""The cluster, asked: each question a command of Slurm's, each answer a value or EngineUnavailable."""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from headgate.core.errors import EngineUnavailable, NotFound, NotPermitted
from headgate.core.launch import OsAccount
from headgate.core.vocabulary import NodeState
from headgate.engines.command import sudo
from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.command.runner import Runner
from headgate.engines.slurm.commands import sacct, sacctmgr, sbatch, scancel, scontrol, sinfo
from headgate.engines.slurm.commands.answers import Rejected, SlurmError
from headgate.engines.slurm.commands.squeue import Row, Squeue
from headgate.engines.slurm.indices import text
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.rights import hidden
from headgate.ports.engine import NodeSighting, Refused, Uncertain

DEFAULT_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
GROUPS: Final = ("ComputeNodes", "LinuxNodes")
"""Groups of HPC Pack that each node is in."""
NICENESS: Final = 10
"""Of an sbatch that gives way: what clients wait for goes before what is sent on behind their answers."""
_GONE: Final = frozenset({"down", "fail", "failing", "unknown", "powered_down", "future"})
_DRAINED: Final = frozenset({"drain", "draining", "drained", "maint"})
"""sinfo(1), NODE STATE CODES."""
_SCRIPT_SIZE: Final = re.compile(r"\bmax_script_size=(\d+)")
_MOST_SCRIPT: Final = 4 * 1024 * 1024
"""slurm.conf(5), max_script_size."""

T = TypeVar("T")


class Cluster:
    """See the module."""

    def __init__(self, options: Options) -> None:
        environment = {"PATH": f"{options.bin}:{DEFAULT_PATH}" if options.bin else DEFAULT_PATH}
        if options.conf:
            environment["SLURM_CONF"] = options.conf
        self._runner = Runner(environment)
        self._deadline_s = options.command_timeout_s
        self._niceness = 0

    async def close(self) -> None:
        """End the commands that run."""
        await self._runner.close()

    async def _run(self, command: Command, account: str = "", gid: int | None = None) -> Outcome:
        return await self._runner.run(command, deadline_s=self._deadline_s, account=account, gid=gid)

    async def _ask(self, command: Command, parse: Callable[[Outcome], T], account: str = "") -> T:
        outcome = await self._run(command, account)
        if account and (why := sudo.refused(outcome)):
            raise EngineUnavailable(f"no rule lets the server act as {account!r} ({why})")
        try:
            return parse(outcome)
        except SlurmError as error:
            raise EngineUnavailable(str(error)) from None

    async def config(self) -> scontrol.Configuration:
        """How the cluster is set up. Raises EngineUnavailable."""
        found = await self._ask(scontrol.show_config(), scontrol.parse_config)
        # slurm.conf(5): else a job would have it from the command that submits it.
        self._niceness = NICENESS if found.said.get("PropagatePrioProcess") == "0" else 0
        return found

    async def level(self, account: str) -> str:
        """The AdminLevel of an account in accounting; empty: it has none. Raises EngineUnavailable."""
        return await self._ask(
            sacctmgr.show_level(account), lambda outcome: sacctmgr.parse_level(outcome, account)
        )

    async def hidden_from(self, own: OsAccount, config: scontrol.Configuration) -> str:
        """Why this account, which is not root, does not see the jobs of others (`rights.hidden`); empty: it
        does. Raises EngineUnavailable.
        """
        if not (why := hidden(config, own, "")) or not config.accounting:
            return why
        return hidden(config, own, await self.level(own.name))

    # ---- jobs

    async def submit(
        self,
        request: sbatch.Request,
        account: str = "",
        gid: int | None = None,
        *,
        kept: str = "",
        gives_way: bool = False,
    ) -> sbatch.Submitted | sbatch.Full | Refused | Uncertain:
        """Submit, once. account, gid, kept: as for `Runner.run` and `Command`. gives_way: the server goes
        before it. Never raises for what Slurm says.
        """
        try:
            command = sbatch.build(request)
        except ValueError as error:
            return Refused(str(error))
        niceness = self._niceness if gives_way else 0
        return sbatch.parse(await self._run(replace(command, niceness=niceness, kept=kept), account, gid))

    async def jobs(self, ids: Sequence[int] = ()) -> list[Row]:
        """All jobs that Slurm has in memory, or these. Raises EngineUnavailable."""
        question = Squeue(secrets.token_hex(4), tuple(ids))
        outcome = await self._run(question.build())
        try:
            # Some 20,000 rows: others go on meanwhile.
            return await asyncio.to_thread(question.parse, outcome)
        except SlurmError as error:
            raise EngineUnavailable(str(error)) from None

    async def history(self, ids: Sequence[int], since: int | None = None) -> list[sacct.Record]:
        """What accounting has of these jobs, or of all since then (seconds since 1970).

        Raises EngineUnavailable.
        """
        question = sacct.Sacct(secrets.token_hex(4), tuple(ids), since)
        return await self._ask(question.build(), question.parse)

    async def cancel(self, targets: Sequence[scancel.Target], *, signal: str = "", account: str = "") -> None:
        """End jobs, or signal those that run: our wrapper, which passes it on. Raises EngineUnavailable."""
        for first in range(0, len(targets), scancel.MOST_JOBS):
            some = tuple(targets[first : first + scancel.MOST_JOBS])
            await self._ask(scancel.build(some, signal=signal, batch=bool(signal)), scancel.parse, account)

    async def hold(self, target: scancel.Target, *, account: str = "") -> None:
        """Keep those of them that have not started from starting. Raises EngineUnavailable."""
        await self._ask(scontrol.hold(_named(target)), scontrol.parse_change, account)

    # ---- nodes

    async def nodes(self) -> list[NodeSighting]:
        """The nodes, with their partitions and features as groups. Raises EngineUnavailable."""
        return [sighting(node) for node in await self.node_rows()]

    async def node_rows(self) -> list[sinfo.Node]:
        """The same as sinfo has them. Raises EngineUnavailable."""
        question = sinfo.Sinfo(secrets.token_hex(4))
        return await self._ask(question.build(), question.parse)

    async def node(self, name: str) -> sinfo.Node:
        """One node. Raises NotFound, EngineUnavailable."""
        for node in await self.node_rows():
            if node.name.casefold() == name.casefold():
                return node
        raise NotFound(f"Slurm has no node {name!r} any longer.", kind="node")

    async def node_state(self, name: str, state: str, reason: str = "") -> None:
        """DRAIN with a reason, or RESUME. Raises NotPermitted when Slurm says no, EngineUnavailable."""
        outcome = await self._run(scontrol.node_state(name, state, reason))
        try:
            scontrol.parse_change(outcome)
        except Rejected as error:
            raise NotPermitted(f"Slurm does not let the server do that with {name}: {error.raw}") from None
        except SlurmError as error:
            raise EngineUnavailable(str(error)) from None

    async def partitions(self) -> list[scontrol.Partition]:
        """The partitions. Raises EngineUnavailable."""
        return await self._ask(scontrol.show_partitions(), scontrol.parse_partitions)


def script_limit(config: scontrol.Configuration) -> int:
    """Bytes of the largest script that Slurm takes."""
    found = _SCRIPT_SIZE.search(config.said.get("SchedulerParameters", ""))
    return int(found[1]) if found else _MOST_SCRIPT


def in_service(node: sinfo.Node) -> bool:
    """Whether nothing keeps Slurm from giving it jobs but, perhaps, that it does not answer now."""
    return not node.states & (_GONE | _DRAINED)


def sighting(node: sinfo.Node) -> NodeSighting:
    """A node as the port says it; what is drained is offline (sinfo(1), NODE STATES)."""
    gone, drained = node.states & _GONE, node.states & _DRAINED
    busy = node.busy or node.states & {"allocated", "mixed", "completing", "draining"}
    state = NodeState.ONLINE
    if drained:
        state = NodeState.DRAINING if busy else NodeState.OFFLINE
    return NodeSighting(
        name=node.name,
        cores=node.cores,
        sockets=node.sockets,
        gpus=sum(_gpus(item) for item in node.gres),
        memory_mb=node.memory_mb,
        groups=tuple(dict.fromkeys((*GROUPS, *node.partitions, *node.features))),
        reachable=node.answers and not gone,
        state=state,
        # From 24.05 on one that was resumed keeps its last reason.
        reason=node.reason if drained or gone or not node.answers else "",
    )


def _gpus(item: str) -> int:
    """`gpu:2`, `gpu:a100:4(S:0-1)`."""
    name, _, count = item.partition("(")[0].rpartition(":")
    return int(count) if name.partition(":")[0] == "gpu" and count.isdigit() else 0


def _named(target: scancel.Target) -> str:
    return f"{target.job}_[{text(target.elements)}]" if target.elements else str(target.job)
