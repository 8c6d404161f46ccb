"""A server that is not root: run by root as an ordinary account, with rules of its own for sudo.

The rules are mounted over /etc/sudoers in a mount namespace that only the server and what it starts see:
nothing of the machine's is changed, and nothing is left behind.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from headgate.app.interpreter import open_to_all, stand_in

PROGRAMS = ("sudo", "unshare", "setpriv", "mount")


def unavailable() -> str:
    """Why there can be none here; empty when there can be one."""
    if os.geteuid() != 0:
        return "running a server as another account takes root"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: sudo, mount, util-linux)"
    if subprocess.run(("unshare", "--mount", "true"), capture_output=True, check=False).returncode != 0:
        return "no mount namespace can be made here"
    if _interpreter() is None:
        return f"no Python {sys.version_info.major}.{sys.version_info.minor} that every account may run"
    return ""


def python(account: str, rules: Path) -> tuple[str, ...]:
    """The words that run a Python with our packages as this account, for `Server(python=…)`. rules: a file
    for /etc/sudoers, which is made root's alone.
    """
    shutil.chown(rules, 0, 0)
    rules.chmod(0o440)
    become = f"exec setpriv --reuid={account} --regid={account} --init-groups --reset-env --"
    packages = os.pathsep.join(path for path in sys.path if path)
    script = (
        f"mount --bind {shlex.quote(str(rules))} /etc/sudoers && cd / && "
        f'{become} env PYTHONPATH={shlex.quote(packages)} PYTHONDONTWRITEBYTECODE=1 "$@"'
    )
    return ("unshare", "--mount", "sh", "-c", script, "sh", str(_interpreter()))


def _interpreter() -> Path | None:
    """This one, or one like it, that any account may run."""
    own = Path(sys.executable)
    return own if open_to_all(own) else stand_in()
