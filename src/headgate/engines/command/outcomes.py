"""What to run, what can come of it, and how server and starter say so: MessagePack in frames of a 4-byte
length. Pure.

Only `Done` says that the command ended by itself; after `Hung`, `Flooded` and `Lost` it may or may not have
done its work, after `NotRun` it certainly has not.
"""

import errno
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASE: Final[Mapping[str, str]] = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC0"}
"""What every command gets: the standard places, plain English, and times in UTC."""
HEAD: Final = 4
"""Bytes in front of a frame: its length, the greatest first."""


class Command(Struct, frozen=True, kw_only=True):
    """What to run. environment: variables of ours that it needs beyond the runner's. niceness: how much more
    of it than the server has (nice(1)); 0 to 19. kept: a file that the input is put in, and that is locked as
    long as the command, or anything that it has started, is there (`kept.held`); empty: none.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    environment: Mapping[str, str] = {}
    niceness: int = 0
    kept: str = ""


class Done(Struct, frozen=True, tag=True):
    """It ended by itself. exit_status below 0: by that signal."""

    exit_status: int
    stdout: bytes
    stderr: bytes


class Hung(Struct, frozen=True, tag=True):
    """It did not end in `after_s` seconds, and was killed. What it had said so far."""

    after_s: float
    stdout: bytes
    stderr: bytes


class Flooded(Struct, frozen=True, tag=True):
    """It said more than `limit` bytes, and was killed."""

    limit: int


class NotRun(Struct, frozen=True, tag=True):
    """It could not even be started. later: it may be, once there is room: on the disk, or for processes."""

    reason: str
    later: bool = False


_NO_ROOM: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
)


def not_run(name: str, error: Exception) -> NotRun:
    """That this command could not be started, and why."""
    later = isinstance(error, OSError) and error.errno in _NO_ROOM
    return NotRun(f"{name} could not be started: {error}", later)


class Lost(Struct, frozen=True, tag=True):
    """Nobody knows what became of it, nor whether it runs still."""

    reason: str


Outcome = Done | Hung | Flooded | NotRun | Lost


# --- server to starter --------------------------------------------------------------------------------------


class Run(Struct, frozen=True, tag=True):
    """Run this; its end is answered by the number. environment: all of it. sudo: the words in front of the
    command that make it another account's. most_bytes: of standard output, and of standard error.
    """

    n: int
    command: Command
    environment: dict[str, str]
    sudo: tuple[str, ...]
    deadline_s: float
    most_bytes: int


class GiveUp(Struct, frozen=True, tag=True):
    """Nobody wants the outcome of this one any more."""

    n: int


Order = Run | GiveUp


# --- starter to server --------------------------------------------------------------------------------------


class Answer(Struct, frozen=True):
    """What came of a `Run`."""

    n: int
    outcome: Outcome


def frame(message: Struct) -> bytes:
    """The message as it goes over the link."""
    payload = msgspec.msgpack.encode(message)
    return len(payload).to_bytes(HEAD, "big") + payload


decode_order = msgspec.msgpack.Decoder(Order).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
