"""What this face is built from."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.core.model import Token
from headgate.ports.clock import Clock
from headgate.ports.identity import Identity
from headgate.service.jobs import Jobs
from headgate.service.nodes import Nodes
from headgate.service.queues import Queues
from headgate.service.scripts import Scripts
from headgate.service.tasks import Tasks


class TokenMaker(Protocol):
    """Makes bearer tokens."""

    async def create(self, user: str, *, lasts_s: int | None) -> tuple[str, Token]:
        """The token's text and what is kept of it."""
        ...


class Context(Struct, frozen=True, kw_only=True):
    """See headgate.app for what each of these is. account_of: the OS account of a user's jobs."""

    jobs: Jobs
    tasks: Tasks
    nodes: Nodes
    queues: Queues
    scripts: Scripts
    identity: Identity
    account_of: Callable[[str], OsAccount]
    clock: Clock
    tokens: TokenMaker
    revoke: Callable[[str], Awaitable[bool]]
    token_lasts_s: int
    version: str
