from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.broker.desk import Desk


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[Callable[..., Desk]]:
    """Makes desks, and closes them."""
    made: list[Desk] = []

    def make(**how: Any) -> Desk:
        made.append(Desk(tmp_path, **how))
        return made[-1]

    yield make
    for one in made:
        await one.close()
