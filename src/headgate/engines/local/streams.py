"""Opening what a task reads and writes, with the rights of whoever calls.

Called in a worker, after root was dropped: every path here is the user's own affair.
"""

import errno
import os
from dataclasses import dataclass, field

from headgate.core.launch import Launch
from headgate.core.surroundings import expand
from headgate.ports.engine import Fault

# O_NONBLOCK: a FIFO nobody reads or writes must not hold the worker up. Taken off again for the task.
_COMMON = os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_READ = os.O_RDONLY | _COMMON
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _COMMON
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _COMMON


class NotStartable(Exception):
    """The instance can't be started; it never ran."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


@dataclass(slots=True)
class Streams:
    """Descriptors for the task, all of them ours to close.

    `capture` is the reading end of what is captured, if anything is.
    """

    stdin: int = -1
    stdout: int = -1
    stderr: int = -1
    capture: int | None = None
    _opened: list[int] = field(default_factory=list)

    def close_task_side(self) -> None:
        """The task has its own copies."""
        while self._opened:
            os.close(self._opened.pop())

    def close(self) -> None:
        """Everything."""
        self.close_task_side()
        if self.capture is not None:
            os.close(self.capture)
            self.capture = None


def enter_work_directory(launch: Launch, home: str, variables: dict[str, str]) -> None:
    """Make it the current directory. Relative ones count from the account's home."""
    path = os.path.join(home or "/", expand(launch.work_directory, variables))
    try:
        os.chdir(path)
    except (OSError, ValueError) as error:
        raise NotStartable(
            Fault.WORK_DIRECTORY, f"The work directory {path!r} can't be entered: {_why(error)}"
        ) from None


def open_streams(launch: Launch, home: str, variables: dict[str, str], null: int) -> Streams:
    """Open what the launch names, relative to the current directory (output: to the launch's own folder, if
    it names one); `null` where it names no input.
    """
    streams = Streams(stdin=null)
    folder = _output_folder(launch, home, variables)
    mode = _APPEND if launch.append else _WRITE

    def opened(path: str, fault: Fault) -> int:
        return _open(streams, os.path.join(folder, expand(path, variables)), mode, fault)

    try:
        if launch.stdin:
            streams.stdin = _open(streams, expand(launch.stdin, variables), _READ, Fault.STDIN)
        if launch.stdout:
            streams.stdout = opened(launch.stdout, Fault.STDOUT)
        if launch.stderr:
            streams.stderr = opened(launch.stderr, Fault.STDERR)
        if streams.stdout < 0 or streams.stderr < 0:
            streams.capture, writing = os.pipe2(os.O_CLOEXEC)
            streams._opened.append(writing)
            os.set_blocking(streams.capture, False)
            streams.stdout = writing if streams.stdout < 0 else streams.stdout
            streams.stderr = writing if streams.stderr < 0 else streams.stderr
        elif os.path.sameopenfile(streams.stdout, streams.stderr):
            # One description, one offset: otherwise each would overwrite the other's text.
            streams.stderr = streams.stdout
    except BaseException:
        streams.close()
        raise
    return streams


def _output_folder(launch: Launch, home: str, variables: dict[str, str]) -> str:
    folder = expand(launch.output_directory, variables)
    return os.path.join(home or "/", folder) if folder else ""


def leave_script(launch: Launch, home: str, variables: dict[str, str]) -> None:
    """Where the launch asks for it, make the output's folder and put the script there, once: later runs, and
    other instances, find it.
    """
    if not launch.script_file:
        return
    folder = _output_folder(launch, home, variables)
    path = os.path.join(folder, launch.script_file)
    try:
        _make_folder(folder)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
        with os.fdopen(fd, "wb") as file:
            file.write(launch.script)
    except FileExistsError:
        return
    except (OSError, ValueError) as error:
        raise NotStartable(Fault.SCRIPT, f"The script can't be left in {folder!r}: {_why(error)}") from None


def _make_folder(folder: str) -> None:
    """With all above it that is missing; not os.makedirs, which makes those for everybody."""
    if os.path.isdir(folder):
        return
    _make_folder(os.path.dirname(folder))
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from None


def _open(streams: Streams, path: str, flags: int, fault: Fault) -> int:
    try:
        fd = os.open(path, flags, 0o666)
        streams._opened.append(fd)
        os.set_blocking(fd, True)
    except (OSError, ValueError) as error:
        raise NotStartable(fault, f"The {fault.value} file {path!r} can't be opened: {_why(error)}") from None
    return fd


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
