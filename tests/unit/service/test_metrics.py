"""service/metrics.py: what is measured, now and over the last week."""

import pytest

from headgate.core.errors import BadRequest
from headgate.core.figures import Figure, Sample
from headgate.core.model import Intent, Share
from headgate.core.states import JobState
from headgate.ports.store import Transaction
from headgate.service import metrics
from headgate.service.metrics import Metrics, cores_in_use
from tests.unit.dispatcher.story import ALICE, Story, basic

MINUTE = metrics.US_OF_A_MINUTE


async def sample(story: Story, **values: float) -> int:
    """A sample of the CPU's use, a minute after the one before; its time."""
    story.clock.advance(60)
    await story.store.write(lambda tx: tx.add_samples({Figure.CPU_USAGE: values}))
    return story.clock.now()


def an_intent(node: str, *cores: int) -> Intent:
    return Intent(job_id=1, task=1, instances=(1,), lane=1, shares=(Share(node, cores),), engine="local")


def test_cores_that_several_runs_share_are_in_use_once() -> None:
    intents = [an_intent("n1", 0, 1), an_intent("n1", 1), an_intent("gone", 3)]
    assert cores_in_use(["n1", "n2"], intents) == {"n1": 2.0, "n2": 0.0}


async def test_a_figure_is_told_while_it_is_fresh(story: Story) -> None:
    told = Metrics(story.store, story.clock.now)
    await sample(story, n1=50.0)
    assert await told.current(ALICE, [Figure.CPU_USAGE]) == {"n1": {Figure.CPU_USAGE: 50.0}}
    story.clock.advance(metrics.FRESH_US / 1e6 + 1)
    assert await told.current(ALICE, [Figure.CPU_USAGE]) == {"n1": {}}


async def test_cores_in_use_are_those_of_now(story: Story) -> None:
    await story.job(basic("wait", min_cores=3, max_cores=3))
    await story.settle()
    told = Metrics(story.store, story.clock.now)
    assert await told.current(ALICE, [Figure.CORES_IN_USE]) == {"n1": {Figure.CORES_IN_USE: 3.0}}


async def test_nothing_is_known_of_a_node_that_is_not_reachable(story: Story) -> None:
    await sample(story, n1=50.0)
    story.engine.machines = []
    await story.restart()
    told = Metrics(story.store, story.clock.now)
    assert await told.current(ALICE, list(Figure)) == {"n1": {}}


async def test_a_history_has_what_was_measured_and_no_more(story: Story) -> None:
    first = await sample(story, n1=1.0, N0=7.0)
    second = await sample(story, n1=2.0)
    third = await sample(story, n1=3.0)
    told = Metrics(story.store, story.clock.now)
    found = await told.history(ALICE, Figure.CPU_USAGE, first, second)
    assert [(one.name, list(one.values)) for one in found] == [
        ("N0", [(first, 7.0)]),
        ("n1", [(first, 1.0), (second, 2.0)]),
    ]
    assert await told.history(ALICE, Figure.NETWORK, first, third) == []
    assert await told.history(ALICE, Figure.CPU_USAGE, third + 1, third + 1) == []
    with pytest.raises(BadRequest):
        await told.history(ALICE, Figure.CPU_USAGE, third, first)


async def test_a_long_history_is_thinned_to_means(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_VALUES", 10)
    monkeypatch.setattr(metrics, "_TOGETHER", 7)
    begin = story.clock.now()
    for value in range(40):
        await sample(story, n1=float(value))
    told = Metrics(story.store, story.clock.now)
    (found,) = await told.history(ALICE, Figure.CPU_USAGE, begin, story.clock.now())
    values = [value for _, value in found.values]
    assert len(values) in (10, 11)
    assert values == sorted(values)
    assert [at for at, _ in found.values] == sorted(at for at, _ in found.values)


def test_thinning_keeps_the_sum_of_each_stretch() -> None:
    sums: dict[str, dict[int, tuple[int, float, int]]] = {}
    for minute, value in enumerate((2.0, 4.0, 10.0)):
        metrics._add(sums, Sample(minute * MINUTE, {"n": value}), 2)
    assert list(sums["n"].values()) == [(0, 6.0, 2), (2 * MINUTE, 10.0, 1)]


async def test_jobs_are_counted_by_how_they_ended_within_a_week(story: Story) -> None:
    good = await story.job(basic("true"))
    bad = await story.job(basic("exit 3"))
    await story.settle()
    assert (story.state(good), story.state(bad)) == ("FINISHED", "FAILED")
    hour = story.clock.now() // metrics.US_OF_AN_HOUR * metrics.US_OF_AN_HOUR
    told = Metrics(story.store, story.clock.now)
    first, last, counts = await told.jobs(ALICE)
    assert first % metrics.US_OF_AN_HOUR == 0
    assert last - metrics.KEPT_US <= first <= last
    assert counts == {
        JobState.FINISHED: [(hour, 1)],
        JobState.FAILED: [(hour, 1)],
        JobState.CANCELED: [],
    }
    story.clock.advance(8 * 86400)
    _, _, later = await told.jobs(ALICE)
    assert not any(later.values())


async def test_a_removed_job_still_counts(story: Story) -> None:
    await story.job(basic("true"))
    await story.settle()

    def remove(tx: Transaction) -> int:
        return tx.remove_ended(before=tx.now + 1, limit=9)

    await story.store.write(remove)
    _, _, counts = await Metrics(story.store, story.clock.now).jobs(ALICE)
    assert len(counts[JobState.FINISHED]) == 1
