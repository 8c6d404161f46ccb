"""What travels, as text: requests of the client read, answers and pushed messages written. Pure.

Letters of a pushed frame: C message id, S initialized, M messages, G groups token, T the client shall
reconnect, D it is disconnected, E with the reason. Of an invocation: H hub, M method, A arguments, I number;
of its result: I number, R value, E error, H whether that error is meant for people (a HubException).
Spec hpcpack-2016, section 5, and the frames the published clients take and send (2.0 to 2.4).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from headgate.core.errors import BadRequest
from headgate.core.lifecycle import state_name
from headgate.core.model import Event
from headgate.core.states import JobState, TaskState

PROTOCOLS: Final = ("1.2", "1.3", "1.4", "1.5", "2.0", "2.1")
KEEP_ALIVE: Final = "{}"
STARTED: Final = b'{"Response":"started"}'
PONG: Final = b'{"Response":"pong"}'
KEEP_ALIVE_S: Final = 10.0
"""How often a quiet client is told that the server is there; after twice that it comes anew."""
DISCONNECT_S: Final = 30.0
"""For how long a client without a transport tries to come back, and is waited for."""
POLL_S: Final = 110.0
"""A long poll is answered after so long, whether there is something to say or not."""
MOST_OFFSETS: Final = 2000

_number = str.isdecimal
Output = tuple[int, int]
"""Job and task whose captured output is being followed."""


class Negotiation(Struct, frozen=True, rename="pascal"):
    """The answer to `negotiate`. Times in seconds."""

    connection_token: str
    connection_id: str
    protocol_version: str
    url: str = "/hpc/signalr"
    keep_alive_timeout: float = 2 * KEEP_ALIVE_S
    disconnect_timeout: float = DISCONNECT_S
    connection_timeout: float = POLL_S
    try_web_sockets: bool = True
    transport_connect_timeout: float = 5.0
    long_poll_delay: float = 0.0


def protocol_version(asked: str) -> str:
    """The version we speak with a client that asked for this one: its own, or the nearest there is."""
    if asked in PROTOCOLS:
        return asked
    major, dot, minor = asked.partition(".")
    if not (dot and _number(major) and _number(minor) and len(asked) < 20):
        return PROTOCOLS[0]
    below = [one for one in PROTOCOLS if _version(one) <= (int(major), int(minor))]
    return below[-1] if below else PROTOCOLS[0]


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


# ---- where a client is


class Position(Struct, frozen=True):
    """How far a client has been told: the number of the last event and, for each task whose output it
    follows, how many bytes of it (None: to its end).
    """

    seq: int
    outputs: Mapping[Output, int | None] = {}


def position_text(position: Position) -> str:
    """The message id: `17`, or `17,4.1:120,4.2:end`."""
    outputs = (
        f"{job}.{task}:{'end' if at is None else at}" for (job, task), at in sorted(position.outputs.items())
    )
    return ",".join((str(position.seq), *outputs))


def read_position(text: str) -> Position:
    """The position in a message id. Raises BadRequest."""
    first, *rest = text.split(",")
    if len(rest) > MOST_OFFSETS:
        raise BadRequest("The messageId is too long.")
    outputs: dict[Output, int | None] = {}
    for part in rest:
        key, _, at = part.partition(":")
        job, _, task = key.partition(".")
        outputs[(_small(job), _small(task))] = None if at == "end" else _small(at)
    return Position(_small(first), outputs)


def _small(text: str) -> int:
    if not (text.isascii() and _number(text) and len(text) <= 18):
        raise BadRequest(f"The messageId is not one of ours: {text[:40]!r}.")
    return int(text)


# ---- what a client asks


class Invocation(Struct, frozen=True):
    """A call of a hub's method. `number` is echoed."""

    hub: str = msgspec.field(name="H")
    method: str = msgspec.field(name="M")
    arguments: list[Any] = msgspec.field(name="A", default_factory=list)
    number: str | int | None = msgspec.field(name="I", default=None)


_INVOCATION: Final = msgspec.json.Decoder(Invocation)


