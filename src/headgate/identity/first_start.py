"""The first user: an installation without any gets `admin`, whose password is in a file only its account can
read.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from headgate.core.model import User
from headgate.core.vocabulary import Role
from headgate.identity.passwords import Passwords
from headgate.ports.clock import Clock
from headgate.ports.store import Store, Transaction

NAME: Final = "admin"
FILE: Final = "initial-admin-password"


async def create_first_admin(store: Store, passwords: Passwords, clock: Clock, data: Path) -> str | None:
    """Create `admin` if there is no user yet. Its password, or None when there was a user.

    The file is on disk before the user is: a crash in between leaves a file without use, never a user without
    password.
    """
    if await store.read(lambda look: look.users()):
        return None
    password = secrets.token_urlsafe(18)
    encoded = await passwords.hash(password)
    _write(data / FILE, password)
    now = clock.now()
    admin = User(name=NAME, role=Role.ADMIN, password_hash=encoded, created=now, changed=now)

    def create(tx: Transaction) -> bool:
        if tx.users():
            return False
        tx.put_user(admin)
        return True

    if await store.write(create):
        return password
    (data / FILE).unlink()
    return None


def _write(path: Path, password: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
