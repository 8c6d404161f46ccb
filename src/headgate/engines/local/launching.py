"""The engine's directory, and starting a shepherd in it.

The shepherd gets nothing of the server: no descriptors, no environment, its own session, and init as its
parent. It runs our own code with the server's interpreter, isolated (`-I -S`): it is told where to find
`headgate` and `msgspec` and looks nowhere else.
"""

import os
import subprocess
import sys
from pathlib import Path

from headgate.core.errors import EngineUnavailable
from headgate.engines.isolated import import_paths

# The first process ends at once: whoever started us has nobody to wait for later.
_BOOT = """\
import os, sys
if os.fork(): os._exit(0)
os.setsid()
sys.path += sys.argv[1:]
from headgate.engines.local.shepherd import main
main()
"""


def prepare_directory(directory: Path) -> None:
    """Make it, or check that it is ours alone. Raises EngineUnavailable."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise EngineUnavailable(
            f"The engine's directory {str(directory)!r} can't be made: {error.strerror}"
        ) from None
    if found.st_uid != os.geteuid() or not directory.is_dir() or directory.is_symlink():
        raise EngineUnavailable(
            f"The engine's directory {str(directory)!r} is not a folder of the server's account."
        )
    if found.st_mode & 0o077:
        directory.chmod(0o700)


def start_shepherd(directory: Path) -> None:
    """Start one. If there is one already, the new one sees its lock and ends."""
    log_path = directory / "shepherd.log"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    log = os.open(log_path, flags, 0o600)
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", _BOOT, *import_paths()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env={"LC_ALL": "C.UTF-8"},
            close_fds=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineUnavailable(f"The shepherd can't be started: {error}") from None
    finally:
        os.close(log)
