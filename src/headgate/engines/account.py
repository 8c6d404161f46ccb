"""The server's own account, as all engines see it."""

import os
import pwd

from headgate.core.launch import OsAccount


def own_account() -> OsAccount:
    """The account this process runs under."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return OsAccount(str(uid), uid, os.getegid(), "/")
    return OsAccount(entry.pw_name, uid, entry.pw_gid, entry.pw_dir, shell=entry.pw_shell or "/bin/sh")
