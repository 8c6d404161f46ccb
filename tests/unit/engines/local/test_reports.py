from hypothesis import given
from hypothesis import strategies as st

from headgate.engines.local.reports import Reports
from headgate.ports.engine import Ended, Ending, OutputSeen, Sighting, Started


def reports(first: int = 100) -> Reports:
    numbers = [first]

    def number() -> int:
        numbers[0] += 1
        return numbers[0] - 1

    return Reports(number, lambda: numbers[0])


def ended(intent: int, instance: int = 0) -> Ended:
    return Ended(intent=intent, instance=instance, ending=Ending.EXITED, at=1, exit_code=0)


SIGHTINGS = st.one_of(
    st.builds(Started, st.integers(1, 3), st.integers(0, 2), st.just(1), st.just("7")),
    st.builds(OutputSeen, st.integers(1, 3), st.integers(0, 2), st.binary(max_size=3)),
    st.builds(ended, st.integers(1, 3), st.integers(0, 2)),
)


@given(st.lists(SIGHTINGS), st.lists(st.integers(0, 3)))
def test_every_ending_is_told_until_it_is_acknowledged_and_never_after(
    said: list[Sighting], looks: list[int]
) -> None:
    book, since = reports(), 0
    told: list[Sighting] = []
    pending = list(said)
    for take in looks:
        for sighting in pending[:take]:
            book.add(sighting)
        del pending[:take]
        book.acknowledge(since)
        answer = book.following(since)
        assert answer == book.following(since)
        assert answer.watermark >= since
        since = answer.watermark
        told += answer.seen
    for sighting in pending:
        book.add(sighting)
    book.acknowledge(since)
    told += book.following(since).seen
    assert [one for one in told if isinstance(one, Ended)] == [one for one in said if isinstance(one, Ended)]


def test_an_ending_makes_what_was_said_before_superfluous() -> None:
    book = reports()
    for sighting in (
        Started(1, 0, 1, "7"),
        OutputSeen(1, 0, b"a"),
        OutputSeen(1, 0, b"ab"),
        Started(2, 0, 1, "8"),
    ):
        book.add(sighting)
    assert book.following(0).seen == (Started(1, 0, 1, "7"), OutputSeen(1, 0, b"ab"), Started(2, 0, 1, "8"))
    book.add(ended(1))
    assert book.following(0).seen == (Started(2, 0, 1, "8"), ended(1))


def test_a_watermark_that_was_never_given_out_acknowledges_nothing() -> None:
    book = reports(first=100)
    book.add(ended(1))
    for since in (101, 10**15):
        assert book.acknowledge(since) == []
        assert book.following(since).seen == (ended(1),)
    assert book.acknowledge(100) == [ended(1)]


def test_an_answer_has_an_end_and_the_next_one_goes_on() -> None:
    book = reports()
    for intent in range(5000):
        book.add(ended(intent))
    since, got = 0, 0
    while seen := (answer := book.following(since)).seen:
        since, got = answer.watermark, got + len(seen)
        assert len(seen) <= 2000
    assert got == 5000
