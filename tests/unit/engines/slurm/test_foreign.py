"""engines/slurm/foreign.py: rows of squeue as jobs of others."""

from typing import Any

import pytest

from headgate.core.launch import NodeShare
from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.foreign import foreign
from headgate.engines.slurm.indices import indices
from headgate.ports.engine import Ending, ForeignElements, ForeignJob, ForeignStage


def row(state: str, **more: Any) -> Row:
    fields: dict[str, Any] = dict.fromkeys(Row.__struct_fields__, "")
    fields |= dict.fromkeys(("uid", "status", "restarts", "priority"), 0)
    fields |= {"job": 7, "array": 7, "tasks": None, "state": state, "reason": "None", "cpus": 2, "beside": ()}
    fields |= {"node_count": 1, "limit_s": 60, "submitted": 5, "user": "ann", "name": "x", "partition": "p"}
    return Row(**{**fields, "started": 10, "ended": 20, "nodes": "n1", **more})


def element(state: str, which: str, **more: Any) -> Row:
    return row(state, tasks=indices(which), **more)


def only(*rows: Row) -> ForeignJob:
    (found,) = foreign(rows, "id-", (), "c")[0].values()
    return found


def test_a_row_tells_whose_job_it_is_what_it_asks_for_and_when() -> None:
    found = only(row("RUNNING", account="bio", comment="mine", restarts=1))
    assert found.key == "c/7"
    assert (found.account, found.name, found.queue, found.charged) == ("ann", "x", "p", "bio")
    assert (found.cores, found.nodes, found.wall_time_s, found.restarts) == (2, 1, 60, 1)
    assert (found.submitted, found.started, found.ended) == (5_000_000, 10_000_000, None)
    assert found.shares == (NodeShare("n1", (0, 1), 2),)


def test_of_what_waits_slurm_only_guesses_the_start() -> None:
    found = only(row("PENDING", nodes=""))
    assert (found.stage, found.started, found.ended) == (ForeignStage.WAITING, None, None)


@pytest.mark.parametrize(
    ("state", "more", "ending"),
    [
        ("COMPLETED", {}, Ending.EXITED),
        ("FAILED", {"status": 3 << 8}, Ending.EXITED),
        ("FAILED", {"status": 9}, Ending.SIGNALED),
        ("TIMEOUT", {}, Ending.WALL_TIME),
        ("CANCELLED", {}, Ending.STOPPED),
        ("CANCELLED", {"nodes": ""}, Ending.NEVER_STARTED),
        ("NODE_FAIL", {}, Ending.LOST),
    ],
)
def test_it_ended_as_slurm_says(state: str, more: dict[str, Any], ending: Ending) -> None:
    found = only(row(state, **more))
    assert (found.stage, found.ending, found.ended) == (ForeignStage.OVER, ending, 20_000_000)
    assert (found.started is None) == (ending is Ending.NEVER_STARTED)


def test_a_state_that_nobody_knows_ends_nothing() -> None:
    assert only(row("REVOKED")).stage is ForeignStage.RUNNING
    assert only(row("NEW_IN_24", nodes="")).stage is ForeignStage.WAITING
    assert only(row("COMPLETING", status=9)).stage is ForeignStage.RUNNING


def test_a_comment_that_begins_like_our_tags_is_no_job_of_others_another_installations_is() -> None:
    ours, theirs = row("RUNNING", comment="id-3.0-0"), row("RUNNING", job=8, array=8, comment="ix-3.0-0")
    assert list(foreign([ours, theirs], "id-", (), "c")[0]) == ["c/8"]


def test_a_job_that_we_have_in_hand_is_ours_whatever_its_comment_says() -> None:
    assert not foreign([row("RUNNING", comment="changed")], "id-", {7}, "c")[0]


def test_the_rows_of_an_array_are_one_job() -> None:
    found = only(
        element("PENDING", "[5-7]", nodes="", reason="Resources"),
        element("RUNNING", "4", job=9),
        element("COMPLETED", "1", job=10, started=8),
        element("FAILED", "2", job=11, status=256),
        element("CANCELLED", "3", job=12, nodes=""),
    )
    assert found.elements == ForeignElements(
        waiting=frozenset({5, 6, 7}),
        running=frozenset({4}),
        finished=frozenset({1}),
        failed=frozenset({2}),
        canceled=frozenset({3}),
    )
    assert (found.native, found.stage, found.started) == ("7", ForeignStage.RUNNING, 8_000_000)


def test_an_array_waits_until_its_first_element_and_is_over_with_its_last() -> None:
    assert only(element("PENDING", "[0-9]", nodes="")).stage is ForeignStage.WAITING
    over = only(element("COMPLETED", "0", ended=30), element("FAILED", "1", job=8, status=256, ended=25))
    assert (over.stage, over.ended) == (ForeignStage.OVER, 30_000_000)


def test_reasons_are_told_of_those_that_wait() -> None:
    rows = [
        row("PENDING", reason="Priority"),
        row("RUNNING", job=8, array=8, reason="None"),
        element("PENDING", "[1-2]", job=9, array=9, reason="Dependency"),
    ]
    assert foreign(rows, "id-", (), "c")[1] == {"c/7": "Slurm: Priority", "c/9": "Slurm: Dependency"}
