from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.engines.local.rig import Rig


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    """An open engine of its own."""
    rig = Rig()
    await rig.engine.open()
    try:
        yield rig
    finally:
        await rig.close()
