"""An empty world for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.compliance.hpcpack.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = await World().open()
    yield world
    await world.close()
