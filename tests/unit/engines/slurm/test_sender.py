"""engines/slurm/sender.py: each part is given to Slurm once, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.core.launch import Launch, OsAccount
from headgate.engines.slurm import lines, sender
from headgate.engines.slurm.commands import sbatch
from headgate.engines.slurm.doubts import Doubts
from headgate.engines.slurm.journal import Journal
from headgate.engines.slurm.parts import Ledger, Part, Stop
from headgate.engines.slurm.rights import Runner
from headgate.engines.slurm.script import Site
from headgate.engines.slurm.sender import MOST_TRIES, Outgoing, Sender
from headgate.ports.engine import Ended, Ending, Fault, Item, Refused, Uncertain

ANN = OsAccount("ann", 1001, 1001, "/home/ann")
SCRIPT_LIMIT = 100_000
Answer = sbatch.Submitted | sbatch.Full | Refused | Uncertain


class FakeCluster:
    """Answers as it is told; `asked`: the comments and arrays of what came."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str]] = []
        self.gave_way: list[bool] = []
        self.let = asyncio.Event()
        self.let.set()

    async def submit(self, request: sbatch.Request, account: str = "", *, gives_way: bool = False) -> Answer:
        self.gave_way.append(gives_way)
        self.asked.append((request.comment, request.array))
        await self.let.wait()
        return self.answers.pop(0) if self.answers else sbatch.Submitted(len(self.asked))


class Office:
    """A sender that works."""

    def __init__(self, folder: Path) -> None:
        self.cluster = FakeCluster()
        self.ledger = Ledger(1)
        self.path = folder / "journal"
        self.journal = Journal(self.path)
        self.journal.open("ab")
        self.now = 0.0
        self.doubts = Doubts(lambda: self.now, 1.0)
        site = Site(spool="/spool", scratch="/tmp", capture_limit=1, secret=b"x")
        self.sender = Sender(
            self.cluster,  # type: ignore[arg-type]  # as much of a Cluster as it needs
            self.ledger,
            self.journal,
            self.doubts,
            site,
            sending=folder,
            parallel=2,
            script_limit=SCRIPT_LIMIT,
            boot="boot",
            now=lambda: 5,
            sent=lambda: None,
        )

    def give(
        self,
        *instances: int,
        script: bytes = b"true",
        tag: str = "t",
        at_once: int = 0,
        account: str = "",
        ending: str = "",
    ) -> Part:
        part = Part(f"{tag}.{instances[0]}-{instances[-1]}{ending}", tag, 1, instances, 1001)
        self.ledger.add(part)
        items = tuple(Item(one, Launch(script=script)) for one in instances)
        request = sbatch.Request(script=b"", comment=part.name, account=account)
        self.sender.take(Outgoing(part, items, Runner(ANN), request, at_once))
        return part

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0.001)

    def ends(self) -> list[tuple[int, Ending]]:
        seen = self.ledger.following(0).seen
        return [(one.instance, one.ending) for one in seen if isinstance(one, Ended)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path)
    life = asyncio.create_task(made.sender.run())
    yield made
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    made.journal.close()


async def test_a_part_is_on_disk_as_tried_before_slurm_hears_of_it(office: Office) -> None:
    office.cluster.let.clear()
    part = office.give(1, 2)
    await office.settle()
    assert office.cluster.asked == [(part.name, "0-1")]
    assert Journal(office.path).open("cd")[part.name].job == 0


async def test_sbatch_gives_way_while_more_is_submitted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.give(0)
    await office.settle()
    monkeypatch.setattr(sender, "GIVES_WAY_S", 0.0)
    office.give(1)
    await office.settle()
    assert office.cluster.gave_way == [True, False]


async def test_its_id_is_kept(office: Office) -> None:
    part = office.give(0)
    await office.settle()
    assert part.job == 1
    assert Journal(office.path).open("cd")[part.name].job == 1


