"""A story for each test, looked through at its end."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.story import Story


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    """One node of four cores."""
    told = Story()
    await told.begin()
    yield told
    audit(told)
    told.store.shut()
