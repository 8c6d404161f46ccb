"""Anything may arrive at the HPC REST API; what is answered is in its description."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.model import INT_MAX
from headgate.dialects.nifcloud import parse
from headgate.dialects.nifcloud.errors import Failure, Invalid
from headgate.dialects.nifcloud.options import Options
from tests.compliance.nifcloud.world import World

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["jobfile", "qopt", "path", "direction", "delete", "x"]),
    JSON
    | st.sampled_from(["run.sh", "../x", "/etc/passwd", "-x", "a\0", "to_online", ".", "/srv/hpc/ada/a"]),
)
PATHS = st.sampled_from(["/jobs", "/jobs/1", "/files/sync", "/files/sync/31", "/jobs/2147483647"]) | st.text(
    "/jobsfilesync0123456789.%", max_size=20
).map(lambda text: "/" + text)
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"])


class Asking:
    """A world that is asked outside a test's own loop."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.world: World = self.runner.run(self._open())

    async def _open(self) -> World:
        return await World(Options()).open()

    def ask(self, *arguments: Any, **more: Any) -> Any:
        return self.runner.run(self.world.ask(*arguments, **more))


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    made = Asking()
    yield made
    made.runner.run(made.world.close())
    made.runner.close()


@given(METHODS, PATHS, st.binary(max_size=50) | MEMBERS, st.sampled_from(["ada", "ben", "boss", "REFUSED"]))
def test_every_request_has_an_answer_of_the_description(
    asking: Asking, method: str, path: str, body: Any, user: str
) -> None:
    """`World.ask` compares the answer with the description."""
    answer = asking.ask(method, path, body, user=user)
    assert answer.status < 500
    assert asking.world.face.load()[0] == 0


@given(st.binary(max_size=100))
def test_a_body_is_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(parse.checked(body, parse.SYNC)["path"], str)
    except (Failure, Invalid):
        return


@given(st.binary(max_size=14) | st.integers(-10, 1 << 40).map(lambda number: str(number).encode()))
def test_a_number_in_a_path_is_one_that_pjm_could_have_given(step: bytes) -> None:
    found = parse.number(step)
    assert found is None or (0 <= found <= INT_MAX and step.isdigit())
    if step.isdigit() and len(step) <= 10 and int(step) <= INT_MAX:
        assert found == int(step)


@given(st.text(max_size=60), st.text(max_size=10))
def test_a_content_type_is_taken_or_refused(content_type: str, encoding: str) -> None:
    try:
        parse.check_content_type(content_type, encoding)
    except Failure:
        return
    assert "application/json" in content_type.lower()
