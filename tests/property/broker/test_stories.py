"""Whatever is sent, read, put back and killed, in whatever order: each request of a batch has exactly one
answer, and a reader gets each of them exactly once.
"""

import asyncio
import random
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.soa import ReadEnd
from tests.unit.broker.desk import Desk, FakeHost, ids, settle

DEEDS = (
    "send",
    "send",
    "repeat",
    "host",
    "answer",
    "answer",
    "answer",
    "die",
    "leave",
    "recall",
    "read",
    "reset",
)


class Story:
    """One batch, and what befalls it."""

    def __init__(self, desk: Desk, dice: random.Random) -> None:
        self.desk = desk
        self.dice = dice
        self.hosts: list[FakeHost] = []
        self.sent: list[str] = []
        self.had: list[str] = []
        """What the reads since the last reset have given."""

    async def tell(self, deeds: list[str]) -> None:
        for deed in deeds:
            await getattr(self, deed)()
            await settle()
        await self.end()

    async def send(self) -> None:
        texts = [f"{len(self.sent) + n}" for n in range(self.dice.choice((1, 2, 30, 200)))]
        self.sent += texts
        await self.desk.send(*texts)

    async def repeat(self) -> None:
        if self.sent:
            await self.desk.send(*self.dice.sample(self.sent, min(5, len(self.sent))))

    async def host(self) -> None:
        self.hosts.append(await self.desk.host(self.dice.choice((1, 1, 4))))

    async def answer(self) -> None:
        for one in self.hosts:
            await one.answer(self.dice.choice((1, 5, 50)))

    async def die(self) -> None:
        if self.hosts:
            await self.hosts.pop(self.dice.randrange(len(self.hosts))).die()

    async def leave(self) -> None:
        """A host is told to go, and is gone before it has answered."""
        if self.hosts:
            host = self.hosts.pop(0)
            host.link.leave()
            await host.die()

    async def recall(self) -> None:
        from headgate.formats.soa_link import Returned

        for one in self.hosts:
            kept = one.link.concurrency
            one.say(Returned([task.id for task in one.has[kept:]]))
            one.has = one.has[:kept]

    async def read(self) -> None:
        await self._some(reset=False)

    async def reset(self) -> None:
        if self.desk.session.durable:
            self.had = []
            await self._some(reset=True)

    async def _some(self, *, reset: bool) -> None:
        """Read what is there now."""
        batch = self.desk.session.batches.get("b")
        if batch is None:
            return
        there = batch.answers.count - len(self.had)
        if there <= 0:
            return
        wanted = self.dice.randint(1, there)
        answers, end = await self.desk.read(count=wanted, reset=reset)
        assert len(answers) == wanted
        self.had += ids(answers)
        assert end.count >= wanted

    async def end(self) -> None:
        if not self.sent:
            return
        await self.desk.commit()
        self.desk.session.crew._deaths = 0
        last = await self.desk.host(8)
        while self.desk.session.load:
            for one in [*self.hosts, last]:
                await one.answer(9999)
        await self.desk.kept()
        answers, _ = await self.desk.read()
        assert sorted([*self.had, *ids(answers)]) == sorted(self.sent)


@given(
    deeds=st.lists(st.sampled_from(DEEDS), max_size=30),
    seed=st.integers(0, 2**16),
    durable=st.booleans(),
    memory=st.sampled_from((0, 3000, 1 << 20)),
)
def test_each_request_has_one_answer(deeds: list[str], seed: int, durable: bool, memory: int) -> None:
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(
                Path(folder),
                memory=memory,
                retries=10**6,
                durable=durable,
                throttle_start=10**6,
                throttle_stop=10**6,
            )
            try:
                await Story(desk, random.Random(seed)).tell(deeds)
            finally:
                await desk.close()

    asyncio.run(story())


@given(
    moves=st.lists(
        st.tuples(st.integers(1, 40), st.booleans(), st.sampled_from(("", "a", "b"))), max_size=12
    ),
    durable=st.booleans(),
)
def test_reads_by_action_and_resets_hand_out_each_answer_once(
    moves: list[tuple[int, bool, str]], durable: bool
) -> None:
    """Since the last reset, of all kinds of reads together."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder), durable=durable, memory=500)
            try:
                await desk.send(*(f"a{n}" for n in range(40)), action="a")
                await desk.send(*(f"b{n}" for n in range(40)), action="b")
                await desk.commit()
                host = await desk.host(99)
                while desk.session.load:
                    await host.answer(7)
                await desk.kept()
                had: list[str] = []
                before: list[str] = []
                gone: set[str] = set()
                for count, reset, action in moves:
                    if reset:
                        had = [] if durable else [one for one in had if one in gone]
                    else:
                        gone |= set(before)
                    answers, end = await desk.read(count=count, reset=reset, action=action)
                    assert isinstance(end, ReadEnd)
                    before = ids(answers)
                    assert not set(before) & set(had)
                    assert all(one.startswith(action) for one in before)
                    had += before
                rest, _ = await desk.read()
                assert sorted([*had, *ids(rest)]) == sorted(f"{x}{n}" for x in "ab" for n in range(40))
            finally:
                await desk.close()

    asyncio.run(story())
