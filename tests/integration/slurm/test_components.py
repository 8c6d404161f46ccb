"""Jobs with chunks of several kinds: heterogeneous jobs of Slurm's, known, ended and counted as one each."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.faults import Faults
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-components"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]

SETTINGS = "command_timeout_s = 2.0\nforeign = true\n"
KINDS = "1:ncpus=2:mpiprocs=2+2:ncpus=1"


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    # The backfill scheduler alone starts them, by default each half minute.
    with cluster(nodes=3, settings=[f"{QUICK},bf_interval=1", "MinJobAge=2"]) as made:
        yield made


@pytest.fixture(scope="module")
def faults(up: Cluster) -> Faults:
    return Faults(up.folder / "bin")


@pytest.fixture(scope="module")
def served(up: Cluster, faults: Faults) -> Iterator[Front]:
    with front(up, settings=f'bin = "{faults.folder}"\n{SETTINGS}') as made:
        yield made


@pytest.fixture
def desk(served: Front, faults: Faults) -> Iterator[Front]:
    with served.turn() as made:
        yield made
        faults.end()


def submit(desk: Front, mark: str, rest: str = "", select: str = KINDS, **more: Any) -> int:
    """A PBS script that asks for these chunks."""
    lines = more.pop("lines", "")
    text = f"#!/bin/bash\n#PBS -N {mark} -l select={select} -o {desk.marks}/{mark}.out -j oe\n{lines}"
    text += f'echo "${{PBS_ARRAY_INDEX:-0}}" >> {desk.marks}/{mark}\n{rest}\n'
    submitter = {"directory": str(desk.marks), "host": "login1", "file": "job.sh", "variables": {}}
    # The test's account has no home, where PBS would begin.
    return desk.submit({"script": text, **more}, flavour="pbs", submitter=submitter)


def output(desk: Front, mark: str) -> list[str]:
    return (desk.marks / f"{mark}.out").read_text().splitlines()


def rows(up: Cluster, what: str = "%i %T %k", *more: str) -> list[str]:
    return up.command("squeue", "-h", "--states=all", "-o", what, *more).stdout.splitlines()


def test_a_job_of_two_kinds_runs_once_and_finds_all_of_its_nodes(desk: Front, up: Cluster) -> None:
    tell = "cat $PBS_NODEFILE; echo $CCP_NODES; echo $CCP_NUMCPUS $NCPUS; sleep 1"
    job = submit(desk, "all", tell)
    desk.until(job, "running")
    until(lambda: desk.task(job)["nodes"])
    kinds = [line.split() for line in sorted(rows(up, "%i %C", "-t", "R"))]
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    assert desk.ran("all") == [0]
    first, again, *second, nodes, counts = output(desk, "all")
    assert first == again
    assert len(second) == 2
    assert first not in second
    assert counts == "4 2"
    said = nodes.split()
    assert dict(zip(said[1::2], said[2::2], strict=True)) == {first: "2"} | {
        name: str(second.count(name)) for name in second
    }
    assert int(said[0]) == len({first, *second})
    assert set(desk.task(job)["nodes"]) == {first, *second}
    assert [one[0].partition("+")[2] for one in kinds] == ["0", "1"]
    assert [one[1] for one in kinds] == ["2", "2"]


def foreign(desk: Front) -> list[str]:
    found = desk.ask("GET", "/v1/jobs?limit=1000")["jobs"]
    assert found
    return [one["name"] for one in found if one.get("origin") == "foreign"]


def test_none_of_its_components_is_a_job_of_others(desk: Front, up: Cluster) -> None:
    job = submit(desk, "ours", "sleep 3")
    desk.until(job, "running")
    until(lambda: len(desk.task(job).get("nodes", ())) > 1)
    assert desk.ended(job)["state"] == "finished"
    assert [line for line in rows(up, "%i %j") if line.endswith("+1 ours")]
    time.sleep(0.7)
    assert foreign(desk) == []


def test_nor_is_one_whose_comment_its_owner_changes_while_it_runs(desk: Front, up: Cluster) -> None:
    job = submit(desk, "changed", "sleep 30")
    desk.until(job, "running")
    until(lambda: len(desk.task(job).get("nodes", ())) > 1)
    last = sorted(rows(up, "%A", "-t", "R"), key=int)[-1]
    up.command("scontrol", "update", f"JobId={last}", "Comment=mine")
    time.sleep(1.2)
    assert foreign(desk) == []
    assert desk.job(job)["state"] == "running"
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert desk.ended(job)["state"] == "canceled"


def test_where_its_memory_is_said_for_one_kind_the_other_has_what_slurm_gives(
    desk: Front, up: Cluster
) -> None:
    job = submit(desk, "memory", "sleep 30", "1:ncpus=1:mem=100mb+1:ncpus=1", lines="#PBS -h\n")
    desk.ask("POST", f"/v1/jobs/{job}/release")
    desk.until_ran("memory", 1)
    assert [line.split()[1] for line in sorted(rows(up, "%i %m", "-t", "R"))] == ["100M", "0"]
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert desk.ended(job)["state"] == "canceled"


def test_packed_kinds_are_one_job_on_one_node(desk: Front, up: Cluster) -> None:
    lines = "#PBS -l place=pack\n#PBS -J 0-2\n"
    place = f"{desk.marks}/place.$PBS_ARRAY_INDEX"
    job = submit(desk, "packed", f"wc -l < $PBS_NODEFILE > {place}; echo $CCP_NODES >> {place}", lines=lines)
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    assert desk.ran("packed") == [0, 1, 2]
    shown = [line.split()[0] for line in rows(up, "%i %j") if line.endswith(" packed")]
    assert shown
    assert not [name for name in shown if "+" in name]
    lines_of_file, nodes = (desk.marks / "place.1").read_text().splitlines()
    assert lines_of_file == "4"
    assert re.fullmatch("1 n[1-3] 4", nodes)


def test_each_instance_of_a_sweep_is_a_job_and_not_more_run_than_may(desk: Front, up: Cluster) -> None:
    mark = f"{desk.marks}/now"
    one = f"{mark}.$PBS_ARRAY_INDEX"
    counts = f"touch {one}; ls {mark}.* | wc -l >> {desk.marks}/counts; sleep 1; rm {one}"
    started = time.monotonic()
    job = submit(desk, "sweep", counts, "1:ncpus=1+1:ncpus=1", lines="#PBS -J 1-5%2\n")
    assert desk.ended(job, seconds=60)["state"] == "finished", desk.task(job)
    assert desk.ran("sweep") == [1, 2, 3, 4, 5]
    assert max(desk.ran("counts")) <= 2
    assert time.monotonic() - started > 2.5


def test_a_sweep_of_such_jobs_that_is_cancelled_ends_whole(desk: Front) -> None:
    job = submit(desk, "gone", "sleep 60", "1:ncpus=1+1:ncpus=1", lines="#PBS -J 1-6%2\n")
    desk.until_ran("gone", 2)
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert desk.ended(job)["state"] == "canceled"
    time.sleep(1.5)
    assert len(desk.ran("gone")) == 2


def test_a_server_that_is_killed_within_such_a_sweep_runs_each_once_and_not_more_than_may(
    desk: Front, faults: Faults
) -> None:
    mark = f"{desk.marks}/now"
    one = f"{mark}.$PBS_ARRAY_INDEX"
    counts = f"touch {one}; ls {mark}.* | wc -l >> {desk.marks}/counts; sleep 2; rm {one}"
    faults.plan("sbatch", "pass", "hang-after")
    job = submit(desk, "killed", counts, "1:ncpus=1+1:ncpus=1", lines="#PBS -J 1-5%2\n")
    until(faults.submitted_and_hung)
    desk.server.kill()
    desk.start()
    assert desk.ended(job, seconds=50)["state"] == "finished", desk.task(job)
    assert desk.ran("killed") == [1, 2, 3, 4, 5]
    assert max(desk.ran("counts")) <= 2


def test_kinds_that_are_scattered_are_where_they_were_asked_to_be(desk: Front) -> None:
    select = "1:ncpus=2:host=n3+2:ncpus=1:mpiprocs=1"
    job = submit(desk, "apart", "cat $PBS_NODEFILE", select, lines="#PBS -l place=scatter\n")
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    assert output(desk, "apart") == ["n3", "n1", "n2"]


def test_one_that_runs_is_ended_with_its_own_signal_and_one_that_waits_never_runs(
    desk: Front, up: Cluster
) -> None:
    asked = f"trap 'echo asked >> {desk.marks}/asked; exit 3' TERM; sleep 60 & wait"
    running = submit(desk, "runs", asked, "1:ncpus=4+1:ncpus=4")
    desk.until_ran("runs", 1)
    waiting = submit(desk, "waits", "", "1:ncpus=4+1:ncpus=4")
    until(lambda: len(rows(up, "%i", "-t", "PD")) == 2)
    until(lambda: "Resources" in desk.job(waiting).get("pending_text", ""))
    for job in (waiting, running):
        desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert [desk.ended(job)["state"] for job in (waiting, running)] == ["canceled", "canceled"]
    assert (desk.marks / "asked").read_text() == "asked\n"
    assert desk.ran("waits") == []
    until(lambda: not rows(up, "%i", "-t", "PD,R"))


def test_a_hold_takes_all_of_one_that_waits_back_out_of_slurm(desk: Front, up: Cluster) -> None:
    full = submit(desk, "full", "sleep 60", "1:ncpus=4+1:ncpus=4")
    desk.until_ran("full", 1)
    job = submit(desk, "held", "", "1:ncpus=4+1:ncpus=4")
    until(lambda: len(rows(up, "%i", "-t", "PD")) == 2)
    desk.ask("POST", f"/v1/jobs/{job}/hold")
    until(lambda: not rows(up, "%i", "-t", "PD"))
    desk.ask("POST", f"/v1/jobs/{full}/cancel")
    desk.ended(full)
    time.sleep(1.5)
    assert (desk.job(job)["state"], desk.ran("held")) == ("queued", [])
    desk.ask("POST", f"/v1/jobs/{job}/release")
    assert desk.ended(job)["state"] == "finished"
    assert desk.ran("held") == [0]


def test_its_wall_time_is_kept(desk: Front) -> None:
    job = submit(desk, "long", "sleep 60", lines="#PBS -l walltime=2\n")
    assert desk.ended(job)["state"] == "failed"
    assert "run time" in desk.task(job)["failure"]


def test_a_node_of_any_kind_that_is_lost_loses_all_of_it(desk: Front, up: Cluster) -> None:
    job = submit(desk, "lost", "sleep 60", "1:ncpus=4+1:ncpus=4", lines="#PBS -r n\n")
    desk.until_ran("lost", 1)
    until(lambda: len(desk.task(job).get("nodes", ())) == 2)
    second = desk.task(job)["nodes"][1]
    up.command("scontrol", "update", f"NodeName={second}", "State=DOWN", "Reason=test")
    try:
        assert desk.ended(job)["state"] == "failed"
    finally:
        up.command("scontrol", "update", f"NodeName={second}", "State=RESUME", check=False)
    assert "failed" in desk.task(job)["failure"]
    assert desk.ran("lost") == [0]


@pytest.mark.parametrize("what", ["hang-after", "fail-after", "hang-before", "fail-before"])
def test_a_submission_without_an_answer_is_looked_up_and_runs_once(
    desk: Front, faults: Faults, up: Cluster, what: str
) -> None:
    faults.plan("sbatch", what)
    job = submit(desk, "once", "sleep 1", "1:ncpus=1+1:ncpus=1")
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    time.sleep(1.0)
    assert desk.ran("once") == [0]
    assert len(faults.calls("sbatch")) == (1 if "after" in what else 2)


def test_a_server_that_is_killed_finds_one_that_runs_and_one_that_it_had_not_heard_of(
    desk: Front, faults: Faults
) -> None:
    running = submit(desk, "known", "sleep 4; exit 5", "1:ncpus=1+1:ncpus=1")
    desk.until_ran("known", 1)
    faults.plan("sbatch", "hang-after")
    unheard = submit(desk, "unheard", "sleep 2; exit 6", "1:ncpus=1+1:ncpus=1")
    until(faults.submitted_and_hung)
    desk.server.kill()
    desk.start()
    assert [desk.ended(job)["state"] for job in (running, unheard)] == ["failed", "failed"]
    assert [desk.task(job)["exit_code"] for job in (running, unheard)] == [5, 6]
    assert (desk.ran("known"), desk.ran("unheard")) == ([0], [0])


def test_what_slurm_forgot_while_the_server_was_away_is_known_by_its_record(desk: Front, up: Cluster) -> None:
    job = submit(desk, "forgotten", "sleep 1; exit 9", "1:ncpus=1+1:ncpus=1")
    desk.until_ran("forgotten", 1)
    desk.server.kill()
    until(lambda: not rows(up), 40)
    desk.start()
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("forgotten")) == (9, [0])


def test_more_kinds_than_there_are_nodes_are_refused_with_the_reason(desk: Front) -> None:
    job = submit(desk, "never", "", "1:ncpus=1+1:ncpus=2+1:ncpus=3+1:ncpus=4")
    assert desk.ended(job)["state"] == "failed"
    assert "takes 4, and there are 3 that the job may use" in desk.task(job)["failure"]


needs_accounting = pytest.mark.skipif(
    bool(unavailable(accounting=True)), reason=unavailable(accounting=True) or "there is one"
)


@pytest.fixture(scope="module")
def books() -> Iterator[Cluster]:
    """A cluster with accounting."""
    settings = [f"{QUICK},bf_interval=1", "MinJobAge=2", "AccountingStorageEnforce=associations,limits"]
    with cluster(nodes=2, accounting=True, settings=settings) as made:
        made.command("sacctmgr", "--immediate", "add", "account", "few", "MaxSubmitJobs=2")
        made.command("sacctmgr", "--immediate", "add", "user", "nobody", "account=few")
        until(lambda: "UserName=nobody" in made.command("scontrol", "show", "assoc_mgr").stdout)
        yield made


@needs_accounting
def test_what_is_left_of_a_refused_submission_is_not_taken_for_the_job(
    books: Cluster, tmp_path: Path
) -> None:
    """Slurm had made its components when it refused, and shows them as cancelled, with its comment. When
    sbatch did not answer the next time, they were found, and the job failed without having run.
    """
    faults = Faults(tmp_path / "bin")
    with front(books, settings=f'bin = "{faults.folder}"\n{SETTINGS}') as desk:
        first = submit(desk, "first", f"until [ -e {desk.marks}/go ]; do sleep 0.1; done", "1:ncpus=1")
        desk.until_ran("first", 1)
        job = submit(desk, "second", "", "1:ncpus=1+1:ncpus=1")
        until(lambda: "MaxSubmitJob" in desk.job(job).get("pending_text", ""))
        left = [line for line in rows(books, "%T %k") if line.endswith("+0")]
        assert {line.split()[0] for line in left} == {"CANCELLED"}
        faults.plan("sbatch", "hang-before")
        (desk.marks / "go").touch()
        assert desk.ended(job, seconds=60)["state"] == "finished", desk.task(job)
        assert (desk.ended(first)["state"], desk.ran("second")) == ("finished", [0])
        assert "hang-before" in faults.calls("sbatch")


@needs_accounting
def test_without_records_accounting_tells_what_slurm_has_forgotten(books: Cluster, tmp_path: Path) -> None:
    faults = Faults(tmp_path / "bin")
    with front(books, settings=f'bin = "{faults.folder}"\n{SETTINGS}', spool=False) as desk:
        known = submit(desk, "known", "sleep 1; exit 9", "1:ncpus=1+1:ncpus=1")
        desk.until_ran("known", 1)
        desk.server.kill()
        until(lambda: not rows(books), 40)
        desk.start()
        assert desk.ended(known)["state"] == "failed"
        assert (desk.task(known)["exit_code"], desk.ran("known")) == (9, [0])
        assert len(desk.task(known)["nodes"]) == 2
        faults.plan("sbatch", "hang-after")
        unheard = submit(desk, "unheard", "exit 7", "1:ncpus=1+1:ncpus=1")
        until(faults.submitted_and_hung)
        desk.server.kill()
        until(lambda: desk.ran("unheard") and not rows(books), 40)
        desk.start()
        assert desk.ended(unheard)["state"] == "failed"
        assert (desk.task(unheard)["exit_code"], desk.ran("unheard")) == (7, [0])
