"""dialects/hpcpack/face.py: what happens around an operation, with doubles behind it."""

import asyncio
from typing import Any, cast

import pytest

from headgate.core.errors import NotAuthenticated, StoreUnavailable
from headgate.core.model import Job
from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack import Context, build
from headgate.ports.identity import Caller

FACTS = ("cluster_name", "hpcpack_version", "signing_key")
ANN = Caller("ann", Role.USER, "ann")


class Double:
    """Stands for every service: notes what it was asked, and answers or raises what it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.error: Exception | None = None

    def remembered(self, authorization: str) -> Caller | None:
        return ANN if authorization == "Basic known" else None

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        self.asked.append((authorization, address))
        raise NotAuthenticated("Too many failed attempts.", retry_after_s=7.4)

    def act_as(self, caller: Caller, name: str) -> Caller:
        self.asked.append((caller, name))
        return Caller(name, Role.USER, name)

    def names(self, caller: Caller) -> list[str]:
        return [caller.name]

    async def submit(self, caller: Caller, job_id: int, changes: object) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append((job_id, changes))

    def get(self, caller: Caller, job_id: int) -> Job:
        raise ZeroDivisionError

    def now(self) -> int:
        return 0


def ask(
    double: Double, path: str, *, incoming: list[Any] | None = None, method: str = "GET", **headers: bytes
) -> list[Any]:
    """The messages sent for one request."""
    context = Context(
        **cast(
            "dict[str, Any]",
            dict.fromkeys((name for name in Context.__struct_fields__ if name not in FACTS), double),
        ),
        cluster_name="c",
        hpcpack_version="5.0.0.0",
        signing_key=b"",
    )
    sent: list[Any] = []
    messages = incoming or [{"type": "http.request", "body": b""}]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value) for name, value in headers.items()],
    }

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(build(context)(scope, receive, send))
    return sent


def test_a_caller_who_is_remembered_is_not_checked_again() -> None:
    double = Double()
    start, body = ask(double, "/jobs/templates", authorization=b"Basic known")
    assert (start["status"], body["body"]) == (200, b'["ann"]')
    assert double.asked == []


def test_who_is_being_slowed_down_is_told_for_how_long() -> None:
    double = Double()
    start, _ = ask(double, "/jobs", authorization=b"Basic other")
    assert start["status"] == 401
    assert (b"retry-after", b"7") in start["headers"]
    assert double.asked == [("Basic other", "")]


@pytest.mark.parametrize(("raw", "name"), [("jürgen".encode(), "jürgen"), (b"j\xfcrgen", "jürgen")])
def test_names_beyond_ascii_are_utf_8_or_latin_1(raw: bytes, name: str) -> None:
    double = Double()
    _, body = ask(double, "/jobs/templates", authorization=b"Basic known", x_ms_as_user=raw)
    assert double.asked == [(ANN, name)]
    assert body["body"].decode() == f'["{name}"]'


def test_a_body_comes_in_parts() -> None:
    double = Double()
    parts = [
        {"type": "http.request", "body": b'[{"Name":"Na', "more_body": True},
        {"type": "http.request", "body": b"", "more_body": True},
        {"type": "http.request", "body": b'me","Value":"n"}]', "more_body": False},
    ]
    (start, _) = ask(double, "/jobs/7/submit", incoming=parts, method="POST", authorization=b"Basic known")
    assert start == {"type": "http.response.start", "status": 204, "headers": []}
    assert len(double.asked) == 1


def test_who_leaves_before_the_body_is_here_gets_no_answer_and_nothing_is_done() -> None:
    double = Double()
    parts = [
        {"type": "http.request", "body": b"[", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert ask(double, "/jobs/7/submit", incoming=parts, method="POST", authorization=b"Basic known") == []
    assert double.asked == []


def test_a_full_disk_is_503_in_this_faces_shape() -> None:
    double = Double()
    double.error = StoreUnavailable("The disk is full.")
    start, body = ask(double, "/jobs/7/submit", method="POST", authorization=b"Basic known")
    assert start["status"] == 503
    assert body["body"] == b'{"Message":"Not available now. Exception: The disk is full."}'


def test_a_fault_nobody_foresaw_goes_on_to_whoever_called() -> None:
    with pytest.raises(ZeroDivisionError):
        ask(Double(), "/jobs/7", authorization=b"Basic known")
