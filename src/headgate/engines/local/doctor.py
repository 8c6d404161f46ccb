"""Can this machine run tasks as the embedded engine means to? For `headgate doctor`: plain findings."""

import ctypes
import fcntl
import os
import tempfile
from pathlib import Path

from headgate.core.errors import EngineUnavailable
from headgate.engines.local import linux
from headgate.engines.local.launching import prepare_directory
from headgate.engines.local.machine import nodes_of
from headgate.engines.local.options import Options
from headgate.ports.findings import Finding, Level

_PR_GET_CHILD_SUBREAPER = 37
_CAP_KILL, _CAP_SETGID, _CAP_SETUID = 5, 6, 7


def check(directory: Path, options: Options) -> list[Finding]:
    """Look at everything the engine needs. Changes nothing but that it makes its directory."""
    return [
        _account(options),
        _directory(directory),
        _script_descriptors(),
        _pidfd(),
        _subreaper(),
        _children_file(),
        _journal_sealing(directory),
        *_nodes(options),
    ]


def _account(options: Options) -> Finding:
    if os.geteuid() != 0:
        return Finding(
            Level.WARNING,
            f"The server is not root: every task runs under its own account (uid {os.geteuid()}); "
            "all users are one trust domain.",
        )
    missing = [
        name
        for name, bit in (("CAP_KILL", _CAP_KILL), ("CAP_SETGID", _CAP_SETGID), ("CAP_SETUID", _CAP_SETUID))
        if not _capabilities() >> bit & 1
    ]
    if missing:
        return Finding(
            Level.FAULT, f"Root without {', '.join(missing)} can't start tasks under other accounts."
        )
    return Finding(
        Level.GOOD,
        f"The server is root: tasks run as their owners (uid {options.min_uid} and up, or nobody).",
    )


def _capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _directory(directory: Path) -> Finding:
    try:
        prepare_directory(directory)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
    except (EngineUnavailable, OSError) as error:
        return Finding(Level.FAULT, f"The engine's directory can't be used: {error}")
    return Finding(Level.GOOD, f"The engine's directory {str(directory)!r} is ours alone.")


def _script_descriptors() -> Finding:
    try:
        fd = os.memfd_create("doctor", os.MFD_CLOEXEC)
    except OSError as error:
        return Finding(Level.FAULT, f"The kernel gives no memory files for scripts: {error.strerror}.")
    try:
        os.write(fd, b"true")
        if Path(f"/dev/fd/{fd}").read_bytes() != b"true":
            raise OSError(0, "it does not hold what was written")
    except OSError as error:
        return Finding(Level.FAULT, f"/dev/fd does not work ({error.strerror}); is /proc mounted?")
    finally:
        os.close(fd)
    return Finding(Level.GOOD, "Scripts are handed over in memory.")


def _pidfd() -> Finding:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return Finding(Level.FAULT, f"The kernel has no pidfd (Linux 5.3): {error.strerror}.")
    return Finding(Level.GOOD, "Processes can be held by a pidfd.")


def _subreaper() -> Finding:
    answer = ctypes.c_int()
    if ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0) != 0:
        return Finding(Level.FAULT, "The kernel has no subreapers: stray processes of a task would escape.")
    return Finding(Level.GOOD, "Stray processes of a task come back to the process that watches it.")


def _children_file() -> Finding:
    if not linux.HAS_CHILDREN_FILE:
        return Finding(
            Level.WARNING,
            "The kernel lists no children in /proc: ending a task looks at every process instead.",
        )
    return Finding(Level.GOOD, "The kernel lists the children of a process.")


def _journal_sealing(directory: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return Finding(Level.FAULT, f"Files in {str(directory)!r} can't be locked: {error.strerror}.")
    return Finding(Level.GOOD, "Files in the engine's directory can be locked.")


def _nodes(options: Options) -> list[Finding]:
    found = []
    for node in nodes_of(options):
        cores = os.cpu_count() or 1
        level = Level.WARNING if node.cores > cores else Level.GOOD
        more = f", more than the machine's {cores}" if node.cores > cores else ""
        found.append(Finding(level, f"Node {node.name}: {node.cores} cores{more}, {node.memory_mb} MiB."))
    return found
