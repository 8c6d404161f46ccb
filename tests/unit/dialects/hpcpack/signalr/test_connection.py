"""One client: what it is to be told."""

import json
from typing import Any

import pytest

from headgate.core.model import Event
from headgate.core.states import JobState as J
from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack.signalr import connection as module
from headgate.dialects.hpcpack.signalr.connection import Connection, Entry
from headgate.dialects.hpcpack.signalr.messages import Position
from headgate.dialects.hpcpack.signalr.tokens import Listening, read_groups_token
from headgate.ports.identity import Caller

KEY = b"k" * 32
ENDED: list[Connection] = []


@pytest.fixture
def connection() -> Connection:
    ENDED.clear()
    return Connection("name", Caller("ann", Role.USER), KEY, 10, ENDED.append)


def moved(seq: int, job: int = 1) -> Event:
    return Event(job, 0, 0, (J.QUEUED, J.RUNNING), 0, seq)


def taken(connection: Connection) -> Any:
    return json.loads(connection.take())


def test_only_what_happens_behind_the_beginning_is_told(connection: Connection) -> None:
    connection.listen(connection.jobs, 1, 12)
    for seq in (11, 12, 13):
        connection.heard(moved(seq))
    connection.heard(Event(1, 4, 0, (8, 16), 0, 14))  # of a task: nobody listens to those
    frame = taken(connection)
    assert frame["C"] == "13"
    assert [message["A"] for message in frame["M"]] == [[1, "Running", "Queued"]]
    assert read_groups_token(KEY, "name", frame["G"]) == Listening(((1, 12),))
    assert not connection.has_news()


def test_listening_again_changes_nothing(connection: Connection) -> None:
    connection.listen(connection.jobs, 1, 12)
    taken(connection)
    connection.listen(connection.jobs, 1, 20)
    assert connection.jobs == {1: 12}
    assert not connection.has_news()


def test_the_groups_come_with_the_last_of_several_frames(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_A_FRAME", 2)
    connection.listen(connection.jobs, 1, 10)
    for seq in range(11, 16):
        connection.heard(moved(seq))
    frames = []
    while connection.has_news():
        frames.append(taken(connection))
    assert [(frame["C"], len(frame["M"]), "G" in frame) for frame in frames] == [
        ("12", 2, False),
        ("14", 2, False),
        ("15", 1, True),
    ]


def test_a_client_that_takes_nothing_is_given_up_and_its_messages_forgotten(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PENDING", 3)
    connection.listen(connection.jobs, 1, 10)
    for seq in range(11, 20):
        connection.heard(moved(seq))
    assert [connection] == ENDED
    assert not connection._pending
    assert json.loads(connection.last_words())["E"] == module.TOO_SLOW


def test_who_comes_later_takes_over(connection: Connection) -> None:
    first = connection.claim()
    change = connection.change
    second = connection.claim()
    assert change.is_set()
    assert not connection.is_owned_by(first)
    assert connection.is_owned_by(second)


def test_a_client_that_comes_back_is_told_what_it_missed_before_what_came_meanwhile(
    connection: Connection,
) -> None:
    connection.listen(connection.jobs, 1, 10)
    connection.listen(connection.jobs, 2, 14)
    for seq in (11, 12):
        connection.heard(moved(seq))
    taken(connection)
    assert connection.rewind(Position(11)) == {1: 11, 2: 14}
    connection.heard(moved(13))
    connection.heard(moved(15))
    assert not connection.has_news()
    connection.caught_up(14, [moved(12), moved(13), moved(14)])
    frame = taken(connection)
    assert (frame["C"], len(frame["M"])) == ("15", 4)


def test_output_is_told_from_where_the_client_is(connection: Connection) -> None:
    connection.commands.add(4)
    connection.add(Entry((b"1",), output=(4, 1), at=7))
    assert connection.queued == {(4, 1): 7}
    assert taken(connection)["C"] == "10,4.1:7"
    connection.rewind(Position(10, {(4, 1): 3, (9, 9): 5}))
    assert connection.queued == {(4, 1): 3}
    connection.caught_up(10, [])
    connection.commands.clear()
    connection.groups_changed()
    assert taken(connection)["C"] == "10"


def test_a_backup_that_was_put_back_does_not_silence_a_client(connection: Connection) -> None:
    connection.merge(Listening(((1, 99),), ((1, 98),)), 20)
    assert (connection.jobs, connection.tasks) == ({1: 20}, {1: 20})


def test_a_job_that_is_ignored_is_told_no_more(connection: Connection) -> None:
    connection.listen(connection.jobs, 1, 10)
    connection.ignore(1)
    connection.heard(moved(11))
    assert taken(connection)["M"] == []