async def test_what_is_refused_ends_with_the_reason(office: Office) -> None:
    office.cluster.answers = [Refused("Invalid account")]
    office.give(1, 2)
    await office.settle()
    assert office.ends() == [(1, Ending.NOT_STARTABLE), (2, Ending.NOT_STARTABLE)]


async def test_a_script_that_is_larger_than_slurm_takes_is_refused_without_a_try(office: Office) -> None:
    office.give(1, script=b"#" * SCRIPT_LIMIT)
    await office.settle()
    (ended,) = office.ledger.following(0).seen
    assert isinstance(ended, Ended)
    assert (ended.ending, ended.fault) == (Ending.NOT_STARTABLE, Fault.SCRIPT)
    assert f"Slurm takes {SCRIPT_LIMIT}" in ended.reason
    assert not office.cluster.asked


async def test_while_one_is_in_doubt_nothing_else_is_tried(office: Office) -> None:
    office.cluster.answers = [Uncertain("hung")]
    first = office.give(1)
    await office.settle()
    second = office.give(2)
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [first.name]
    for office.now in (2.0, 4.0):
        for part, finding, _, reason in office.doubts.look({}, lambda _: 0, office.now, 300.0):
            assert finding.value == "absent"
            office.sender.absent(part, reason)
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [first.name, first.name, second.name]
    assert (first.job, second.job) == (2, 3)


async def test_what_slurm_never_takes_is_given_up(office: Office) -> None:
    part = office.give(1)
    for _ in range(MOST_TRIES):
        office.cluster.answers = [Uncertain("a word that nobody knows")]
        office.sender.wake()
        await office.settle()
        office.now += 2
        office.doubts.look({}, lambda _: 0, office.now, 300.0)
        office.now += 2
        for one, _, _, reason in office.doubts.look({}, lambda _: 0, office.now, 300.0):
            office.sender.absent(one, reason)
    await office.settle()
    assert len(office.cluster.asked) == MOST_TRIES
    assert office.ends() == [(1, Ending.NOT_STARTABLE)]
    assert part.job == 0


async def test_what_is_taken_back_in_time_never_reaches_slurm(office: Office) -> None:
    office.cluster.answers = [Uncertain("hung")]
    office.give(9)
    await office.settle()
    part = office.give(1, 2, 3)
    whole = office.give(4)
    assert office.sender.take_back(part.name, [2])
    assert office.sender.take_back(whole.name, [4])
    assert office.ends() == [(2, Ending.NEVER_STARTED), (4, Ending.NEVER_STARTED)]
    office.doubts.look({"t.9-9": 5}, None, 0.0, 300.0)
    office.sender.wake()
    await office.settle()
    assert office.cluster.asked[1:] == [(part.name, "0-1")]
    assert office.ledger.parts[part.name].instances == (1, 3)
    over = office.ledger.acknowledge(10)
    assert sorted(instance for some in over.values() for instance in some) == [2, 4]


async def test_what_slurm_may_have_is_not_taken_back(office: Office) -> None:
    office.cluster.let.clear()
    part = office.give(1)
    await office.settle()
    assert not office.sender.take_back(part.name, [1])


async def test_what_is_behind_a_doubt_waits_until_it_is_settled_and_can_be_taken_back(office: Office) -> None:
    """The first of two that go together gets no answer: the others were noted as tried, and are not."""
    office.cluster.answers = [Uncertain("no answer"), sbatch.Submitted(2)]
    office.cluster.let.clear()
    parts = [office.give(one) for one in range(5)]
    await office.settle()
    assert len(office.cluster.asked) == 2
    office.cluster.let.set()
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [part.name for part in parts[:2]]
    assert office.sender.take_back(parts[2].name, [2])
    assert not office.sender.take_back(parts[0].name, [0])
    office.now = 10.0
    for began in (10.0, 12.0):
        for part, _, _, reason in office.doubts.look({}, lambda _: 0, began, 60.0):
            office.sender.absent(part, reason)
    await office.settle()
    assert sorted(name for name, _ in office.cluster.asked[2:]) == [parts[one].name for one in (0, 3, 4)]
    assert office.ends() == [(2, Ending.NEVER_STARTED)]


