"""engines/slurm/verdict.py: how a run ended, by Slurm's word and by its record."""

from typing import Any

import pytest

from headgate.core.launch import NodeShare
from headgate.engines.slurm.commands.sacct import Record as Kept
from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.spool import Record
from headgate.engines.slurm.verdict import Facts, judged, placed, rows_of, shares
from headgate.ports.engine import Ended, Ending, Fault


def row(state: str, **more: Any) -> Row:
    fields: dict[str, Any] = dict.fromkeys(Row.__struct_fields__, "")
    fields |= dict.fromkeys(
        ("uid", "status", "restarts", "priority", "node_count", "limit_s", "submitted"), 0
    )
    fields |= {"job": 7, "array": 7, "tasks": None, "state": state, "reason": "None", "cpus": 2, "beside": ()}
    return Row(**{**fields, "started": 10, "ended": 20, "nodes": "n1", **more})


def ended(
    seen: Row | None, record: Record | None = None, *, stopped: bool = False, spooled: bool = True
) -> Ended:
    facts = Facts(intent=3, instance=1, native="7_0", stopped=stopped, spooled=spooled, now=99_000_000)
    return judged(facts, seen, record, b"out")


BEGUN = Record(began_at=11_000_000, job=7)
WELL = Record(began_at=11_000_000, job=7, whole=True, ended_at=12_000_000, code=0)


def test_a_whole_record_says_how_and_when() -> None:
    found = ended(row("COMPLETED"), WELL)
    assert (found.ending, found.exit_code, found.started_at, found.at) == (
        Ending.EXITED, 0, 11_000_000, 12_000_000,
    )  # fmt: skip
    assert (found.output, found.shares) == (b"out", (NodeShare("n1", (0, 1), 2),))


def test_a_record_alone_is_enough_where_slurm_has_forgotten_the_job() -> None:
    assert ended(None, WELL).ending is Ending.EXITED


@pytest.mark.parametrize(
    ("record", "stopped", "expected"),
    [
        (Record(began_at=1, job=7, whole=True, code=None, signal=9), False, Ending.SIGNALED),
        (Record(began_at=1, job=7, whole=True, code=None, signal=2), True, Ending.STOPPED),
        (Record(began_at=1, job=7, whole=True, signal=9, over=True), False, Ending.WALL_TIME),
        (Record(began_at=1, job=7, whole=True, fault=Fault.STDIN, reason="x"), False, Ending.NOT_STARTABLE),
    ],
)
def test_the_record_knows_why(record: Record, stopped: bool, expected: Ending) -> None:
    assert ended(row("FAILED"), record, stopped=stopped).ending is expected


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("NODE_FAIL", {}, (Ending.LOST, None, None)),
        ("PREEMPTED", {}, (Ending.LOST, None, None)),
        ("TIMEOUT", {"status": 15}, (Ending.WALL_TIME, None, 15)),
        ("OUT_OF_MEMORY", {}, (Ending.SIGNALED, None, 9)),
        ("CANCELLED", {"status": 15}, (Ending.STOPPED, None, 15)),
        ("FAILED", {"status": 9}, (Ending.SIGNALED, None, 9)),
    ],
)
def test_without_a_whole_record_slurm_is_believed(
    state: str, more: dict[str, Any], expected: tuple[Ending, int | None, int | None]
) -> None:
    found = ended(row(state, **more), BEGUN)
    assert (found.ending, found.exit_code, found.signal) == expected
    assert found.started_at == 11_000_000


def test_a_node_that_was_lost_is_a_reason_to_run_it_again() -> None:
    assert ended(row("NODE_FAIL"), BEGUN).fault is Fault.REBOOT


@pytest.mark.parametrize(("status", "code", "signal"), [(7 << 8, 7, None), (9, None, 9), (0, 0, None)])
def test_where_no_records_are_kept_slurms_status_is_all_there_is(
    status: int, code: int | None, signal: int | None
) -> None:
    found = ended(row("FAILED" if status else "COMPLETED", status=status), spooled=False)
    assert (found.exit_code, found.signal, found.started_at) == (code, signal, 10_000_000)


