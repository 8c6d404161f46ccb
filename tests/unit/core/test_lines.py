"""core/lines.py: lines of jobs, and what runs in queues."""

import pytest
from msgspec.structs import replace

from headgate.core.lines import BEGUN as RUNS
from headgate.core.lines import Line, Usage, Wait, all_of, line_of, precedence
from headgate.core.model import DEFAULT_PRIORITY, Foreign, Job, JobSpec, Queue, Times
from headgate.core.states import JobState

WAITING = Job(owner="Ann", spec=JobSpec(queue="Normal"), state=JobState.QUEUED, asked_nodes=2)
BEGUN = replace(WAITING, state=JobState.RUNNING, times=Times(started=1))
Q = Queue(name="Normal")


def test_a_job_is_in_the_line_of_its_queue_user_and_nodes_from_its_submission_to_its_end() -> None:
    assert line_of(WAITING) == "q/normal/ann/2"
    assert line_of(BEGUN) == "r/normal/ann/2"
    for state in (JobState.CONFIGURING, JobState.FINISHED, JobState.FAILED, JobState.CANCELED):
        assert line_of(replace(BEGUN, state=state)) == ""
    assert line_of(replace(WAITING, spec=JobSpec())) == ""


def test_a_job_that_is_canceled_before_it_began_does_not_count_as_running() -> None:
    assert line_of(replace(WAITING, state=JobState.CANCELING)).startswith("q/")
    assert line_of(replace(BEGUN, state=JobState.CANCELING)).startswith("r/")


def test_what_waits_in_an_engines_own_queue_counts_as_begun_for_the_limits() -> None:
    sent = replace(WAITING, live=1)
    assert line_of(sent) == "f/normal/ann/2"
    usage = Usage()
    usage.count({line_of(sent): 2})
    waiting = Line.of(line_of(WAITING))
    assert waiting is not None
    found = usage.hindrance(waiting, replace(Q, max_running=2))
    assert found is not None
    assert found.why is Wait.MAX_RUNNING


@pytest.mark.parametrize("owner", ["ann", "domain\\ann", "odd/name", ""])
def test_a_line_reads_as_it_was_written(owner: str) -> None:
    line = Line.of(line_of(replace(BEGUN, owner=owner)))
    assert line == Line(True, "normal", owner, 2)
    assert line_of(replace(BEGUN, owner=owner)).startswith(all_of("NORMAL", kind=RUNS))


def test_without_a_queue_a_job_stands_where_the_default_priority_is() -> None:
    high = Queue(name="High", priority=3000)
    assert precedence(None, {"high": high}) == DEFAULT_PRIORITY
    assert precedence(Line(False, "high", "ann", 1), {"high": high}) == 3000
    assert precedence(Line(False, "gone", "ann", 1), {"high": high}) == DEFAULT_PRIORITY


def usage(**lines: int) -> Usage:
    made = Usage()
    made.count({f"r/normal/{name.replace('_', '/')}": count for name, count in lines.items()})
    return made


@pytest.mark.parametrize(
    ("queue", "why"),
    [
        (Q, None),
        (replace(Q, max_running=4), None),
        (replace(Q, max_running=3), Wait.MAX_RUNNING),
        (replace(Q, max_running=0), Wait.MAX_RUNNING),
        (replace(Q, max_running_per_user=3), None),
        (replace(Q, max_running_per_user=2), Wait.MAX_RUNNING_PER_USER),
        (replace(Q, max_nodes_running=8), None),
        (replace(Q, max_nodes_running=7), Wait.MAX_NODES_RUNNING),
        (replace(Q, started=False), Wait.NOT_STARTED),
        (None, Wait.GONE),
    ],
)
def test_a_line_waits_for_exactly_the_limit_that_one_more_job_would_exceed(
    queue: Queue | None, why: Wait | None
) -> None:
    """Ann runs one job of 1 node and one of 4, Bob one of 1; Ann's next asks for 2."""
    found = usage(ann_1=1, ann_4=1, bob_1=1).hindrance(Line(False, "normal", "ann", 2), queue)
    assert (None if found is None else found.why) is why
    if found is not None:
        assert "ormal" in found.text


def test_what_has_begun_is_bound_by_no_limit_but_starts_nothing_in_a_stopped_queue() -> None:
    full, line = usage(ann_1=5), Line(True, "normal", "ann", 1)
    assert full.hindrance(line, replace(Q, max_running=1)) is None
    assert full.hindrance(line, None) is None
    stopped = full.hindrance(line, replace(Q, started=False))
    assert stopped is not None
    assert stopped.why is Wait.NOT_STARTED


def test_lines_of_jobs_that_wait_count_for_nothing() -> None:
    made = Usage()
    made.count({"q/normal/ann/1": 100, "": 3})
    assert made == Usage()


def test_a_job_that_was_entered_elsewhere_is_in_no_line() -> None:
    foreign = Foreign(cluster="c", native="7", account="ann", submitted=1)
    assert line_of(replace(WAITING, foreign=foreign)) == line_of(replace(BEGUN, foreign=foreign)) == ""
