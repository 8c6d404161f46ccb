"""engines/slurm/components.py: rows of one job, found again by their comments."""

from typing import Any

import pytest

from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.components import aborted, comment, is_first, together

NAME = "id-1.0-0+0"


def row(job: int, said: str, **more: Any) -> Row:
    fields: dict[str, Any] = dict.fromkeys(Row.__struct_fields__, "")
    fields |= {"job": job, "array": job, "comment": said, "uid": 7, "status": 0, "cpus": 1, "beside": ()}
    return Row(**{**fields, "state": "RUNNING", "reason": "None", "nodes": f"n{job}", **more})


def test_each_component_has_a_comment_of_its_own() -> None:
    assert [comment(NAME, number) for number in (0, 1, 12)] == [NAME, "id-1.0-0+1", "id-1.0-0+12"]
    assert is_first(NAME)
    assert not is_first(comment(NAME, 1))
    assert not is_first("id-1.0-0")


def test_the_row_of_the_first_has_all_the_others_in_their_order() -> None:
    rows = [row(5, comment(NAME, 2)), row(3, NAME), row(4, comment(NAME, 1)), row(9, "other")]
    found = [one for one in together(rows, {NAME}) if one.comment == NAME]
    assert [[other.job for other in one.beside] for one in found] == [[4, 5]]
    assert [one for one in together(rows, {NAME}) if one.comment != NAME] == [rows[0], rows[2], rows[3]]
    assert list(together(rows, ())) == rows


@pytest.mark.parametrize(
    "others",
    [
        [row(4, comment(NAME, 1), uid=8)],
        [row(2, comment(NAME, 1))],
        [row(4, comment(NAME, 2))],
        [row(4, "id-1.0-0+x")],
        [row(4, "id-2.0-0+1")],
    ],
    ids=["another owner's", "of a submission before", "a gap", "no number", "another job's"],
)
def test_what_does_not_follow_the_first_is_none_of_it(others: list[Row]) -> None:
    assert next(one for one in together([*others, row(3, NAME)], {NAME}) if one.comment == NAME).beside == ()


def test_of_two_with_one_comment_the_one_that_was_submitted_with_it_counts() -> None:
    rows = [row(9, comment(NAME, 1)), row(4, comment(NAME, 1)), row(3, NAME)]
    (found,) = (one for one in together(rows, {NAME}) if one.comment == NAME)
    assert [one.job for one in found.beside] == [4]


def test_it_waits_for_the_first_reason_that_any_component_has() -> None:
    rows = [row(3, NAME, reason="None"), row(4, comment(NAME, 1), reason="BadConstraints")]
    assert next(together(rows, {NAME})).reason == "BadConstraints"


def test_what_a_refusal_leaves_is_told_from_what_was_cancelled() -> None:
    """As 22.05.8 showed both."""
    left = row(4, NAME, state="CANCELLED", status=1, nodes="")
    assert aborted(left)
    assert not aborted(row(4, NAME, state="CANCELLED", status=0, nodes="", reason="JobHeldUser"))
    assert not aborted(row(4, NAME, state="CANCELLED", status=15))
