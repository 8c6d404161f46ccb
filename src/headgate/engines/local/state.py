"""What a shepherd must know of those before it, synced to disk: the one durable record of the engine.

Two things. Reports are numbered upwards for ever, over the death of a shepherd and even the loss of this
file (the clock is the floor). And the journals are not synced: after a restart of the machine a missing
record proves nothing, so for every intent that may be older than the restart the answer of `find` is not
certain.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from headgate.engines.local.linux import boot_id

_BLOCK = 1_000_000_000


class Record(Struct, kw_only=True):
    """The file.

    ceiling: no report has this number or a greater one.
    boot: the run of the machine in which it was written last.
    rebooted: the machine was restarted at least once since the first shepherd.
    fence: intents up to this one may be older than the last restart.
    fenced: work came in after the last restart, so the fence stands: intents are numbered upwards, and
        whoever reconciles asks for all of them before it submits anything.
    """

    ceiling: int = 0
    boot: str = ""
    rebooted: bool = False
    fence: int = 0
    fenced: bool = False


class State:
    """The record and its file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._record = msgspec.json.decode(path.read_bytes(), type=Record)
        except FileNotFoundError:
            self._record = Record()
        boot = boot_id()
        if self._record.boot not in ("", boot):
            self._record.rebooted = True
            self._record.fenced = False
        self._record.boot = boot
        self._asked = False
        self.next_report = max(self._record.ceiling, time.time_ns() // 1000)
        self._reserve()

    def number_report(self) -> int:
        """The number of the next report."""
        number = self.next_report
        self.next_report += 1
        if self.next_report >= self._record.ceiling:
            self._reserve()
        return number

    def looked_up(self, intents: Iterable[int]) -> None:
        """These are being asked for; before the first submission after a restart they may all be older."""
        self._asked = True
        if self._record.rebooted and not self._record.fenced:
            self._record.fence = max(self._record.fence, *intents, 0)

    def submitted(self, intents: Iterable[int]) -> None:
        """These are coming in."""
        if self._record.rebooted and not self._record.fenced:
            if not self._asked:
                self._record.fence = max(self._record.fence, min(intents, default=0) - 1)
            self._record.fenced = True
            self._save()

    def certain(self, intent: int) -> bool:
        """Does a missing record prove that it was never started?"""
        return not self._record.rebooted or intent > self._record.fence

    def _reserve(self) -> None:
        self._record.ceiling = self.next_report + _BLOCK
        self._save()

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, msgspec.json.encode(self._record))
            os.fsync(fd)
        finally:
            os.close(fd)
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
