"""dispatcher/measuring.py: a sample a minute, of what the engine knows and of what was handed out."""

import asyncio
from collections.abc import Mapping

import pytest

from headgate.core.errors import EngineUnavailable
from headgate.core.figures import Figure, Figures, Sample
from headgate.core.vocabulary import NodeState
from headgate.dispatcher import measuring
from headgate.dispatcher.measuring import Measuring
from headgate.service.metrics import KEPT_US
from headgate.service.operations import Operations
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic

DAY_S = 86400.0


class Gauge:
    """Says what it is told to."""

    def __init__(self, **figures: Figures) -> None:
        self.answer: Mapping[str, Figures] | Exception = figures
        self.asked = 0
        self.asked_again = asyncio.Event()

    async def figures(self) -> Mapping[str, Figures]:
        self.asked += 1
        if self.asked >= 3:
            self.asked_again.set()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def of(story: Story, gauge: Gauge | None) -> Measuring:
    return Measuring(story.store, gauge, story.clock, keep_operations_s=DAY_S)


def last(story: Story, figure: Figure) -> Sample | None:
    return story.store.peek(lambda reader: reader.last_sample(figure))


async def test_what_the_engine_measures_is_kept_by_the_names_of_our_nodes(story: Story) -> None:
    await of(story, Gauge(N1={Figure.CPU_USAGE: 12.5}, other={Figure.CPU_USAGE: 1.0})).measure()
    found = last(story, Figure.CPU_USAGE)
    assert found is not None
    assert found.values == {"n1": 12.5}
    assert last(story, Figure.NETWORK) is None


@pytest.mark.parametrize("gauge", [None, Gauge()])
async def test_cores_in_use_need_no_engine(story: Story, gauge: Gauge | None) -> None:
    await story.job(basic("wait", min_cores=2, max_cores=2))
    await story.settle()
    await of(story, gauge).measure()
    found = last(story, Figure.CORES_IN_USE)
    assert found is not None
    assert found.values == {"n1": 2.0}


async def test_an_engine_that_does_not_answer_leaves_a_gap(story: Story) -> None:
    gauge = Gauge()
    gauge.answer = EngineUnavailable("gone")
    await of(story, gauge).measure()
    assert last(story, Figure.CPU_USAGE) is None
    assert last(story, Figure.CORES_IN_USE) is not None


async def test_old_operations_and_samples_go(story: Story) -> None:
    mine = of(story, Gauge(n1={Figure.CPU_USAGE: 1.0}))
    await mine.measure()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    story.clock.advance(DAY_S + 1)
    await mine.forget_old()
    assert await Operations(story.store).list(ALICE, after=None, before=None, nodes=None) == []
    assert last(story, Figure.CPU_USAGE) is not None
    story.clock.advance(KEPT_US / 1e6)
    await mine.forget_old()
    assert last(story, Figure.CPU_USAGE) is None


async def test_it_measures_until_it_is_stopped_whatever_goes_wrong(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "FIRST_S", 0.001)
    monkeypatch.setattr(measuring, "EVERY_S", 0.001)
    gauge = Gauge()
    gauge.answer = ZeroDivisionError()
    mine = of(story, gauge)
    await mine.start()
    await gauge.asked_again.wait()
    await mine.stop()
    asked = gauge.asked
    await asyncio.sleep(0.01)
    assert gauge.asked == asked