def read_invocation(text: str | bytes) -> Invocation:
    """A call. Raises BadRequest."""
    try:
        return _INVOCATION.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"This is not a hub invocation: {error}") from None


class _Result(Struct, omit_defaults=True, rename={"number": "I", "value": "R", "error": "E", "ours": "H"}):
    number: str
    value: object | UnsetType = UNSET
    error: str | UnsetType = UNSET
    ours: bool | UnsetType = UNSET


def result(number: str | int | None, value: object = None) -> str:
    """The answer to a call; None is no result."""
    return _text(_Result(_echo(number), UNSET if value is None else value))


def failure(number: str | int | None, text: str) -> str:
    """The answer to a call that was refused."""
    return _text(_Result(_echo(number), error=text, ours=True))


def _echo(number: str | int | None) -> str:
    return "" if number is None else str(number)


# ---- what a client is told


class _Push(Struct, frozen=True, rename={"hub": "H", "method": "M", "arguments": "A"}):
    hub: str
    method: str
    arguments: tuple[object, ...]


def push(hub: str, method: str, *arguments: object) -> bytes:
    """A call of a method of the client, to go into a frame."""
    return _ENCODER.encode(_Push(hub, method, arguments))


@lru_cache(maxsize=512)  # an event is told to everybody who watches its job
def state_changes(event: Event) -> tuple[bytes, ...]:
    """One message for each step of an event; together they are contiguous.

    A task's being submitted is not told when it begins its life: the first that a listener hears of a task
    has the previous state Submitted, of a job Configuring (section 5). A sweep is told as its task
    (instanceId 0), and each subtask by its number.
    """
    steps = list(pairwise(event.path))
    if not event.task:
        return tuple(
            push("JobEventHub", "JobStateChange", event.job_id, _job(after), _job(before))
            for before, after in steps
        )
    fresh = event.path[:2] == (TaskState.CONFIGURING, TaskState.SUBMITTED)
    return tuple(
        push(
            "TaskEventHub",
            "TaskStateChange",
            event.job_id,
            event.task,
            event.instance,
            _task(after),
            _task(before),
        )
        for before, after in steps[1 if fresh else 0 :]
    )


def _job(state: int) -> str:
    return state_name(JobState(state))


def _task(state: int) -> str:
    return state_name(TaskState(state))


def output_line(job_id: int, node: str, line: str, *, eof: bool = False, error: bool = False) -> bytes:
    """A line of a command's output, or its end.

    error: it says why the command was not started. The command's own streams are captured as one, so which
    of them a line came from is not known.
    """
    return push("CommandHub", "OutputLine", job_id, node, line, eof, error)


def frame(
    position: Position,
    messages: Iterable[bytes] = (),
    *,
    groups: str = "",
    initialized: bool = False,
    reconnect: bool = False,
) -> str:
    """A frame with messages that are JSON already."""
    parts = [f'"C":"{position_text(position)}"']
    parts += ['"S":1'] * initialized + ['"T":1'] * reconnect
    if groups:
        parts.append(f'"G":"{groups}"')
    body = b",".join(messages).decode()
    return f'{{{",".join(parts)},"M":[{body}]}}'


def disconnected(position: Position, reason: str) -> str:
    """The last frame of a connection that is at an end: clients of all versions heed D or E."""
    return f'{{"C":"{position_text(position)}","D":1,"E":{_text(reason)},"M":[]}}'


def negotiated(token: str, connection_id: str, asked: str) -> bytes:
    """The answer to `negotiate`."""
    return _ENCODER.encode(Negotiation(token, connection_id, protocol_version(asked)))


def lines_of(output: bytes, *, ended: bool, most: int) -> tuple[Sequence[str], int]:
    """The first whole lines of an output, at most so many, and how many bytes they are. At the end of the
    output what is left is a line too.
    """
    lines = output.split(b"\n", most)
    rest = lines.pop()
    read = len(output) - len(rest)
    if ended and rest and len(lines) < most:
        lines.append(rest)
        read = len(output)
    return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines], read


_ENCODER: Final = msgspec.json.Encoder()


def _text(value: object) -> str:
    return _ENCODER.encode(value).decode()
