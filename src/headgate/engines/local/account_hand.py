"""A process that does one errand as somebody else, and ends. Its frames are `account_processes.py`'s too.

It takes its errand from stdin, prepares what the errand needs, gives up root for good, and only then does the
work. When the other end of stdin is closed, whoever sent it is gone: it ends at once.
"""

import os
import resource
import struct
import sys
import threading
from importlib import import_module
from typing import BinaryIO, Final

import msgspec

from headgate.core.launch import OsAccount
from headgate.engines.account import own_account
from headgate.engines.local import rights
from headgate.engines.local.linux import forbid_inspection
from headgate.ports.account_processes import Program

HEAD: Final = struct.Struct("!cI")
"""Before each message: what it is, and how many bytes it has."""
SAID: Final = b"s"
REFUSED: Final = b"r"
"""The account can't be entered; the message says why."""
DONE: Final = b"d"
"""The work is done."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The errand as it is sent."""

    account: OsAccount | None
    min_uid: int
    program: str
    told: bytes


def main() -> None:
    """Do the errand on stdin; what it says goes to stdout."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    length = int.from_bytes(stdin.read(4), "big")
    told = msgspec.msgpack.decode(stdin.read(length), type=Told)
    # No user may read what we were told: not in a core file, and not by tracing us.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forbid_inspection()
    module, _, name = told.program.partition(":")
    program: Program = getattr(import_module(module), name)
    work = program(told.told)
    try:
        rights.become(rights.account_for(told.account, told.min_uid, own_account()))
        os.umask(0o022)
    except (rights.AccountRefused, OSError, OverflowError) as error:
        _send(stdout, REFUSED, str(error).encode())
        return
    threading.Thread(target=_end_with, args=(stdin,), daemon=True).start()
    work(lambda message: _send(stdout, SAID, message))
    _send(stdout, DONE, b"")
    # Not by returning: the thread above holds stdin, which the interpreter would want to close.
    os._exit(0)


def _end_with(stdin: BinaryIO) -> None:
    stdin.read(1)
    os._exit(1)


def _send(stdout: BinaryIO, kind: bytes, message: bytes) -> None:
    try:
        stdout.write(HEAD.pack(kind, len(message)) + message)
        stdout.flush()
    except BrokenPipeError:
        os._exit(1)
