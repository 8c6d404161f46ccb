"""What Slurm's commands said, as it was recorded (`record.py`), read by the parsers."""

import pytest

from headgate.engines.command.outcomes import Done
from headgate.engines.slurm.commands import sacct, sbatch, scancel, scontrol, sinfo, squeue
from headgate.engines.slurm.commands.answers import Garbled, NoAnswer, Rejected
from headgate.engines.slurm.states import STATES, meaning
from headgate.ports.engine import Refused, Uncertain
from tests.compliance.slurm.record import CASES, NONCE, VERSIONS, commands, load

REFUSED = [
    (path.parent.name, path.stem)
    for path in sorted(CASES.glob("*/sbatch-*.json"))
    if not path.stem.endswith("-away")
]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each version that was recorded."""
    return str(request.param)


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_commands_are_still_those_that_were_recorded(name: str, version: str) -> None:
    assert load(name, version).argv == commands()[name].argv


def test_squeue_lists_jobs_and_arrays(version: str) -> None:
    rows = {row.comment: row for row in squeue.Squeue(NONCE).parse(load("squeue", version).done)}
    held = rows["two\nlines"]
    assert (held.state, held.reason, held.started) == ("PENDING", "JobHeldUser", None)
    assert held.tasks is not None
    assert (list(held.tasks), held.tasks.most) == ([3, 9, 10, 11, 12], 2)
    failed, killed = rows["code 7"], rows["signal"]
    assert (failed.state, failed.status >> 8, failed.tasks) == ("FAILED", 7, None)
    assert (killed.state, killed.status) == ("FAILED", 9)
    assert failed.started is not None
    assert failed.ended is not None


def test_a_job_that_squeue_does_not_know_is_no_row(version: str) -> None:
    assert squeue.Squeue(NONCE, (999_999,)).parse(load("squeue-unknown-job", version).done) == []


def test_sacct_lists_jobs_elements_and_steps(version: str) -> None:
    records = sacct.Sacct(NONCE, steps=True).parse(load("sacct", version).done)
    jobs = [one for one in records if not one.step]
    assert {one.step for one in records} >= {"", "batch", "0"}
    assert all(one.state in STATES for one in records)
    assert {one.cancelled_by for one in jobs if one.state == "CANCELLED"} == {0}
    assert [one.code for one in jobs if one.carries("hg.9")] == [4] * 2
    assert {tuple(one.tasks) for one in jobs if one.carries("hg.9") and one.tasks} == {(1,), (2,)}
    assert any((one.code, one.signal) == (0, 15) for one in jobs)


def test_sinfo_lists_each_node_once_with_all_its_partitions(version: str) -> None:
    nodes = {node.name: node for node in sinfo.Sinfo(NONCE).parse(load("sinfo", version).done)}
    assert list(nodes) == ["n1", "n2", "n3"]
    assert set(nodes["n1"].partitions) == {"batch", "slow"}
    assert (nodes["n1"].gres, nodes["n1"].features) == (("gpu:2",), ("big", "red"))
    assert (nodes["n1"].cores, nodes["n1"].sockets, nodes["n1"].socket_cores) == (4, 4, 1)
    assert nodes["n3"].reason == "bad | disk"
    assert nodes["n3"].states == {"idle", "drain"}


def test_partitions_and_configuration_are_read(version: str) -> None:
    partitions = {one.name: one for one in scontrol.parse_partitions(load("partitions", version).done)}
    assert partitions["slow"].wall_time_s == 3600
    assert partitions["batch"].wall_time_s is None
    assert partitions["batch"].default
    found = scontrol.parse_config(load("config", version).done)
    assert (found.version, found.cluster, found.largest_array) == (version, "headgate", 1001)
    assert (found.accounting, found.comments_kept, found.finished_kept_s) == (True, False, 2)
    assert found.generic_resources == ("gpu",)


def test_ping_tells_a_controller_that_is_up_from_one_that_is_not(version: str) -> None:
    assert scontrol.parse_ping(load("ping", version).done)
    assert not scontrol.parse_ping(load("ping-away", version).done)


def test_a_submitted_job_has_its_id(version: str) -> None:
    assert isinstance(sbatch.parse(load("sbatch", version).done), sbatch.Submitted)


@pytest.mark.parametrize(("release", "name"), REFUSED)
def test_what_slurm_refuses_is_refused_in_its_words(release: str, name: str) -> None:
    case = load(name, release)
    said = sbatch.parse(case.done)
    assert isinstance(said, Refused)
    assert said.reason.split()[0] in case.stderr


def test_a_controller_that_is_away_leaves_a_submission_uncertain(version: str) -> None:
    assert isinstance(sbatch.parse(load("sbatch-away", version).done), Uncertain)


def test_a_controller_that_is_away_is_no_empty_list(version: str) -> None:
    with pytest.raises(NoAnswer):
        squeue.Squeue(NONCE).parse(load("squeue-away", version).done)
    with pytest.raises(NoAnswer):
        sinfo.Sinfo(NONCE).parse(load("sinfo-away", version).done)
    with pytest.raises(NoAnswer):
        scancel.parse(load("scancel-unknown-away", version).done)


def test_changes_of_what_is_not_there_are_rejected(version: str) -> None:
    for name in ("hold-unknown", "drain-unknown"):
        with pytest.raises(Rejected, match="Invalid"):
            scontrol.parse_change(load(name, version).done)


def test_cancelling_what_is_over_is_no_failure(version: str) -> None:
    assert scancel.parse(load("scancel-unknown", version).done) == ()
    assert scancel.parse(load("scancel-signal-unknown", version).done) == ("999999_1", "999999_2")


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_list_that_ends_within_a_row_is_no_list(cut: int, version: str) -> None:
    """One that ends behind a row is shorter, and nobody can see that: not seen is not finished."""
    for name, parse in (
        ("squeue", squeue.Squeue(NONCE).parse),
        ("sacct", sacct.Sacct(NONCE).parse),
        ("sinfo", sinfo.Sinfo(NONCE).parse),
    ):
        text = load(name, version).stdout[:-cut]
        if not text.endswith((f"\x1e{NONCE}\n", f"\x1f{NONCE}\n")):
            with pytest.raises(Garbled):
                parse(Done(0, text.encode(), b""))


def test_nothing_at_all_is_no_list() -> None:
    for parse in (squeue.Squeue(NONCE).parse, sacct.Sacct(NONCE).parse, sinfo.Sinfo(NONCE).parse):
        with pytest.raises(Garbled):
            parse(Done(0, b"", b""))


def test_a_comment_that_looks_like_a_row_is_a_comment(version: str) -> None:
    """Whoever writes a comment does not know the random part of this question's separators."""
    case = load("squeue", version)
    forged = case.stdout.replace("code 7", "code 7\x1e\n1\x1f1\x1fN/A\x1fCOMPLETED").encode()
    rows = squeue.Squeue(NONCE).parse(Done(0, forged, b""))
    assert len(rows) == len(squeue.Squeue(NONCE).parse(case.done))


def test_every_state_has_a_compact_form_of_its_own() -> None:
    assert len({one.compact for one in STATES.values()}) == len(STATES) == 24
    assert all(meaning(one.compact) is one for one in STATES.values())
