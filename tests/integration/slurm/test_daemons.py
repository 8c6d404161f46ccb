"""The test cluster with accounting, its daemons ended and paused, and our commands against the real thing."""

import asyncio
import secrets
import time
from collections.abc import Iterator

import pytest

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.command.runner import Runner
from headgate.engines.slurm.commands import sacct, sbatch, scancel, scontrol, sinfo, squeue
from headgate.engines.slurm.commands.answers import NoAnswer
from headgate.ports.engine import Uncertain
from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(
        bool(unavailable(accounting=True)), reason=unavailable(accounting=True) or "there is one"
    ),
]
NOBODY = 65534


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    settings = [QUICK, "MinJobAge=2", "MessageTimeout=2", "PartitionName=slow Nodes=n1 MaxTime=60 State=UP"]
    with cluster(accounting=True, settings=settings, of_nodes={"n1": "Feature=big"}) as made:
        yield made


def test_a_submitted_job_is_seen_to_end_and_found_in_accounting_when_it_is_forgotten(up: Cluster) -> None:
    tag = f"hg.{secrets.token_hex(4)}"
    # ALL: with NONE slurmd loads the owner's login files, which nobody has (26.05 gives the job up then).
    script = b"#!/bin/sh\nexit 3\n"
    job = _submit(up, sbatch.Request(script=script, comment=tag, uid=NOBODY, gid=NOBODY, export="ALL"))
    question = squeue.Squeue(secrets.token_hex(4))
    rows = question.parse(_run(up, question.build()))
    assert [(row.job, row.uid) for row in rows if row.comment == tag] == [(job, NOBODY)]
    asked = sacct.Sacct(secrets.token_hex(4), (job,))
    until = time.monotonic() + 30
    while True:
        # A record is there before all of it is: without owner and submit line at first.
        found = asked.parse(_run(up, asked.build()))
        if any(one.carries(tag) and one.ended for one in found):
            break
        assert time.monotonic() < until, found
        time.sleep(0.2)
    assert [(one.state, one.code, one.uid) for one in found] == [("FAILED", 3, NOBODY)]


def test_a_waiting_array_is_one_row_and_its_elements_are_cancelled_by_number(up: Cluster) -> None:
    job = _submit(up, sbatch.Request(script=b"#!/bin/sh\n:\n", comment="t", array="0-999%5", hold=True))
    question = squeue.Squeue("ab", (job,))
    assert scancel.parse(_run(up, scancel.build((scancel.Target(job, tuple(range(10, 1000))),)))) == ()
    (row,) = [one for one in question.parse(_run(up, question.build())) if one.state == "PENDING"]
    assert row.tasks is not None
    assert (list(row.tasks), row.tasks.most) == (list(range(10)), 5)
    scancel.parse(_run(up, scancel.build((scancel.Target(job),))))


def test_nodes_are_taken_out_and_put_back(up: Cluster) -> None:
    question = sinfo.Sinfo(secrets.token_hex(4))
    scontrol.parse_change(_run(up, scontrol.node_state("n2", "DRAIN", "a | reason")))
    nodes = {one.name: one for one in question.parse(_run(up, question.build()))}
    assert ("drain" in nodes["n2"].states, nodes["n2"].reason) == (True, "a | reason")
    assert nodes["n1"].features == ("big",)
    scontrol.parse_change(_run(up, scontrol.node_state("n2", "RESUME")))


def test_a_controller_that_is_paused_leaves_a_submission_uncertain_and_one_that_is_killed_comes_back(
    up: Cluster,
) -> None:
    up.daemons.pause("slurmctld")
    try:
        outcome = _run(up, sbatch.build(sbatch.Request(script=b"#!/bin/sh\n:\n", comment="paused")))
    finally:
        up.daemons.resume("slurmctld")
    assert isinstance(sbatch.parse(outcome), Uncertain)
    saved = up.folder / "state" / "job_state"
    before = time.time()
    held = _submit(up, sbatch.Request(script=b"#!/bin/sh\n:\n", comment="held", hold=True))
    # slurmctld answers before it has saved; a job of the last seconds is lost with it, and its id given anew.
    until = time.monotonic() + 20
    while not (saved.exists() and saved.stat().st_mtime > before + 1):
        assert time.monotonic() < until
        time.sleep(0.05)
    up.daemons.kill("slurmctld")
    question = squeue.Squeue("ab")
    with pytest.raises(NoAnswer):
        question.parse(_run(up, question.build()))
    up.daemons.restart("slurmctld")
    until = time.monotonic() + 20
    while not _up(up):
        assert time.monotonic() < until
    assert held in {row.job for row in question.parse(_run(up, question.build()))}


def test_accounting_that_is_away_is_no_empty_answer(up: Cluster) -> None:
    up.daemons.kill("slurmdbd")
    asked = sacct.Sacct("ab", (1,))
    try:
        with pytest.raises(NoAnswer):
            asked.parse(_run(up, asked.build()))
    finally:
        up.daemons.restart("slurmdbd")


def _submit(up: Cluster, request: sbatch.Request) -> int:
    answer = sbatch.parse(_run(up, sbatch.build(request)))
    assert isinstance(answer, sbatch.Submitted)
    return answer.job


def _up(up: Cluster) -> bool:
    return scontrol.parse_ping(_run(up, scontrol.ping()))


def _run(up: Cluster, command: Command) -> Outcome:
    async def once() -> Outcome:
        runner = Runner({"SLURM_CONF": str(up.conf)})
        try:
            return await runner.run(command, deadline_s=30)
        finally:
            await runner.close()

    return asyncio.run(once())
