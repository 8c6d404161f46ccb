"""An empty world for each test."""

from collections.abc import AsyncIterator

import pytest

from headgate.dialects.soca.options import Options
from tests.compliance.soca.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World(Options()).open()
    yield made
    await made.close()


@pytest.fixture
async def strict() -> AsyncIterator[World]:
    """With statuses that say what happened, jobs of others in lists, and history unasked."""
    made = await World(Options(statuses="strict", jobs_of_others="redacted", history=True)).open()
    yield made
    await made.close()
