"""An empty world for each test."""

from collections.abc import AsyncIterator

import pytest

from headgate.dialects.nifcloud.options import Options
from tests.compliance.nifcloud.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World(Options()).open()
    yield made
    await made.close()
