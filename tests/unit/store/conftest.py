"""The store on a directory and in memory: each test of the port runs on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.store.worlds import World


@pytest.fixture(params=["memory", "directory"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(":memory:" if request.param == "memory" else tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "data")
    yield made
    made.close()
