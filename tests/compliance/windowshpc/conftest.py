"""An empty world for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.compliance.windowshpc.world import Legacy


@pytest.fixture
async def world() -> AsyncIterator[Legacy]:
    world = Legacy()
    await world.open()
    yield world
    await world.close()
