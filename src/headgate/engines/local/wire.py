"""What server, shepherd and workers say to each other, and how it is framed.

Two conversations over stream sockets, msgpack in frames of a 4-byte length:

* server and shepherd: requests with a number, each answered once by that number (`Request`, `Reply`);
* shepherd and worker: orders one way (`Order`), facts the other way (`Word`), no answers.
"""

from collections.abc import Generator

import msgspec
from msgspec import Struct

from headgate.core.launch import Launch
from headgate.ports.engine import Ended, Found, Key, OutputSeen, Sightings, Started, Submission

VERSION = 3
"""Raised by every change to this file that an older process would not understand."""

SOCKET_NAME = "shepherd.sock"


class Limits(Struct, frozen=True, kw_only=True):
    """The settings that the shepherd needs; see `options.Options`."""

    min_uid: int = 1000
    capture_limit: int = 65536
    idle_worker_s: float = 10.0
    idle_exit_s: float = 10.0
    scratch: str = "/tmp"  # noqa: S108  as in options.Options


# --- server to shepherd -----------------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag=True):
    """The first word of a connection. `epoch`: the greater one is the newer server (CLOCK_BOOTTIME ns).

    A shepherd of another version answers and ends: what it had waiting was never started, and its workers
    are found by their journals.
    """

    n: int
    version: int
    epoch: int
    limits: Limits


class Submit(Struct, frozen=True, tag=True):
    """Queue these."""

    n: int
    submissions: tuple[Submission, ...]


class Find(Struct, frozen=True, tag=True):
    """Which instances of these intents were ever taken?"""

    n: int
    tags: dict[int, str]


class Observe(Struct, frozen=True, tag=True):
    """Forget up to `since`, then say what follows, waiting for it up to `wait_s`."""

    n: int
    since: int
    wait_s: float


class Cancel(Struct, frozen=True, tag=True):
    """End these, whether they run or not."""

    n: int
    keys: tuple[Key, ...]
    signal: int
    grace_s: float
    forced: bool


class Recall(Struct, frozen=True, tag=True):
    """Take back those that have not started."""

    n: int
    keys: tuple[Key, ...]


class Allowance(Struct, frozen=True):
    """The wall time of one item, in seconds from its start; None: no limit."""

    key: Key
    wall_time_s: float | None


class Allowances(Struct, frozen=True, tag=True):
    """These have other wall times from now on."""

    n: int
    allowed: tuple[Allowance, ...]


Request = Hello | Submit | Find | Observe | Cancel | Recall | Allowances


class Welcome(Struct, frozen=True, tag=True):
    """The answer to Hello."""

    n: int
    version: int
    pid: int


class Answers(Struct, frozen=True, tag=True):
    """The answer to Submit: for each submission an empty text (accepted) or why not."""

    n: int
    refusals: tuple[str, ...]


class FindAnswer(Struct, frozen=True, tag=True):
    """The answer to Find."""

    n: int
    found: dict[int, Found]


class ObserveAnswer(Struct, frozen=True, tag=True):
    """The answer to Observe."""

    n: int
    sightings: Sightings


class Done(Struct, frozen=True, tag=True):
    """The answer to Cancel, Recall and Allowances."""

    n: int


Reply = Welcome | Answers | FindAnswer | ObserveAnswer | Done


# --- shepherd to worker -----------------------------------------------------------------------------------


class Work(Struct, frozen=True):
    """One item as a worker gets it."""

    intent: int
    tag: str
    instance: int
    lane: int
    launch: Launch


class Run(Struct, frozen=True, tag=True):
    """Do these, one after the other, after what you have already."""

    works: tuple[Work, ...]


class Stop(Struct, frozen=True, tag=True):
    """End this one."""

    key: Key
    signal: int
    grace_s: float
    forced: bool


class Drop(Struct, frozen=True, tag=True):
    """Forget this one unless it has started."""

    key: Key


class Allow(Struct, frozen=True, tag=True):
    """This one has another wall time: see Allowance."""

    key: Key
    wall_time_s: float | None


class Clean(Struct, frozen=True, tag=True):
    """Remove this folder, which a worker of your account left when it was killed."""

    folder: str


Order = Run | Stop | Drop | Allow | Clean


# --- worker to shepherd -----------------------------------------------------------------------------------


class Tell(Struct, frozen=True, tag=True):
    """What happened, in order."""

    seen: tuple[Started | OutputSeen | Ended, ...]


class Help(Struct, frozen=True, tag=True):
    """A process of the task is not ours to kill (a set-uid program): please do it, root."""


class Unfit(Struct, frozen=True, tag=True):
    """This worker could not become what it should be (an account that can't be entered) and ends."""

    reason: str


Word = Tell | Help | Unfit


# --- frames -----------------------------------------------------------------------------------------------

_encoder = msgspec.msgpack.Encoder()


def frame(message: Struct) -> bytes:
    """The message, ready to be sent."""
    payload = _encoder.encode(message)
    return len(payload).to_bytes(4, "big") + payload


class Malformed(Exception):
    """The other side does not speak as agreed."""


class Frames:
    """Cuts a byte stream into the frames it is made of, none of them larger than `limit`."""

    def __init__(self, limit: int = 1 << 31) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> Generator[bytes, None, None]:
        """The frames that are complete with these bytes. Raises Malformed."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= 4:
                size = int.from_bytes(buffer[start : start + 4], "big")
                if size > self._limit:
                    raise Malformed(f"a frame of {size} bytes")
                end = start + 4 + size
                if len(buffer) < end:
                    break
                payload = bytes(buffer[start + 4 : end])
                start = end
                yield payload
        finally:
            del buffer[:start]


decode_request = msgspec.msgpack.Decoder(Request).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_word = msgspec.msgpack.Decoder(Word).decode
