"""Starting a task's program. What is executed, and with which words, is in `core/program.py`.

The usual start is `posix_spawn`, which costs least. A task with limits of its own is forked instead: limits
are set between fork and exec, in the child alone, because a process that is not root can't raise them again.
"""

import os
import resource
import shutil
import signal
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from headgate.core.program import SCRIPT_FD, Command
from headgate.engines.local.linux import EVERY_SIGNAL

LIMITS: Final[Mapping[str, int]] = {
    name.removeprefix("RLIMIT_").lower(): getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_")
}
"""What `Launch.limits` may name."""


def start(
    asked: Command, variables: Mapping[str, str], streams: Sequence[int], script: bytes,
    limits: Sequence[tuple[str, int]] = (),
) -> int:  # fmt: skip
    """Start it in a session of its own; its pid. streams: stdin, stdout, stderr.

    Raises OSError, ValueError.
    """
    program = asked.program
    if "/" not in program:
        program = shutil.which(program, path=variables.get("PATH", "")) or program
    # Not in argv, which everybody may read; not on disk, where somebody would have to clean up.
    memory = os.memfd_create("script", os.MFD_CLOEXEC)
    try:
        content = memoryview(script)
        while content:
            content = content[os.write(memory, content) :]
        if limits:
            return _forked(program, asked.words, variables, (*streams, memory), limits)
        return os.posix_spawn(
            program,
            asked.words,
            variables,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((*streams, memory))],
            setsid=True,
            setsigmask=(),
            # Python ignores SIGPIPE, and what is ignored stays ignored over an exec.
            setsigdef=EVERY_SIGNAL,
        )
    finally:
        os.close(memory)


def _forked(
    program: str,
    words: Sequence[str],
    variables: Mapping[str, str],
    descriptors: Sequence[int],
    limits: Sequence[tuple[str, int]],
) -> int:
    """The same, with limits set in between. What goes wrong in the child comes back through a pipe."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
        if pid == 0:
            _become(program, words, variables, descriptors, limits, writing)
        os.close(writing)
        writing = -1
        said = os.read(reading, 4096)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if not said:
        return pid
    os.waitpid(pid, 0)
    number, _, what = said.decode("utf-8", "replace").partition(":")
    raise OSError(int(number), f"{os.strerror(int(number))}{what}")


def _become(
    program: str,
    words: Sequence[str],
    variables: Mapping[str, str],
    descriptors: Sequence[int],
    limits: Sequence[tuple[str, int]],
    writing: int,
) -> NoReturn:
    """What the forked child does, until it is the program or has said why not."""
    what = ""
    try:
        os.setsid()
        # Out of the way of 0 to 3 first, so that none is overwritten before it was copied.
        kept = [os.dup(fd) if fd <= SCRIPT_FD else fd for fd in descriptors]
        while any(fd <= SCRIPT_FD for fd in kept):
            kept = [os.dup(fd) if fd <= SCRIPT_FD else fd for fd in kept]
        for number, fd in enumerate(kept):
            os.dup2(fd, number, inheritable=True)
        for number in EVERY_SIGNAL:
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for name, value in limits:
            what = f" (limit {name})"
            limit(name, value)
        what = ""
        os.execve(program, list(words), variables)
    except OSError as error:
        os.write(writing, f"{error.errno or 1}:{what}".encode())
    except BaseException:  # noqa: BLE001 - nothing may get from the child into the worker's code
        os.write(writing, f"1:{what}".encode())
    finally:
        os._exit(127)


def limit(name: str, value: int) -> None:
    """Set this process's soft and hard limit (spec pjm, section 3.1); at most to what it may have."""
    number = LIMITS[name]
    _, most = resource.getrlimit(number)
    wanted = resource.RLIM_INFINITY if value < 0 else value
    if most != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > most):
        wanted = most
    resource.setrlimit(number, (wanted, wanted))
