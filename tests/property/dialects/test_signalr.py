"""What clients send to `/hpc/signalr`: anything may arrive, and nothing but our refusals comes of it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import Refusal
from headgate.core.model import Event
from headgate.core.states import TaskState
from headgate.dialects.hpcpack.signalr import messages, tokens
from headgate.dialects.hpcpack.signalr.messages import Position
from headgate.dialects.hpcpack.signalr.tokens import Listening

KEY = b"k" * 32
NUMBERS = st.integers(0, 10**18 - 1)
JOBS = st.integers(0, 2**31 - 1)
PAIRS = st.lists(st.tuples(JOBS, NUMBERS), max_size=20).map(tuple)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("HMAISX"), inner),
    max_leaves=10,
)


@given(st.text() | st.binary() | VALUES.map(json.dumps))
def test_any_frame_is_a_call_or_refused(frame: str | bytes) -> None:
    try:
        asked = messages.read_invocation(frame)
    except Refusal:
        return
    assert json.loads(messages.result(asked.number))["I"] == (
        "" if asked.number is None else str(asked.number)
    )


@given(st.text())
def test_any_message_id_and_token_is_ours_or_refused(text: str) -> None:
    for read in (
        lambda: messages.read_position(text),
        lambda: tokens.read_groups_token(KEY, "name", text),
        lambda: tokens.read_connection_token(KEY, text, "ann"),
    ):
        try:
            read()
        except Refusal:
            continue
    assert messages.protocol_version(text) in messages.PROTOCOLS


@given(NUMBERS, st.dictionaries(st.tuples(JOBS, JOBS), st.none() | NUMBERS, max_size=10))
def test_a_position_survives_the_way_to_the_client_and_back(
    seq: int, outputs: dict[tuple[int, int], int | None]
) -> None:
    position = Position(seq, outputs)
    assert messages.read_position(messages.position_text(position)) == position


@given(PAIRS, PAIRS, st.lists(JOBS, max_size=20).map(tuple), st.data())
def test_a_groups_token_survives_the_way_and_no_changed_one_is_taken(
    jobs: tuple[tuple[int, int], ...],
    tasks: tuple[tuple[int, int], ...],
    commands: tuple[int, ...],
    data: st.DataObject,
) -> None:
    listening = Listening(jobs, tasks, commands)
    token = tokens.groups_token(KEY, "name", listening)
    assert tokens.read_groups_token(KEY, "name", token) == listening
    at = data.draw(st.integers(0, len(token) - 2))  # the last letter may stand for bits that do not count
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    with pytest.raises(Refusal):
        tokens.read_groups_token(KEY, "name", changed)


@given(st.lists(st.sampled_from(TaskState), min_size=1, max_size=8, unique=True))
def test_what_is_told_of_a_path_is_contiguous(path: list[TaskState]) -> None:
    told = [json.loads(message)["A"] for message in messages.state_changes(Event(1, 1, 0, tuple(path)))]
    assert all(before[3] == after[4] for before, after in pairwise(told))


@given(st.binary(max_size=200), st.integers(1, 5))
def test_no_byte_of_an_output_is_told_twice_or_left_out(output: bytes, most: int) -> None:
    at, lines = 0, list[str]()
    while at < len(output):
        found, size = messages.lines_of(output[at:], ended=True, most=most)
        assert 0 < len(found) <= most
        at += size
        lines += found
    whole = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in output.split(b"\n")]
    assert lines == (whole if output and not output.endswith(b"\n") else whole[:-1])
