"""Recording the cases: `python -m tests.compliance.slurm.record SLURM_CONF` against a cluster of
`headgate.testing.slurm` with accounting and some jobs in it writes `cases/NAME.json` anew.

The random part of separators is `case` in all of them.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from headgate.engines.command.outcomes import Command, Done
from headgate.engines.command.runner import Runner
from headgate.engines.slurm.commands import sacct, sbatch, scancel, scontrol, sinfo, squeue

CASES = Path(__file__).parent / "cases"
NONCE = "case"
BASE = sbatch.Request(script=b"#!/bin/sh\nexit 0\n", comment="case", hold=True)


class Case(msgspec.Struct, frozen=True):
    """What a command said. source: which version of Slurm, and how it came about."""

    source: str
    argv: tuple[str, ...]
    exit_status: int
    stdout: str
    stderr: str

    @property
    def done(self) -> Done:
        return Done(self.exit_status, self.stdout.encode(), self.stderr.encode())


def load(name: str) -> Case:
    return msgspec.json.decode((CASES / f"{name}.json").read_bytes(), type=Case)


def commands() -> dict[str, Command]:
    return {
        "squeue": squeue.Squeue(NONCE).build(),
        "squeue-unknown-job": squeue.Squeue(NONCE, (999_999,)).build(),
        "sacct": sacct.Sacct(NONCE, steps=True).build(),
        "sinfo": sinfo.Sinfo(NONCE).build(),
        "partitions": scontrol.show_partitions(),
        "config": scontrol.show_config(),
        "ping": scontrol.ping(),
        "hold-unknown": scontrol.hold("999999"),
        "drain-unknown": scontrol.node_state("nowhere", "DRAIN", "a reason"),
        "scancel-unknown": scancel.build((scancel.Target(999_999),)),
        "scancel-signal-unknown": scancel.build(
            (scancel.Target(999_999, (1, 2)),), signal="USR1", batch=True
        ),
        "sbatch": sbatch.build(BASE),
        "sbatch-partition": sbatch.build(msgspec.structs.replace(BASE, partition="nowhere")),
        "sbatch-gres": sbatch.build(msgspec.structs.replace(BASE, gres="nothing:1")),
        "sbatch-array": sbatch.build(msgspec.structs.replace(BASE, array="0-3999999")),
        "sbatch-constraint": sbatch.build(msgspec.structs.replace(BASE, constraint="nothing")),
        "sbatch-licence": sbatch.build(msgspec.structs.replace(BASE, licenses="nothing:1")),
        "sbatch-uid": sbatch.build(msgspec.structs.replace(BASE, uid=99_999_999)),
        "sbatch-signal": sbatch.build(msgspec.structs.replace(BASE, signal="nothing")),
        "sbatch-empty": sbatch.build(msgspec.structs.replace(BASE, script=b"")),
        "sbatch-dos": sbatch.build(msgspec.structs.replace(BASE, script=b"#!/bin/sh\r\ntrue\r\n")),
    }


async def main(conf: str) -> None:
    here = Runner({"SLURM_CONF": conf})
    source = "Slurm 22.05.8 (Debian 12) of headgate.testing.slurm"
    for name, command in commands().items():
        await _record(here, name, command, source)
    # Nobody listens there: what the commands say when the controller is away.
    text = Path(conf).read_text()
    away = Path(conf).with_name("away.conf")
    away.write_text(text + "\nSlurmctldPort=1\nMessageTimeout=2\n")
    nobody = Runner({"SLURM_CONF": str(away)})
    for name in ("sbatch", "squeue", "scancel-unknown", "sinfo", "ping"):
        await _record(nobody, f"{name}-away", commands()[name], f"{source}, no controller")
    await here.close()
    await nobody.close()


async def _record(runner: Runner, name: str, command: Command, source: str) -> None:
    outcome = await runner.run(command, deadline_s=120)
    assert isinstance(outcome, Done), f"{name}: {outcome}"
    argv = (Path(command.argv[0]).name, *command.argv[1:])
    case = Case(source, argv, outcome.exit_status, outcome.stdout.decode(), outcome.stderr.decode())
    CASES.mkdir(exist_ok=True)
    (CASES / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(case)) + b"\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
