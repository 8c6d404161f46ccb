"""The cluster, asked: each question a command of Slurm's, each answer a value or EngineUnavailable."""

import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from headgate.core.errors import EngineUnavailable
from headgate.core.vocabulary import NodeState
from headgate.engines.command import Command, Outcome, Runner
from headgate.engines.slurm.commands import sbatch, scancel
from headgate.engines.slurm.commands.answers import SlurmError, listed, ordered
from headgate.engines.slurm.commands.squeue import Row, Squeue
from headgate.engines.slurm.indices import text
from headgate.engines.slurm.options import Options
from headgate.ports.engine import NodeSighting, Refused, Uncertain

DEFAULT_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


class Config(Struct, frozen=True, kw_only=True):
    """What of slurm.conf matters here, by its names there."""

    version: str = ""
    max_array_size: int = 1001
    min_job_age_s: int = 300
    max_script_size: int = 4 * 1024 * 1024


class Cluster:
    """See the module."""

    def __init__(self, options: Options) -> None:
        environment = {"PATH": f"{options.bin}:{DEFAULT_PATH}" if options.bin else DEFAULT_PATH}
        if options.conf:
            environment["SLURM_CONF"] = options.conf
        self._runner = Runner(environment)
        self._deadline_s = options.command_timeout_s

    async def _run(self, command: Command, account: str = "") -> Outcome:
        return await self._runner.run(command, deadline_s=self._deadline_s, account=account)

    async def config(self) -> Config:
        """How the cluster is set up. Raises EngineUnavailable."""
        outcome = await self._run(Command(argv=("scontrol", "show", "config")))
        try:
            said = listed("scontrol", outcome)
        except SlurmError as error:
            raise _unavailable(error) from None
        found: dict[str, str] = {}
        for line in said.splitlines():
            name, equals, value = line.partition("=")
            if equals:
                found.setdefault(name.strip(), value.strip())
        try:
            parameters = dict(
                part.partition("=")[::2] for part in found.get("SchedulerParameters", "").split(",")
            )
            return Config(
                version=found["SLURM_VERSION"],
                max_array_size=int(found["MaxArraySize"]),
                min_job_age_s=int(found["MinJobAge"].split()[0]),
                max_script_size=int(parameters.get("max_script_size", Config().max_script_size)),
            )
        except (KeyError, ValueError, IndexError) as error:
            raise EngineUnavailable(f"scontrol's configuration is not understood: {error!r}.") from None

    async def submit(
        self, request: sbatch.Request, account: str = ""
    ) -> sbatch.Submitted | Refused | Uncertain:
        """Submit, once. Never raises for what Slurm says."""
        try:
            command = sbatch.build(request)
        except ValueError as error:
            return Refused(str(error))
        return sbatch.parse(await self._run(command, account))

    async def jobs(self, ids: Sequence[int] = ()) -> list[Row]:
        """All jobs that Slurm has in memory, or these. Raises EngineUnavailable."""
        question = Squeue(secrets.token_hex(4), tuple(ids))
        try:
            return question.parse(await self._run(question.build()))
        except SlurmError as error:
            raise _unavailable(error) from None

    async def cancel(self, targets: Sequence[scancel.Target], *, signal: str = "", account: str = "") -> None:
        """End jobs, or signal those that run: our wrapper, which passes it on. Raises EngineUnavailable."""
        for first in range(0, len(targets), scancel.MOST_JOBS):
            some = tuple(targets[first : first + scancel.MOST_JOBS])
            try:
                command = scancel.build(some, signal=signal, batch=bool(signal))
                scancel.parse(await self._run(command, account))
            except SlurmError as error:
                raise _unavailable(error) from None

    async def hold(self, targets: Sequence[scancel.Target], *, account: str = "") -> None:
        """Keep those that have not started from starting. Raises EngineUnavailable."""
        await self._scontrol("hold", targets, account)

    async def release(self, targets: Sequence[scancel.Target], *, account: str = "") -> None:
        """Let them start again. Raises EngineUnavailable."""
        await self._scontrol("release", targets, account)

    async def nodes(self) -> list[NodeSighting]:
        """The nodes, with their features and partitions as groups. Raises EngineUnavailable."""
        fields = "NodeList:|,StateLong:|,CPUs:|,Sockets:|,Memory:|,Partition:|,Features:|,Reason:|"
        outcome = await self._run(Command(argv=("sinfo", "--all", "--Node", "--exact", f"--Format={fields}")))
        try:
            lines = listed("sinfo", outcome).splitlines()[1:]
        except SlurmError as error:
            raise _unavailable(error) from None
        found: dict[str, NodeSighting] = {}
        for line in lines:
            name, state, cpus, sockets, memory, partition, features, reason = line.split("|")[:8]
            groups = [partition.rstrip("*"), *(one for one in features.split(",") if one != "(null)")]
            known = found.get(name)
            groups = [*(known.groups if known else ("ComputeNodes", "LinuxNodes")), *groups]
            down = state.startswith(("down", "fail", "unk", "power")) or state.endswith("*")
            found[name] = NodeSighting(
                name=name,
                cores=int(cpus),
                sockets=int(sockets),
                memory_mb=int(memory),
                groups=tuple(dict.fromkeys(groups)),
                reachable=not down,
                state=_state(state),
                reason="" if reason == "none" else reason,
            )
        return list(found.values())

    async def partitions(self) -> list[str]:
        """Their names. Raises EngineUnavailable."""
        outcome = await self._run(Command(argv=("sinfo", "--all", "--noheader", "--format=%R")))
        try:
            return listed("sinfo", outcome).split()
        except SlurmError as error:
            raise _unavailable(error) from None

    async def _scontrol(self, verb: str, targets: Sequence[scancel.Target], account: str) -> None:
        for one in targets:
            name = f"{one.job}_[{text(one.elements)}]" if one.elements else str(one.job)
            try:
                ordered("scontrol", await self._run(Command(argv=("scontrol", verb, name)), account))
            except SlurmError as error:
                raise _unavailable(error) from None


def _state(state: str) -> NodeState:
    if state.startswith("draining"):
        return NodeState.DRAINING
    return NodeState.OFFLINE if "drain" in state or "maint" in state else NodeState.ONLINE


def _unavailable(error: SlurmError) -> EngineUnavailable:
    return EngineUnavailable(str(error))
