"""dialects/soca/listing.py: spec soca, 4.5."""

import pytest

from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.listing import wanted


def job(state: str = "Q", queue: str = "normal", name: str = "a") -> dict[str, str]:
    return {"job_state": state, "queue": queue, "Job_Name": name, "project": "p"}


def test_without_filters_every_job_is_wanted() -> None:
    asked = wanted({}, history=False)
    assert (asked.user, asked.since, asked.history) == (None, None, False)
    assert all(asked.takes(job(state)) for state in "QRHF")
    assert not asked.full


def test_filters_all_have_to_hold() -> None:
    asked = wanted({"state": "q, R", "queue": "high", "since": "5", "user": "ada"}, history=False)
    assert (asked.user, asked.since) == ("ada", 5_000_000)
    assert asked.takes(job("R", "high"))
    assert not asked.takes(job("H", "high"))
    assert not asked.takes(job("Q", "normal"))


def test_offset_and_limit_count_what_fits() -> None:
    asked = wanted({"offset": "1", "limit": "2", "queue": "high"}, history=False)
    taken = [asked.takes(job(queue=queue, name=str(n))) for n, queue in enumerate(["high", "low"] * 4)]
    assert taken == [False, False, True, False, True, False, False, False]
    assert asked.full


@pytest.mark.parametrize("given", [{"state": "Z"}, {"limit": "-1"}, {"offset": "x"}, {"since": "-5"}])
def test_a_filter_that_is_none_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Failure):
        wanted(given, history=False)
