"""Nothing is lost and nothing runs twice: the server is killed around sbatch, commands hang, fail after they
have done their work or say nonsense, and Slurm forgets jobs while nobody looks.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.faults import Faults
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-faults"),  # beside the others: its cluster is its own
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=1, settings=[QUICK, "MinJobAge=2"]) as made:
        yield made


@pytest.fixture(scope="module")
def misfortunes(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return Faults(tmp_path_factory.mktemp("faults") / "bin")


@pytest.fixture
def faults(misfortunes: Faults) -> Iterator[Faults]:
    yield misfortunes
    misfortunes.end()


@pytest.fixture(scope="module")
def served(up: Cluster, misfortunes: Faults) -> Iterator[Front]:
    settings = f'bin = "{misfortunes.folder}"\ncommand_timeout_s = 1.0\n'
    with front(up, settings=settings) as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Front:
    """The same server for all; it is killed and started again by some."""
    return served.turn_over()


def three_jobs(desk: Front) -> list[int]:
    """A job that ends well, one that does not, and a sweep."""
    return [
        desk.submit({"command": desk.command("a")}),
        desk.submit({"command": desk.command("b", "exit 7")}),
        desk.submit({"command": desk.command("c"), "kind": "sweep", "sweep": {"start": 1, "end": 5}}),
    ]


def all_well(desk: Front, jobs: list[int]) -> None:
    assert [desk.ended(job, seconds=40)["state"] for job in jobs] == ["finished", "failed", "finished"]
    assert [desk.task(job)["exit_code"] for job in jobs[:2]] == [0, 7]
    assert (desk.ran("a"), desk.ran("b"), desk.ran("c")) == ([0], [0], [1, 2, 3, 4, 5])


@pytest.mark.parametrize("where", ["hang-before", "hang-after"])
def test_a_server_that_is_killed_around_its_call_of_sbatch(desk: Front, faults: Faults, where: str) -> None:
    faults.plan("sbatch", where)
    jobs = three_jobs(desk)
    until(lambda: faults.calls("sbatch"))
    if where == "hang-after":
        until(faults.submitted_and_hung)
    desk.server.kill()
    desk.start()
    all_well(desk, jobs)


@pytest.mark.parametrize("where", ["late", "hang-after"])
def test_when_what_runs_commands_is_killed_its_sbatch_does_nothing_later(
    desk: Front, faults: Faults, where: str
) -> None:
    faults.plan("sbatch", where)
    jobs = three_jobs(desk)
    until(lambda: faults.calls("sbatch") if where == "late" else faults.submitted_and_hung())
    (starter,) = desk.server.children("engines.command")
    os.kill(starter, signal.SIGKILL)
    all_well(desk, jobs)
    time.sleep(3.0 if where == "late" else 0.0)
    all_well(desk, jobs)


def test_a_server_that_is_killed_while_jobs_run(desk: Front) -> None:
    job = desk.submit({"command": desk.command("a", "sleep 1.5; exit 9")})
    desk.until_ran("a", 1)
    desk.server.kill()
    desk.start()
    assert desk.ended(job)["state"] == "failed"
    assert desk.task(job)["exit_code"] == 9
    assert desk.ran("a") == [0]


@pytest.mark.parametrize("what", ["hang-before", "hang-after", "fail-before", "fail-after", "unreachable"])
def test_an_sbatch_that_gives_no_answer_is_looked_for_and_repeated_only_if_it_did_nothing(
    desk: Front, faults: Faults, what: str
) -> None:
    faults.plan("sbatch", what, "pass", what)
    all_well(desk, three_jobs(desk))


@pytest.mark.parametrize("what", ["empty", "half", "garbage", "heading", "unreachable", "hang-before"])
def test_a_squeue_that_says_nonsense_for_a_while_ends_nothing(desk: Front, faults: Faults, what: str) -> None:
    running = desk.submit({"command": desk.command("d", "sleep 2.5; exit 4")})
    desk.until_ran("d", 1)
    faults.plan("squeue", f"{what} always")
    jobs = three_jobs(desk)
    time.sleep(1.5)
    assert desk.job(running)["state"] in ("queued", "running")
    faults.plan("squeue", "pass always")
    all_well(desk, jobs)
    assert desk.ended(running)["state"] == "failed"
    assert desk.task(running)["exit_code"] == 4
    assert desk.ran("d") == [0]


def test_what_slurm_forgot_while_the_server_was_away_is_known_by_its_record(desk: Front, up: Cluster) -> None:
    job = desk.submit({"command": desk.command("a", "sleep 0.5; exit 9")})
    desk.until_ran("a", 1)
    desk.server.kill()
    until(lambda: not up.command("squeue", "--noheader", "--states=all").stdout, 40)
    desk.start()
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("a")) == (9, [0])


def test_what_was_submitted_and_forgotten_before_anybody_heard_of_it_ran_once(
    desk: Front, faults: Faults, up: Cluster
) -> None:
    faults.plan("sbatch", "hang-after")
    job = desk.submit({"command": desk.command("a", "exit 3")})
    until(faults.submitted_and_hung)
    desk.server.kill()
    until(lambda: desk.ran("a"))
    until(lambda: not up.command("squeue", "--noheader", "--states=all").stdout, 40)
    desk.start()
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("a")) == (3, [0])


def test_without_records_what_slurm_has_forgotten_is_lost_and_never_run_again(
    up: Cluster, faults: Faults
) -> None:
    settings = f'bin = "{faults.folder}"\ncommand_timeout_s = 1.0\n'
    with front(up, settings=settings, spool=False) as desk:
        faults.plan("sbatch", "hang-after")
        job = desk.submit({"command": desk.command("a")})
        until(faults.submitted_and_hung)
        desk.server.kill()
        until(lambda: desk.ran("a"))
        until(lambda: not up.command("squeue", "--noheader", "--states=all").stdout, 40)
        desk.start()
        assert desk.ended(job)["state"] == "failed"
        assert "not known whether Slurm has run it" in desk.task(job)["failure"]
        assert desk.ran("a") == [0]
