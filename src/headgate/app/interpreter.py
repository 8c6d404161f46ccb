"""Which Python the hosts of services are started with, by accounts that may not be the server's.

The server's own, where every account may run it. One that lies in a folder closed to others (root's home,
say) is of no use to them: then an interpreter of the same version in one of the usual places, told where our
packages are.
"""

import os
import shlex
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

USUAL: Final = (Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/python/bin"))


def host_command(python: str, *, root: bool, usual: Iterable[Path] = USUAL) -> str:
    """The command line of a host. python: as it was set; empty: to be found. root: whether hosts run under
    accounts of their own.
    """
    variables = ""
    if not python:
        python = sys.executable
        other = None if not root or open_to_all(Path(python)) else stand_in(usual)
        if other is not None:
            python = str(other)
            folders = [path for path in map(Path, sys.path) if _has_packages(path)]
            variables = f"PYTHONPATH={shlex.quote(os.pathsep.join(map(str, folders)))} "
    # -P: a module that lies in the work directory is not taken for one of ours.
    return f"{variables}exec {shlex.quote(python)} -P -m headgate.soa.host"


def stand_in(usual: Iterable[Path] = USUAL) -> Path | None:
    """An interpreter of our version that everybody may run; None: there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return next((path / name for path in usual if open_to_all(path / name)), None)


def open_to_all(path: Path) -> bool:
    """Whether every account may run the program at this path, wherever its links lead."""
    try:
        whole = path.resolve(strict=True)
        ways = [path.absolute(), whole]
        if not whole.stat().st_mode & stat.S_IXOTH:
            return False
        return all(folder.stat().st_mode & stat.S_IXOTH for way in ways for folder in way.parents)
    except OSError:
        return False


def _has_packages(path: Path) -> bool:
    """Whether this is where packages were installed (or our own lies), not Python's own library."""
    return path.is_absolute() and (
        path.name in ("site-packages", "dist-packages") or (path / "headgate").is_dir()
    )
