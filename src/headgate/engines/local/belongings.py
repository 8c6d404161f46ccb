"""A run's private files and scratch folders: one folder, made and removed by the worker.

The worker has the account's rights and no more, so nothing here can reach what is not the account's anyway.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping

from headgate.core.launch import Launch
from headgate.engines.local.log import log


def lay_out(launch: Launch, below: str) -> tuple[str, Mapping[str, str]]:
    """Make the folder with all that the launch asks for, if it asks for anything.

    The folder (empty: none) and the variables that name what is in it. Raises OSError, having left nothing.
    """
    if not launch.files and not launch.scratch:
        return "", {}
    folder = tempfile.mkdtemp(prefix="headgate-", dir=below)
    variables = {}
    try:
        for name, content in launch.files:
            path = os.path.join(folder, name)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            variables[name] = path
        for name in launch.scratch:
            path = os.path.join(folder, f"{name}.d")
            os.mkdir(path, 0o700)
            variables[name] = path
    except BaseException:
        clear_away(folder)
        raise
    return folder, variables


def clear_away(folder: str) -> None:
    """Remove the folder. What can't be removed stays, and is told."""
    if not folder or not os.path.lexists(folder):
        return

    def failed(_what: object, path: str, error: BaseException) -> None:
        log("not removed", path=path, error=error)

    shutil.rmtree(folder, onerror=lambda what, path, info: failed(what, path, info[1]))