@pytest.mark.parametrize(("stopped", "expected"), [(True, Ending.NEVER_STARTED), (False, Ending.STOPPED)])
def test_one_that_is_cancelled_while_it_waits_never_ran(stopped: bool, expected: Ending) -> None:
    for spooled in (True, False):
        found = ended(row("CANCELLED", nodes=""), stopped=stopped, spooled=spooled)
        assert (found.ending, found.started_at) == (expected, None)
    assert ended(row("CANCELLED"), stopped=stopped).ending is expected


def test_a_node_that_makes_no_record_runs_nothing() -> None:
    found = ended(row("FAILED", status=125 << 8))
    assert (found.ending, found.started_at) == (Ending.NOT_STARTABLE, None)
    assert "node n1" in found.reason


TERMINATED = Record(began_at=11_000_000, job=7, whole=True, ended_at=12_000_000, signal=15)
SAVED = Record(began_at=11_000_000, job=7, whole=True, ended_at=12_000_000, code=0, told=True)


@pytest.mark.parametrize("record", [TERMINATED, SAVED])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PREEMPTED", (Ending.LOST, Fault.REBOOT)),
        ("NODE_FAIL", (Ending.LOST, Fault.REBOOT)),
        ("CANCELLED", (Ending.STOPPED, Fault.NONE)),
        ("TIMEOUT", (Ending.WALL_TIME, Fault.NONE)),
        ("DEADLINE", (Ending.STOPPED, Fault.NONE)),
    ],
)
def test_slurm_knows_why_it_ended_a_run_that_ended_as_it_was_told(
    record: Record, state: str, expected: tuple[Ending, Fault]
) -> None:
    found = ended(row(state), record)
    assert (found.ending, found.fault) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PREEMPTED", (Ending.LOST, Fault.REBOOT)),
        ("CANCELLED", (Ending.STOPPED, Fault.NONE)),
        ("TIMEOUT", (Ending.WALL_TIME, Fault.NONE)),
        ("DEADLINE", (Ending.STOPPED, Fault.NONE)),
    ],
)
def test_a_run_that_ends_well_at_the_moment_at_which_slurm_ends_it_was_told_to(
    state: str, expected: tuple[Ending, Fault]
) -> None:
    """Slurm signals the program first, and the shell that notes signals later: by then, on a busy node, the
    program may be gone and its exit code noted. Slurm's times are whole seconds.
    """
    for ended_at in (20_155_000, 20_999_000, 19_990_000):  # the last: the clock of the node is slow
        unheard = Record(began_at=11_000_000, job=7, whole=True, ended_at=ended_at, code=0)
        found = ended(row(state), unheard)
        assert (found.ending, found.fault) == expected
    assert ended(row(state), WELL).ending is Ending.EXITED
    unheard = Record(began_at=11_000_000, job=7, whole=True, ended_at=20_155_000, code=0)
    assert ended(row("NODE_FAIL"), unheard).ending is Ending.EXITED


def test_a_run_that_ends_well_at_the_moment_at_which_it_is_put_back_was_told_to() -> None:
    again = row("CANCELLED", restarts=1, nodes="", submitted=20)
    for ended_at, expected in ((20_155_000, Ending.LOST), (12_000_000, Ending.EXITED)):
        unheard = Record(began_at=11_000_000, job=7, whole=True, ended_at=ended_at, code=0)
        assert ended(again, unheard).ending is expected


def test_a_run_that_ended_by_itself_when_its_node_was_lost_has_ended() -> None:
    found = ended(row("NODE_FAIL"), WELL)
    assert (found.ending, found.exit_code) == (Ending.EXITED, 0)


def test_memory_that_ran_out_is_said_whatever_the_program_made_of_it() -> None:
    found = ended(row("OUT_OF_MEMORY", status=125), WELL)
    assert (found.ending, found.signal, found.exit_code) == (Ending.SIGNALED, 9, None)
    assert "memory" in found.reason


