"""One real server for the tests of a file, with two users whose tasks run as nobody (where it is root)."""

from collections.abc import Iterator

import pytest

from headgate.testing.server import Server, running

ADA = ("ada", "engine")
BOB = ("bob", "loom")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the users ada and bob."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        for name, password in (ADA, BOB):
            started.add_user(name, password, os_account="nobody")
        yield started
