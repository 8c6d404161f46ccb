"""AccountProcesses: a piece of our own code, run with the rights of an OS account and no others.

Only engines start processes; what such a process does is known where it is needed. Its code is a *program*,
`module:function`: the function is called with what the process is told, before it becomes the account. It
imports and reads what only the server may read, follows no path a user can change, and answers with the work,
which is called as the account and says something through the function it is given.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from msgspec import Struct

from headgate.core.launch import OsAccount

Say = Callable[[bytes], None]
"""Sends one message; for one thread at a time. Ends the process when nobody listens any more."""
Work = Callable[[Say], None]
Program = Callable[[bytes], Work]


class Errand(Struct, frozen=True, kw_only=True):
    """What to run. account: None: the server's own, where the server is not root. program: `module:function`.
    told: secrets may be in it: it is neither in the arguments nor the environment, and nobody but root can
    look at the process. silence_s: how long it may say nothing.
    """

    account: OsAccount | None
    program: str
    told: bytes
    silence_s: float


class AccountProcesses(Protocol):
    """Starts them, each for one errand."""

    def run(self, errand: Errand) -> AsyncGenerator[bytes, None]:
        """What it says, until its work is done. Closing the iterator kills the process, and so does the end
        of the server.

        Raises NotPermitted when the server may not become the account; Unavailable when the process could not
        be started, when the account can't be entered, when it is silent for too long, or when it ended before
        its work was done.
        """
        ...
