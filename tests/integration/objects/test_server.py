"""Syncs as the server works them off: one after the other where they overlap, through kills, told by the
command line. They are asked for through the service, as a face does.
"""

import asyncio
import os
import pwd
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.app import opened, plugin_options
from headgate.config import load
from headgate.core.syncs import Direction, Sync, SyncState
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.testing.object_store import SECRET_KEY
from headgate.testing.server import Server, descendants
from tests.integration.objects.conftest import Sides, someone
from tests.integration.objects.liar import Liar, Passing

PASSWORD = "a good long password"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


class World:
    """A server whose user `ada` has the storage of the test."""

    def __init__(self, sides: Sides, liar: Liar, folder: Path) -> None:
        self.sides = sides
        self.account = someone()
        self.home = Path(pwd.getpwuid(os.geteuid()).pw_dir if self.account is None else sides.root)
        variables = {**sides.store.settings(liar.url), "HEADGATE_STORAGE__ROOT": str(folder / "storage")}
        self.server = Server(folder / "data", environment=variables)
        self.server.add_user("ada", PASSWORD, os_account="nobody" if os.geteuid() == 0 else "")

    def ask(self, *paths: str, direction: Direction = Direction.FROM_ONLINE) -> list[int]:
        """Ask for a sync of each of these. Their numbers."""

        async def asking() -> list[int]:
            loaded = load(None, {**os.environ, **self.server.environment}, {}, plugin_options())
            async with opened(self.server.data, loaded.settings) as parts:
                caller = Caller("ada", Role.USER)
                return [
                    (await parts.syncs.start(caller, path=path, direction=direction)).id for path in paths
                ]

        return asyncio.run(asking())

    def sync(self, number: int) -> Sync:
        """As the store has it."""

        async def looking() -> Sync:
            loaded = load(None, {**os.environ, **self.server.environment}, {}, plugin_options())
            async with opened(self.server.data, loaded.settings) as parts:
                return parts.syncs.get(None, number)

        return asyncio.run(looking())

    def wait(self, number: int) -> Sync:
        """Until it is over."""
        return waited(lambda: found if (found := self.sync(number)).ended is not None else None)


def waited(look: Callable[[], Sync | int | None], within_s: float = 30.0) -> "Sync":
    """Until there is something."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found = look()
        if isinstance(found, Sync):
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")
