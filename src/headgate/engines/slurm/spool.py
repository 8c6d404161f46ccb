"""The spool: a folder that all nodes share, where each run leaves a record of its beginning and its end.

The wrapper makes a record (`wrapper.sh`), with the rights of the job's owner; its name can't be guessed by
anybody else, and a file that does not belong to the job's account says nothing. Whole is a record whose last
line is `end`.

    began MICROSECONDS JOB NODE CORES NODES    it was started there
    over                                       its wall time was over, and it was told to stop
    told SIGNAL                                the wrapper was sent this, and passed it on
    … HG_child …                               bash's words when the program was killed
    exit MICROSECONDS CODE                     the program has ended
    fault MICROSECONDS WHAT TEXT               it could not be started
    end

Beside it there may be `.out`, the captured output, and `.end`, which is empty and tells whoever lists the
folder that there is something to read.
"""

import errno
import os
import re
import signal as signals
import stat
from pathlib import Path
from typing import Final

from msgspec import Struct

from headgate.core.errors import EngineUnavailable
from headgate.ports.engine import Fault

MODE: Final = 0o1733
"""Everybody may make files, nobody but us may see which there are, nor touch those of others."""
REASON: Final = 1000
"""Characters of a reason that are kept."""
_LONGEST: Final = 16 * 1024
_NO_RECORD: Final = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES)
"""None, a link, a socket, closed: what its owner can make of one must not keep us from the others."""
_EXIT: Final = re.compile(r"exit ([0-9]{1,20}) ([0-9]{1,3})")
_BEGAN: Final = re.compile(r"began ([0-9]{1,20}) ([0-9]{1,12}) (\S+) (\S*) ?(.*)")
_FAULT: Final = re.compile(r"fault ([0-9]{1,20}) ([a-z_]+) (.*)")


class Record(Struct, frozen=True, kw_only=True):
    """What a run says of itself. Times are UTC microseconds by the clock of its node.

    job: of Slurm's (of the array). whole: nothing more will be said. code, signal: None where unknown.
    over: its wall time was over. told: it was sent SIGTERM, which is how Slurm ends a job. fault: why it was
    not started, with `reason`.
    """

    began_at: int
    job: int
    node: str = ""
    cores: str = ""
    nodes: str = ""
    whole: bool = False
    ended_at: int | None = None
    code: int | None = None
    signal: int | None = None
    over: bool = False
    told: bool = False
    fault: Fault = Fault.NONE
    reason: str = ""


def parse(text: str) -> Record | None:
    """The record; None where not even the beginning is there. Pure."""
    whole = text.endswith("\nend\n")
    # What stands behind the last end of a line is still being written.
    lines = text[: text.rfind("\n") + 1].splitlines()
    began = _BEGAN.fullmatch(lines[0]) if lines else None
    if began is None:
        return None
    changes: dict[str, object] = {"whole": whole, "over": "over" in lines, "told": "told TERM" in lines}
    killed = any("HG_child" in line for line in lines)
    for line in lines[1:]:
        if (found := _EXIT.fullmatch(line)) is not None:
            code = min(int(found[2]), 255)  # its owner can write anything
            signalled = killed and 128 < code <= 128 + signals.SIGRTMAX
            changes |= {"ended_at": int(found[1])}
            changes |= {"code": None, "signal": code - 128} if signalled else {"code": code, "signal": None}
        elif (found := _FAULT.fullmatch(line)) is not None:
            names = {fault.value: fault for fault in Fault}
            changes |= {
                "ended_at": int(found[1]),
                "fault": names.get(found[2], Fault.SCRIPT),
                "reason": "".join(letter for letter in found[3][:REASON] if letter.isprintable()),
            }
    return Record(
        began_at=int(began[1]),
        job=int(began[2]),
        node=began[3],
        cores=began[4],
        nodes=began[5],
        **changes,  # type: ignore[arg-type]  # the pairs above
    )


class Spool:
    """The folder. `names` is looked at once in a while, single records when there is reason to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make it, or check it. Raises EngineUnavailable."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = self._folder.lstat()
            if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid():
                raise EngineUnavailable(f"The spool {self._folder} is not a folder of the server's account.")
            if stat.S_IMODE(found.st_mode) != MODE:
                self._folder.chmod(MODE)
        except OSError as error:
            raise EngineUnavailable(f"The spool {self._folder} can't be used: {error.strerror}.") from None

    def names(self) -> set[str]:
        """The names of all records and outputs. Raises EngineUnavailable."""
        try:
            return set(os.listdir(self._folder))
        except OSError as error:
            raise EngineUnavailable(f"The spool {self._folder} can't be read: {error.strerror}.") from None

    def record(self, name: str, uid: int) -> Record | None:
        """The record of this name if it is this account's; None: there is none. Raises EngineUnavailable."""
        data = self._read(name, uid, _LONGEST)
        return None if data is None else parse(data.decode("utf-8", "replace"))

    def output(self, name: str, uid: int, limit: int) -> bytes:
        """The captured output of a run, at most so many bytes. Raises EngineUnavailable."""
        return self._read(f"{name}.out", uid, limit) or b""

    def _read(self, name: str, uid: int, limit: int) -> bytes | None:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            fd = os.open(self._folder / name, flags)
        except OSError as error:
            if error.errno in _NO_RECORD:
                return None
            raise EngineUnavailable(f"The record {name} can't be read: {error.strerror}.") from None
        try:
            found = os.fstat(fd)
            if found.st_uid != uid or not stat.S_ISREG(found.st_mode):
                return None
            return os.read(fd, limit)
        except OSError as error:
            raise EngineUnavailable(f"The record {name} can't be read: {error.strerror}.") from None
        finally:
            os.close(fd)

    def remove(self, name: str) -> None:
        """Its run was recorded: it is needed no more. What can't be removed stays."""
        for one in (name, f"{name}.out", f"{name}.end"):
            try:
                (self._folder / one).unlink(missing_ok=True)
            except OSError:
                pass
