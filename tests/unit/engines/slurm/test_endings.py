"""engines/slurm/endings.py: what was asked to end is ended, and nobody waits for somebody else's."""

import asyncio
from collections.abc import Sequence

import pytest

from headgate.core.errors import EngineUnavailable
from headgate.engines.slurm import endings
from headgate.engines.slurm.commands.scancel import Target
from headgate.engines.slurm.endings import Endings
from headgate.engines.slurm.parts import Part, Stop
from headgate.engines.slurm.states import Stage


class FakeCluster:
    """hang, refuse: accounts. asked: what was ended as whom, and with which signal."""

    def __init__(self) -> None:
        self.hang: set[str] = set()
        self.refuse: set[str] = set()
        self.asked: list[tuple[str, int, str]] = []

    async def cancel(self, targets: Sequence[Target], *, signal: str = "", account: str = "") -> None:
        self.asked += [(account, one.job, signal) for one in targets]
        if account in self.hang:
            await asyncio.Event().wait()
        if account in self.refuse:
            raise EngineUnavailable("no rule")


class Desk:
    """Endings of parts that run."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.done = 0
        self.endings = Endings(self.cluster, self._done)  # type: ignore[arg-type]  # as much as it needs
        self.stages: dict[tuple[str, int], Stage] = {}
        self.endings.stages = self.stages

    def _done(self) -> None:
        self.done += 1

    def part(self, account: str, job: int, *, signal: str = "", stage: Stage = Stage.RUNNING) -> Part:
        """One that was asked to end: by a signal first, or at once."""
        made = Part(f"t{job}", f"t{job}", job, (0,), 1000, account, job)
        made.stops[0] = Stop(forced=not signal, kill_at=1e12 if signal else 0.0, signal=signal)
        self.stages[made.name, 0] = stage
        return made

    async def enforce(self, *parts: Part) -> None:
        await self.endings.enforce(parts)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_runs_hears_its_signal_once_and_what_waits_is_ended_at_once(desk: Desk) -> None:
    runs, waits = desk.part("", 1, signal="INT"), desk.part("", 2, signal="INT", stage=Stage.WAITING)
    for _ in range(2):
        await desk.enforce(runs, waits)
    assert desk.cluster.asked == [("", 1, "INT"), ("", 2, "")]
    assert desk.done == 1


async def test_what_is_missing_is_not_ended_as_its_id_may_be_somebody_elses(desk: Desk) -> None:
    part = desk.part("", 1)
    part.missing[0] = 1.0
    await desk.enforce(part)
    assert not desk.cluster.asked


async def test_what_was_put_back_is_ended_without_anybody_asking(desk: Desk) -> None:
    part = desk.part("ann", 1)
    part.stops.clear()
    await desk.endings.enforce([part], {part.name: [0]})
    await asyncio.sleep(0)
    assert desk.cluster.asked == [("ann", 1, "")]


async def test_a_scancel_that_hangs_holds_up_its_own_account_alone(desk: Desk) -> None:
    desk.cluster.hang = {"ann"}
    await desk.enforce(desk.part("ann", 1), desk.part("bob", 2))
    await desk.enforce(desk.part("ann", 3), desk.part("bob", 4))
    assert desk.cluster.asked == [("ann", 1, ""), ("bob", 2, ""), ("bob", 4, "")]
    await desk.endings.close()


async def test_what_may_not_be_ended_is_said_and_tried_again_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "AGAIN_S", 0.05)
    desk.cluster.refuse = {"ann"}
    hers, his = desk.part("ann", 1), desk.part("bob", 2)
    for _ in range(3):
        await desk.enforce(hers, his)
    assert desk.cluster.asked == [("ann", 1, ""), ("bob", 2, "")]
    assert "no rule" in desk.endings.trouble(hers)
    assert not desk.endings.trouble(his)
    desk.cluster.refuse.clear()
    await asyncio.sleep(0.06)
    await desk.enforce(hers)
    assert desk.cluster.asked[2:] == [("ann", 1, "")]
    assert not desk.endings.trouble(hers)


async def test_as_the_server_what_fails_is_told_to_whoever_asked(desk: Desk) -> None:
    desk.cluster.refuse = {""}
    with pytest.raises(EngineUnavailable):
        await desk.endings.enforce([desk.part("", 1)])


async def test_what_hangs_beside_is_waited_for_a_little_and_not_begun_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "PATIENCE_S", 0.01)
    begun = []

    async def hangs(name: str) -> None:
        begun.append(name)
        await asyncio.Event().wait()

    for name in ("first", "second"):
        with pytest.raises(EngineUnavailable, match="'ann'"):
            await desk.endings.beside("ann", hangs(name))
    assert begun == ["first"]
    await desk.endings.close()


async def test_what_ends_beside_in_time_is_as_if_it_had_been_waited_for(desk: Desk) -> None:
    async def works() -> None:
        begun.append("works")

    async def fails() -> None:
        raise EngineUnavailable("no rule")

    begun: list[str] = []
    for account in ("", "ann"):
        await desk.endings.beside(account, works())
        with pytest.raises(EngineUnavailable, match="no rule"):
            await desk.endings.beside(account, fails())
    assert begun == ["works"] * 2
