"""Recording the cases: `python -m tests.compliance.slurm.record` starts a cluster of `headgate.testing.slurm`
with accounting and some jobs in it, and writes `cases/VERSION/NAME.json` anew, for the version installed.

The random part of separators is `case` in all of them.
"""

import asyncio
import time
from pathlib import Path

import msgspec

from headgate.engines.command.outcomes import Command, Done
from headgate.engines.command.runner import Runner
from headgate.engines.slurm.commands import sacct, sbatch, scancel, scontrol, sinfo, squeue
from headgate.testing.slurm import QUICK, Cluster, cluster, version

CASES = Path(__file__).parent / "cases"
VERSIONS = sorted(path.name for path in CASES.iterdir())
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


def load(name: str, version: str) -> Case:
    return msgspec.json.decode((CASES / version / f"{name}.json").read_bytes(), type=Case)


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


JOBS = (
    ("-A", "root", "--hold", "--array=3,9-12%2", "--comment=two\nlines", "--wrap=true"),
    ("--comment=code 7", "--wrap=exit 7"),
    ("--comment=signal", "--wrap=kill -KILL $$"),
    ("--wrap=exec sleep 700",),
)
"""What sbatch is told; all to write nowhere."""


def furnish(up: Cluster) -> None:
    """A node out of service, and jobs in all the ways of being that the tests look for."""
    up.command("scontrol", "update", "NodeName=n3", "State=DRAIN", "Reason=bad | disk")
    stepping = ("--uid=nobody", "--gid=nogroup", "--chdir=/tmp", "--wrap=srun -n1 true; exit 3")
    up.command("sbatch", "-o", "/dev/null", *stepping)
    up.command("sbatch", "-o", "/dev/null", "--wrap=kill -TERM $$")
    canceled = up.command("sbatch", "--parsable", "-o", "/dev/null", "--wrap=sleep 600").stdout.strip()
    tagged = msgspec.structs.replace(
        BASE, script=b"#!/bin/sh\nexit 4\n", comment="hg.9", array="1-2", hold=False
    )
    up.command(*sbatch.build(tagged).argv, stdin=tagged.script.decode())
    time.sleep(5)
    up.command("scancel", canceled)
    for words in JOBS:
        up.command("sbatch", "-o", "/dev/null", *words)
    # As long as Slurm remembers, and accounting has heard.
    time.sleep(1.8)


async def main() -> None:
    folder = CASES / version()
    folder.mkdir(parents=True, exist_ok=True)
    with cluster(
        nodes=3,
        accounting=True,
        settings=[QUICK, "MinJobAge=2", "GresTypes=gpu", "PartitionName=slow Nodes=n1 MaxTime=60"],
        of_nodes={"n1": "Feature=big,red Gres=gpu:2"},
        gres=["NodeName=n1 Name=gpu File=/dev/null", "NodeName=n1 Name=gpu File=/dev/zero"],
    ) as up:
        furnish(up)
        here = Runner({"SLURM_CONF": str(up.conf)})
        source = f"Slurm {folder.name} of headgate.testing.slurm"
        for name, command in commands().items():
            await _record(here, folder / name, command, source)
        # Nobody listens there: what the commands say when the controller is away.
        away = up.conf.with_name("away.conf")
        away.write_text(up.conf.read_text() + "\nSlurmctldPort=1\nMessageTimeout=2\n")
        nobody = Runner({"SLURM_CONF": str(away)})
        for name in ("sbatch", "squeue", "scancel-unknown", "sinfo", "ping"):
            await _record(nobody, folder / f"{name}-away", commands()[name], f"{source}, no controller")
        await here.close()
        await nobody.close()


async def _record(runner: Runner, path: Path, command: Command, source: str) -> None:
    outcome = await runner.run(command, deadline_s=120)
    assert isinstance(outcome, Done), f"{path}: {outcome}"
    argv = (Path(command.argv[0]).name, *command.argv[1:])
    case = Case(source, argv, outcome.exit_status, outcome.stdout.decode(), outcome.stderr.decode())
    path.with_name(f"{path.name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(case)) + b"\n")


if __name__ == "__main__":
    asyncio.run(main())
