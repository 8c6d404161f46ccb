"""What is read of a request before a face looks at it."""

from typing import Any, NamedTuple

import pytest

from headgate.core.errors import NotFound
from headgate.formats import serving
from headgate.formats.routing import MethodNotAllowed, Router
from headgate.formats.serving import has_body


@pytest.mark.parametrize(
    ("headers", "has"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b" 0 ")], False),
        ([(b"content-length", b"1")], True),
        ([(b"transfer-encoding", b"chunked")], True),
        ([(b"content-type", b"1")], False),
    ],
)
def test_a_body_is_announced_by_its_length_or_its_transfer(
    headers: list[tuple[bytes, bytes]], has: bool
) -> None:
    assert has_body({"headers": headers}) is has


class There(NamedTuple):
    """An operation."""

    method: str
    path: str


def test_what_is_not_at_an_address_is_told_with_the_whole_of_it() -> None:
    router = Router([There("GET", "/jobs"), There("POST", "/jobs")])
    scope: dict[str, Any] = {"method": "PATCH", "path": "/api/nowhere", "root_path": "/api"}
    with pytest.raises(NotFound, match=r"There is nothing at /api/nowhere\."):
        serving.operation_at(router, scope, serving.path_of(scope))
    scope["path"] = "/api/jobs"
    with pytest.raises(MethodNotAllowed, match=r"/api/jobs takes GET and POST, not PATCH\."):
        serving.operation_at(router, scope, serving.path_of(scope))
