"""What a front gives up before it hears a client: root, new privileges, and a life beyond the core's."""

import ctypes
import os
import pwd
import signal
from typing import Final

from headgate.core.errors import StartupRefused

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_PR_SET_NO_NEW_PRIVS: Final = 38
NAME: Final = b"headgate-front"


def give_up(account: str) -> None:
    """Become this account if we are root. Raises StartupRefused."""
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam(account)
        except KeyError:
            raise StartupRefused(f"There is no account {account!r} for the fronts to run as.") from None
        if entry.pw_uid == 0:
            raise StartupRefused(f"The account {account!r} is root: fronts are there so that HTTP is not.")
        # Since Linux 2.4 this also forbids other processes of that account to look into our memory, with the
        # key of TLS in it: who changes its uid is not dumpable (prctl(2), PR_SET_DUMPABLE).
        os.setgroups([])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    libc = ctypes.CDLL(None, use_errno=True)
    for option, argument in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_PDEATHSIG, signal.SIGKILL)):
        if libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    libc.prctl(_PR_SET_NAME, ctypes.c_char_p(NAME), 0, 0, 0)