FULL = sbatch.Full("Slurm: AssocMaxSubmitJobLimit")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is looked for at once."""
    monkeypatch.setattr(lines, "ROOM_S", 0.0)


@pytest.mark.usefixtures("soon")
async def test_what_is_too_much_now_waits_with_the_reason_and_all_that_comes_after_it_behind(
    office: Office,
) -> None:
    office.cluster.answers = [FULL]
    first = office.give(1)
    await office.settle()
    second, other = office.give(2), office.give(3, account="other")
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [first.name, other.name]
    assert (office.ends(), office.sender.reasons) == ([], {1: FULL.reason})
    office.sender.ended(first)
    await office.settle()
    assert [name for name, _ in office.cluster.asked[2:]] == [first.name, second.name]
    assert (first.job, second.job, office.sender.reasons) == (3, 4, {})


@pytest.mark.usefixtures("soon")
async def test_what_waits_for_room_can_be_taken_back_and_lets_the_next_go(office: Office) -> None:
    office.cluster.answers = [FULL]
    first, second = office.give(1), office.give(2)
    await office.settle()
    office.cluster.asked.clear()
    assert office.sender.take_back(first.name, [1])
    office.sender.ended(second)
    await office.settle()
    assert office.ends() == [(1, Ending.NEVER_STARTED)]
    assert first.name not in [name for name, _ in office.cluster.asked]


@pytest.mark.usefixtures("soon")
async def test_of_what_is_taken_back_and_acknowledged_while_it_waits_for_room_nothing_is_kept(
    office: Office,
) -> None:
    office.cluster.answers = [FULL]
    first, second = office.give(1), office.give(2, tag="u")
    await office.settle()
    assert office.sender.take_back(second.name, [2])
    office.ledger.acknowledge(10)
    office.ledger.drop(second)  # as the engine does
    office.sender.ended(first)
    await office.settle()
    assert list(office.ledger.parts) == [first.name]


@pytest.mark.usefixtures("soon")
async def test_each_that_is_taken_back_of_an_array_that_waits_for_room_can_be_acknowledged(
    office: Office,
) -> None:
    office.cluster.answers = [FULL, sbatch.Submitted(1), Uncertain("hung")]
    first = office.give(0)
    await office.settle()
    array = office.give(*range(1, 5), tag="u")
    assert office.sender.take_back(array.name, [2])
    await office.settle()
    assert office.sender.take_back(array.name, [3])
    office.sender.ended(first)
    await office.settle()
    over = office.ledger.acknowledge(10)
    assert sorted(instance for some in over.values() for instance in some) == [2, 3]
    assert all(set(some) <= set(office.ledger.parts[name].instances) for name, some in over.items())


async def test_what_was_to_be_ended_while_slurm_said_that_it_is_too_much_never_starts(office: Office) -> None:
    office.cluster.answers = [FULL]
    office.cluster.let.clear()
    part = office.give(1)
    await office.settle()
    part.stops[1] = Stop(forced=False)
    office.cluster.let.set()
    await office.settle()
    assert office.ends() == [(1, Ending.NEVER_STARTED)]


async def test_an_array_that_is_too_much_goes_in_halves_and_is_not_looked_for_as_a_whole(
    office: Office,
) -> None:
    office.cluster.answers = [FULL, FULL, sbatch.Submitted(7), FULL]
    office.give(*range(8))
    await office.settle()
    tried = ["t.0-7", "t.0-3", "t.0-1", "t.2-3", "t.2-2", "t.3-3", "t.4-7"]
    assert [name for name, _ in office.cluster.asked] == tried
    assert office.cluster.asked[-1] == ("t.4-7", "0-3")
    assert sorted(office.ledger.parts) == ["t.0-1", "t.2-2", "t.3-3", "t.4-7"]
    assert sorted(Journal(office.path).open("cd")) == ["t.0-1", "t.2-2", "t.3-3", "t.4-7"]


@pytest.mark.usefixtures("soon")
async def test_an_array_that_finds_no_room_on_the_disk_waits_as_it_is(office: Office) -> None:
    office.cluster.answers = [sbatch.Full("No space left on device", fewer=False)]
    part = office.give(*range(8))
    await office.settle()
    assert (office.ends(), office.sender.reasons) == ([], {1: "No space left on device"})
    office.sender.ended(part)
    await office.settle()
    assert office.cluster.asked == [("t.0-7", "0-7")] * 2
    assert part.job == 2


@pytest.mark.usefixtures("soon")
async def test_of_a_limited_array_that_is_too_much_one_piece_is_with_slurm_at_a_time(office: Office) -> None:
    office.cluster.answers = [FULL]
    office.give(*range(6), at_once=2)
    await office.settle()
    assert office.cluster.asked == [("t.0-5", "0-5%2"), ("t.0-2", "0-2%2")]
    other = office.give(1, tag="u")
    await office.settle()
    assert other.job == 3
    first = office.ledger.parts["t.0-2"]
    first.ended.update(first.instances)
    office.sender.ended(first)
    await office.settle()
    assert office.cluster.asked[3:] == [("t.3-5", "0-2%2")]


def over(office: Office, part: Part) -> None:
    """Its run has ended, as the watcher says it."""
    office.ledger.say(Ended(intent=1, instance=part.instances[0], ending=Ending.EXITED, at=1))
    office.sender.ended(part)


async def test_of_a_sweep_of_heterogeneous_jobs_not_more_are_with_slurm_than_may_run(office: Office) -> None:
    parts = [office.give(number, at_once=2, ending="+0") for number in range(5)]
    other = office.give(9, tag="u")
    await office.settle()
    sent = [parts[0].name, parts[1].name, other.name]
    assert [name for name, _ in office.cluster.asked] == sent
    for number in (1, 0):
        over(office, parts[number])
        await office.settle()
        sent.append(parts[3 - number].name)
        assert [name for name, _ in office.cluster.asked] == sent


async def test_what_was_taken_back_of_such_a_sweep_makes_no_gap(office: Office) -> None:
    parts = [office.give(number, at_once=1, ending="+0") for number in range(4)]
    await office.settle()
    for number in (1, 2):
        assert office.sender.take_back(parts[number].name, [number])
    over(office, parts[0])
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [parts[0].name, parts[3].name]
    assert sorted(office.ends())[:3] == [
        (0, Ending.EXITED), (1, Ending.NEVER_STARTED), (2, Ending.NEVER_STARTED),
    ]  # fmt: skip


async def test_one_of_such_a_sweep_that_is_refused_lets_the_next_one_go(office: Office) -> None:
    office.cluster.answers = [Refused("Invalid account")]
    parts = [office.give(number, at_once=1, ending="+0") for number in range(2)]
    await office.settle()
    assert [name for name, _ in office.cluster.asked] == [part.name for part in parts]


async def test_such_a_sweep_keeps_to_its_limit_where_its_owner_stands_in_line(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "ROOM_S", 0.0)
    monkeypatch.setattr(lines, "FIRST_PAUSE_S", 0.0)
    office.cluster.answers = [sbatch.Submitted(1), sbatch.Full("as many as may be")]
    parts = [office.give(number, at_once=1, ending="+0") for number in range(3)]
    other = office.give(9, tag="u")
    await office.settle()
    over(office, parts[0])
    for _ in range(3):
        await office.settle()
    assert other.job
    assert sum(bool(part.job) for part in parts[1:]) == 1


async def test_of_the_pieces_of_a_limited_array_one_is_with_slurm_at_a_time_the_first_instance_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece of instance 0 alone counted as over."""
    monkeypatch.setattr(lines, "FIRST_PAUSE_S", 0.0)
    office.cluster.answers = [sbatch.Full("as many as may be")]
    office.give(0, 1, at_once=1)
    for _ in range(3):
        await office.settle()
    assert office.cluster.asked == [("t.0-1", "0-1%1"), ("t.0-0", "")]
