"""What travels: read and written, without a connection."""

import json

import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import Event
from headgate.core.states import JobState, TaskState
from headgate.dialects.hpcpack.signalr import messages
from headgate.dialects.hpcpack.signalr.messages import Position

J, T = JobState, TaskState


def told(event: Event) -> list[list[object]]:
    """The arguments of what is told of an event."""
    return [json.loads(message)["A"] for message in messages.state_changes(event)]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("1.5", "1.5"),
        ("2.1", "2.1"),
        ("1.4", "1.4"),
        ("", "1.2"),
        ("0.9", "1.2"),
        ("1.9", "1.5"),
        ("3.0", "2.1"),
        ("2", "1.2"),
        ("two.one", "1.2"),
        ("9" * 50 + ".0", "1.2"),
    ],
)
def test_a_client_is_answered_in_its_own_version_or_the_nearest_below(asked: str, answered: str) -> None:
    assert messages.protocol_version(asked) == answered


def test_a_negotiation_names_what_the_clients_of_2_x_look_for() -> None:
    answer = json.loads(messages.negotiated("token", "id", "2.1"))
    assert answer == {
        "Url": "/hpc/signalr",
        "ConnectionToken": "token",
        "ConnectionId": "id",
        "KeepAliveTimeout": 20.0,
        "DisconnectTimeout": 30.0,
        "ConnectionTimeout": 110.0,
        "TryWebSockets": True,
        "ProtocolVersion": "2.1",
        "TransportConnectTimeout": 5.0,
        "LongPollDelay": 0.0,
    }


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (Position(0), "0"),
        (Position(17), "17"),
        (Position(17, {(4, 2): None, (4, 1): 120}), "17,4.1:120,4.2:end"),
    ],
)
def test_a_position_is_read_as_it_was_written(position: Position, text: str) -> None:
    assert messages.position_text(position) == text
    assert messages.read_position(text) == position


@pytest.mark.parametrize(
    "text",
    ["", "d-1,0", "-1", "1,", "1,2.3", "1,2.3:", "1,2.3:x", "1,2:4", "²", "9" * 19, "1" + ",1.1:1" * 2001],
)
def test_a_message_id_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="messageId"):
        messages.read_position(text)


def test_a_jobs_first_step_begins_at_configuring_and_steps_are_contiguous() -> None:
    event = Event(7, 0, 0, (J.CONFIGURING, J.SUBMITTED, J.VALIDATING, J.EXTERNAL_VALIDATION, J.QUEUED))
    assert told(event) == [
        [7, "Submitted", "Configuring"],
        [7, "Validating", "Submitted"],
        [7, "ExternalValidation", "Validating"],
        [7, "Queued", "ExternalValidation"],
    ]
    assert json.loads(messages.state_changes(event)[0])["H"] == "JobEventHub"


def test_the_first_that_is_heard_of_a_task_comes_from_submitted() -> None:
    event = Event(7, 2, 0, (T.CONFIGURING, T.SUBMITTED, T.VALIDATING, T.QUEUED))
    assert told(event) == [[7, 2, 0, "Validating", "Submitted"], [7, 2, 0, "Queued", "Validating"]]


def test_a_requeued_task_is_told_without_a_gap() -> None:
    event = Event(7, 2, 5, (T.FAILED, T.CONFIGURING, T.SUBMITTED, T.VALIDATING, T.QUEUED))
    assert [step[3:] for step in told(event)] == [
        ["Configuring", "Failed"],
        ["Submitted", "Configuring"],
        ["Validating", "Submitted"],
        ["Queued", "Validating"],
    ]


def test_a_task_cancelled_while_configuring_is_told() -> None:
    assert told(Event(7, 2, 0, (T.CONFIGURING, T.CANCELED))) == [[7, 2, 0, "Canceled", "Configuring"]]


def test_an_event_without_a_step_tells_nothing() -> None:
    assert messages.state_changes(Event(7, 0, 0, (J.RUNNING,))) == ()


@pytest.mark.parametrize(
    ("output", "ended", "lines", "size"),
    [
        (b"", False, [], 0),
        (b"one\ntw", False, ["one"], 4),
        (b"one\ntw", True, ["one", "tw"], 6),
        (b"one\r\n\ntwo\n", True, ["one", "", "two"], 10),
        (b"no end", False, [], 0),
        (b"\xff\n", False, ["\ufffd"], 2),
        (b"1\n2\n3\n4", True, ["1", "2", "3"], 6),
        (b"1\n2\n3", True, ["1", "2", "3"], 5),
    ],
)
def test_output_is_told_in_whole_lines_and_the_rest_at_its_end(
    output: bytes, ended: bool, lines: list[str], size: int
) -> None:
    assert messages.lines_of(output, ended=ended, most=3) == (lines, size)


def test_frames_are_what_the_published_clients_read() -> None:
    position = Position(3)
    assert messages.frame(position, initialized=True) == '{"C":"3","S":1,"M":[]}'
    pushed = messages.push("H", "m", 1, "a")
    assert json.loads(messages.frame(position, [pushed, pushed], groups="g")) == {
        "C": "3",
        "G": "g",
        "M": [{"H": "H", "M": "m", "A": [1, "a"]}] * 2,
    }
    assert messages.frame(position, reconnect=True) == '{"C":"3","T":1,"M":[]}'
    assert json.loads(messages.disconnected(position, 'too "slow"')) == {
        "C": "3",
        "D": 1,
        "E": 'too "slow"',
        "M": [],
    }


def test_an_output_line_is_told_as_the_contract_says() -> None:
    assert json.loads(messages.output_line(4, "n1", "tä", eof=True)) == {
        "H": "CommandHub",
        "M": "OutputLine",
        "A": [4, "n1", "tä", True, False],
    }


def test_an_invocation_is_read_and_its_number_echoed_as_text() -> None:
    asked = messages.read_invocation('{"H":"JobEventHub","M":"BeginListen","A":[12],"I":0,"S":{"x":1}}')
    assert (asked.hub, asked.method, asked.arguments, asked.number) == ("JobEventHub", "BeginListen", [12], 0)
    assert messages.result(0) == '{"I":"0"}'
    assert json.loads(messages.result("a", 12)) == {"I": "a", "R": 12}
    assert json.loads(messages.failure(1, "no")) == {"I": "1", "E": "no", "H": True}
    assert messages.result(None) == '{"I":""}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"H":1,"M":"x"}',
        '{"H":"x"}',
        '{"H":"x","M":"y","A":{}}',
        '{"H":"x","M":"y","I":[]}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_invocation_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadRequest, match="not a hub invocation"):
        messages.read_invocation(text)
