"""The root key: a text in a file that passes every check of the SOCA face. Off unless the settings name it.

SOCA draws another one at each start; ours is the same until somebody removes the file (spec soca, sections
2.2 and 10). It is in that file and in the server's memory, nowhere else.
"""

import os
import re
import secrets
import stat
import string
from pathlib import Path
from typing import Final

from headgate.core.errors import StartupRefused
from headgate.identity.secret_files import write_once

LENGTH: Final = 32
_ALPHABET: Final = string.ascii_letters + string.digits
_KEY: Final = re.compile(rb"[A-Za-z0-9]{32,128}")
_LONGEST_FILE: Final = 1024


def load_root_key(path: Path) -> bytes:
    """The key, made on first use.

    Raises StartupRefused for a file that is not ours alone, or holds something else.
    """
    try:
        try:
            return _read(path)
        except FileNotFoundError:
            key = "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))
            write_once(path, f"{key}\n".encode())
            return _read(path)
    except OSError as error:
        raise _refused(path, f"can't be used: {error.strerror}") from None


def _read(path: Path) -> bytes:
    # Looked at through the descriptor: what is checked is what is read. A pipe must not keep us waiting.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "is not a regular file")
        if found.st_uid != os.geteuid():
            raise _refused(path, f"belongs to another account (uid {found.st_uid})")
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise _refused(path, f"is open to others (mode {mode:04o}): change the key, then chmod 600")
        key = file.read(_LONGEST_FILE).strip()
    if not _KEY.fullmatch(key):
        raise _refused(path, "does not hold a key: 32 to 128 letters and digits (remove it, and one is made)")
    return key


def _refused(path: Path, why: str) -> StartupRefused:
    return StartupRefused(f"The root key file {path} (soca.root_key_file) {why}.")
