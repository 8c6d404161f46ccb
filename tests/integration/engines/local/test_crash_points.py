"""The shepherd is killed again and again while short tasks run: each runs once, and its ending is told."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from headgate.core.errors import EngineUnavailable
from headgate.ports.engine import Accepted, Ended, Ending, Uncertain
from tests.integration.engines.local.rig import Rig, shepherd_of

TASKS = 600
KILLS = 8


class Dispatcher:
    """What a dispatcher does, in small: it keeps its intents, and looks them up before it repeats them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.todo = list(range(TASKS))
        self.open: dict[int, dict[int, int]] = {}
        self.lanes: dict[int, int] = {}
        self.endings: dict[int, Ended] = {}
        self.watermark = 0
        self.intents = 0

    async def fill(self) -> None:
        for lane in (1, 2):
            while self.todo and sum(1 for intent in self.open if self.lanes[intent] == lane) < 3:
                numbers, self.todo = self.todo[:12], self.todo[12:]
                self.intents += 1
                self.open[self.intents] = dict(enumerate(numbers))
                self.lanes[self.intents] = lane
                launches = [self.rig.launch(f"echo {number} >>runs; exit {number % 5}") for number in numbers]
                submission = self.rig.submission(*launches, lane=lane, intent=self.intents)
                (answer,) = await self.rig.engine.submit([submission])
                assert isinstance(answer, Accepted | Uncertain)
                if isinstance(answer, Uncertain):
                    raise EngineUnavailable(answer.reason)

    async def look(self) -> None:
        sightings = await self.rig.engine.observe(self.watermark)
        self.watermark = sightings.watermark
        for sighting in sightings.seen:
            items = self.open.get(sighting.intent, {})
            if isinstance(sighting, Ended) and sighting.instance in items:
                number = items.pop(sighting.instance)
                assert number not in self.endings
                self.endings[number] = sighting
                if not items:
                    del self.open[sighting.intent]

    async def reconcile(self) -> None:
        await self.rig.reopen()
        found = await self.rig.engine.find({intent: f"test-{intent}" for intent in self.open})
        for intent, items in list(self.open.items()):
            assert found[intent].certain
            for instance in set(items) - found[intent].taken:
                self.todo.append(items.pop(instance))
            if not items:
                del self.open[intent]


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_task_runs_once_whenever_the_shepherd_is_killed(rig: Rig, seed: int) -> None:
    chance = random.Random(seed)
    dispatcher = Dispatcher(rig)
    kills = 0
    (rig.work / "runs").touch()
    (rig.work / "runs").chmod(0o666)
    kill_at = time.monotonic() + chance.random() * 0.05
    while len(dispatcher.endings) < TASKS:
        try:
            await dispatcher.fill()
            await dispatcher.look()
            if kills < KILLS and time.monotonic() > kill_at:
                rig.note()
                os.kill(shepherd_of(rig.directory), signal.SIGKILL)
                kills += 1
        except EngineUnavailable:
            await dispatcher.reconcile()
            kill_at = time.monotonic() + chance.random() * 0.05
    assert kills >= KILLS // 2
    ran = Counter(int(line) for line in (rig.work / "runs").read_text().split())
    for number, ended in dispatcher.endings.items():
        assert (ended.ending, ended.exit_code) == (Ending.EXITED, number % 5)
    assert ran == Counter(range(TASKS))
