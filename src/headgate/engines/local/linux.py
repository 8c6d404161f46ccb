"""What the engine asks of the Linux kernel, and nothing else: process facts from /proc and a few prctl calls.

A pid alone names nobody: numbers are used again. Whoever is not our unreaped child is known by pid, start
time and boot id together, and is signalled through a pidfd that was opened before those were compared.
"""

import ctypes
import errno
import os
import resource
import signal
import time

_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)
_TICKS = os.sysconf("SC_CLK_TCK")

EVERY_SIGNAL = tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))


class ProcessFacts:
    """A line of /proc/PID/stat (proc(5)): state, parent, session and start time in clock ticks since boot."""

    __slots__ = ("parent", "session", "start", "state")

    def __init__(self, line: bytes) -> None:
        # The command name is in parentheses and may hold anything, parentheses included.
        fields = line[line.rindex(b")") + 2 :].split()
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.start = int(fields[19])


def _prctl(option: int, argument: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become_subreaper() -> None:
    """Orphaned descendants become our children from now on, instead of init's."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_inspection() -> None:
    """Nobody but root may trace this process or look at its memory and descriptors."""
    _prctl(_PR_SET_DUMPABLE, 0)


def set_process_name(name: str) -> None:
    """The name `ps -o comm` shows; at most 15 bytes."""
    _libc.prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]), 0, 0, 0)


_limit_before: tuple[int, int] | None = None


def raise_descriptor_limit() -> None:
    """As many open files as we may have: four for each running lane."""
    global _limit_before  # noqa: PLW0603 - one limit for one process, like the umask
    _limit_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_limit_before[1], _limit_before[1]))


def restore_descriptor_limit() -> None:
    """What it was before, for tasks."""
    if _limit_before is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, _limit_before)


def boot_id() -> str:
    """A name for this run of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def boot_ticks() -> int:
    """Now, on the clock and in the unit of a process's start time."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * _TICKS // 1_000_000_000


def process_facts(pid: int) -> ProcessFacts | None:
    """What is known of this pid now; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return ProcessFacts(file.read())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def process_uid(pid: int) -> int | None:
    """The real uid of this pid; None when there is none."""
    for line in _status(pid):
        if line.startswith(b"Uid:"):
            return int(line.split()[1])
    return None


def catches(pid: int, number: int) -> bool:
    """Has this process a handler of its own for the signal?"""
    for line in _status(pid):
        if line.startswith(b"SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def _status(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            return file.read().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def children(pid: int) -> list[int]:
    """The processes whose parent it is, zombies included. A child belongs to the thread that made it."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
        except FileNotFoundError:
            if not HAS_CHILDREN_FILE:
                return [other for other, facts in _everybody() if facts.parent == pid]
        except ProcessLookupError:
            continue
    return found


HAS_CHILDREN_FILE = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _everybody() -> list[tuple[int, ProcessFacts]]:
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [(pid, facts) for pid in pids if (facts := process_facts(pid)) is not None]


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on, nearest first."""
    found: list[int] = []
    seen = {pid}
    queue = [pid]
    while queue:
        for child in children(queue.pop(0)):
            if child not in seen:
                seen.add(child)
                found.append(child)
                queue.append(child)
    return found


def session_members(session: int) -> list[int]:
    """Every process of this session."""
    return [pid for pid, facts in _everybody() if facts.session == session]


def open_verified(pid: int, *, first: int, last: int, uid: int) -> int | None:
    """A pidfd of the process with this pid, if it started between `first` and `last` (ticks) and is `uid`'s.

    Opened before looking: what is compared afterwards can only be the process that the pidfd holds.
    The caller has compared the boot id.
    """
    if pid <= 1:
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EINVAL, errno.ENOENT):
            return None  # there is none, or the number now belongs to a thread
        raise
    facts = process_facts(pid)
    if facts is None or facts.state in "ZX" or not first <= facts.start <= last or process_uid(pid) != uid:
        os.close(pidfd)
        return None
    return pidfd


def signal_pidfd(pidfd: int, number: int) -> bool:
    """Send the signal to that very process. False when it is gone or not ours to signal."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