@pytest.mark.parametrize(
    "seen", [row("CANCELLED", restarts=1, nodes=""), row("FAILED", restarts=1, status=125 << 8)]
)
def test_what_slurm_has_put_back_into_its_queue_is_lost_and_may_run_again(seen: Row) -> None:
    for record in (BEGUN, TERMINATED):
        found = ended(seen, record)
        assert (found.ending, found.fault) == (Ending.LOST, Fault.REBOOT)
    assert ended(seen, WELL).ending is Ending.EXITED


@pytest.mark.parametrize("record", [BEGUN, None])
def test_the_wrapper_ends_as_its_program_did_where_no_record_says_so(record: Record | None) -> None:
    for status, code in ((0, 0), (7 << 8, 7)):
        found = ended(row("FAILED" if status else "COMPLETED", status=status), record)
        assert (found.ending, found.exit_code) == (Ending.EXITED, code)


def test_a_record_from_the_future_is_no_later_than_now() -> None:
    later = Record(began_at=10**20, job=7, whole=True, ended_at=10**20, code=0)
    found = ended(row("COMPLETED"), later)
    assert (found.started_at, found.at) == (99_000_000, 99_000_000)


def test_what_nobody_knows_is_lost_and_not_run_again() -> None:
    for record, spooled in ((BEGUN, True), (None, False)):
        found = ended(None, record, spooled=spooled)
        assert (found.ending, found.fault) == (Ending.LOST, Fault.SUPERVISION)
    never = ended(None, None)
    assert (never.ending, never.started_at) == (Ending.NOT_STARTABLE, None)
    assert ended(None, None, stopped=True).ending is Ending.NEVER_STARTED


def test_what_slurm_had_and_lost_before_it_ran_is_given_to_it_again() -> None:
    facts = Facts(intent=3, instance=1, native="7", stopped=False, spooled=True, vanished=True, now=1)
    assert judged(facts, None, None, b"").ending is Ending.NEVER_STARTED
    assert judged(facts, None, BEGUN, b"").ending is Ending.LOST


def test_cores_are_spread_evenly_over_the_nodes() -> None:
    assert [(share.node, len(share.cores)) for share in shares("n[1-3]", 8)] == [
        ("n1", 3), ("n2", 3), ("n3", 2),
    ]  # fmt: skip
    assert shares("", 4) == ()


def test_a_job_of_several_components_has_the_nodes_of_all_and_one_of_two_once() -> None:
    first = row("COMPLETED", nodes="n[1-2]", cpus=4)
    whole = row("COMPLETED", nodes="n[1-2]", cpus=4, beside=(row("COMPLETED", nodes="n[2-3]", cpus=2), first))
    assert [(one.node, len(one.cores)) for one in placed(whole)] == [("n1", 4), ("n2", 5), ("n3", 1)]
    assert placed(first) == shares("n[1-2]", 4)
    assert ended(whole, WELL).shares == placed(whole)


def kept(component: int | None, own: str, nodes: str) -> Kept:
    fields: dict[str, Any] = dict.fromkeys(Kept.__struct_fields__, "")
    fields |= dict.fromkeys(("code", "signal", "started", "ended", "submitted", "uid"), 0)
    fields |= {"array": 7, "tasks": None, "own": own, "state": "COMPLETED", "nodes": nodes}
    return Kept(**{**fields, "component": component})


def test_what_accounting_has_of_components_is_one_row_wherever_the_first_stands() -> None:
    (found,) = rows_of([kept(1, "8", "n2"), kept(0, "7", "n1"), kept(2, "9", "n3")])
    assert (found.job, found.array, found.nodes) == (7, 7, "n1")
    assert [(one.job, one.array, one.nodes) for one in found.beside] == [(8, 8, "n2"), (9, 9, "n3")]
    assert [one.beside for one in rows_of([kept(None, "7", "n1")])] == [()]
