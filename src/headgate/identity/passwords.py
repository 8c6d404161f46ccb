"""Passwords: argon2id, in threads of their own, only a few at once.

A check costs about 40 ms and 32 MiB by design, so at most `AT_ONCE` run beside each other (the server's
memory is bounded) and at most `WAITING` wait; beyond that a caller is told to come back. `remembered.py`
makes it rare.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from headgate.core.errors import BadRequest, Unavailable

# RFC 9106, section 4: 3 passes. Its second recommendation takes 64 MiB; half of it, as two run at once beside
# a job queue.
PASSES: Final = 3
MEMORY_KIB: Final = 32 * 1024
AT_ONCE: Final = 2
WAITING: Final = 64
LONGEST: Final = 1024
"""Characters of a password. argon2 takes more; a client has no reason to send more."""


class Passwords:
    """Hashes and checks. One object for each process; `close` it."""

    def __init__(self, *, passes: int = PASSES, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="password")
        self._open = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The encoded hash to keep. Raises BadRequest for a password that can't be one."""
        if not password or len(password) > LONGEST or "\0" in password:
            raise BadRequest(f"A password has 1 to {LONGEST} characters.")
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hasher.hash, _bytes(password)
        )

    async def matches(self, encoded: str, password: str) -> bool:
        """Whether this is the password. An empty hash costs the same time and never matches.

        Raises Unavailable.
        """
        if self._open >= WAITING:
            raise Unavailable("Too many passwords are being checked; try again.")
        self._open += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._check, encoded, password
            )
        finally:
            self._open -= 1

    def close(self) -> None:
        """End the threads; checks that wait are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, encoded: str, password: str) -> bool:
        known = bool(encoded) and 0 < len(password) <= LONGEST
        if not known:
            # An unknown user takes as long as a wrong password: nobody learns names by the clock.
            if self._nobody is None:
                self._nobody = self._hasher.hash(secrets.token_bytes(16))
            encoded, password = self._nobody, password[:LONGEST]
        try:
            self._hasher.verify(encoded, _bytes(password))
        except (Argon2Error, InvalidHashError):
            return False
        return known


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
