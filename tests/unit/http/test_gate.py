"""What every request goes through, without a socket."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from headgate.core.errors import HeadgateError
from headgate.http.faces import Application, Face, Message, Receive, Scope, Send
from headgate.http.gate import Gate
from headgate.http.limits import BODY_IS_HERE, Limits

Headers = Sequence[tuple[str, str]]


def plain(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """The error shape of the face in these tests."""
    return "text/x-refusal", f"{status}|{error.text}".encode()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was sent, behind the path it was given."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"x-root", scope["root_path"].encode())]}
    )
    await send({"type": "http.response.body", "body": body})


class Answer:
    """What was sent."""

    def __init__(self, messages: list[Message]) -> None:
        start = messages[0]
        self.status: int = start["status"]
        self.headers: dict[str, str] = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])


async def ask(
    app: Application,
    *,
    method: str = "POST",
    path: str = "/face/x",
    headers: Headers = (),
    parts: Sequence[bytes] = (),
    stall: bool = False,
    statuses: Mapping[int, int] | None = None,
    streams: bool = False,
    state: Mapping[str, Any] | None = None,
    **options: Any,
) -> Answer:
    """One request through a gate with one face. `stall`: the body never ends. statuses, streams: see Face."""
    sent: list[Message] = []
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if not stall:
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    limits = Limits(body=10, body_timeout_s=0.05, piece_timeout_s=0.05)
    face = Face("face", "/face", app, plain, statuses=statuses or {}, streams=lambda _: streams)
    gate = Gate([face], echo, limits, **options)
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "headers": encoded,
        "state": dict(state or {}),
    }
    await gate({**scope, "root_path": ""}, receive, send)
    return Answer(sent)


async def test_a_face_is_found_by_the_first_step_whatever_its_letter_case() -> None:
    assert (await ask(echo, path="/FACE/x")).headers["x-root"] == "/FACE"
    assert (await ask(echo, path="//face//x")).headers["x-root"] == "/face"
    assert (await ask(echo, path="/face")).headers["x-root"] == "/face"
    assert (await ask(echo, path="/faces/x")).headers["x-root"] == ""


async def test_a_body_that_is_here_needs_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.http.gate.asyncio.timeout_at", None)
    answer = await ask(echo, headers=[("content-length", "1")], parts=[b"x"], state={BODY_IS_HERE: True})
    assert (answer.status, answer.body) == (200, b"x")


async def test_every_answer_has_a_request_id_of_its_own_and_security_headers() -> None:
    first = await ask(echo)
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-request-id"]


async def test_a_body_that_says_it_is_too_large_is_refused_in_the_faces_shape() -> None:
    answer = await ask(echo, headers=[("content-length", "11")], parts=[b"x" * 11])
    assert answer.status == 413
    assert answer.headers["content-type"] == "text/x-refusal"
    assert answer.headers["connection"] == "close"
    assert b"larger than the 10 bytes" in answer.body


async def test_a_body_that_turns_out_too_large_is_refused_too() -> None:
    answer = await ask(echo, headers=[("transfer-encoding", "chunked")], parts=[b"x" * 6, b"x" * 6])
    assert answer.status == 413


async def test_a_body_within_the_limit_passes() -> None:
    answer = await ask(echo, headers=[("content-length", "10")], parts=[b"x" * 10])
    assert (answer.status, answer.body) == (200, b"x" * 10)


async def test_a_body_that_does_not_come_is_given_up() -> None:
    answer = await ask(echo, headers=[("content-length", "5")], parts=[b"x"], stall=True)
    assert answer.status == 408
    assert answer.headers["content-type"] == "text/x-refusal"


@pytest.mark.parametrize("stall", [True, False])
async def test_a_face_may_have_another_status_for_what_the_gate_refuses(stall: bool) -> None:
    headers = [("content-length", "5" if stall else "11")]
    seen: list[int] = []
    answer = await ask(
        echo,
        headers=headers,
        parts=[b"x"],
        stall=stall,
        statuses={408: 400, 413: 400},
        observe=lambda face, status, seconds: seen.append(status),
    )
    assert (answer.status, seen) == (400, [400])
    assert answer.headers["content-type"] == "text/x-refusal"


async def test_our_refusal_counts_even_if_the_face_makes_another_one_of_it() -> None:
    """FastAPI turns an exception while it reads a body into a 400 of its own."""

    async def own_answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await echo(scope, receive, send)
        except HeadgateError:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"mine"})

    answer = await ask(own_answer, headers=[("content-length", "5")], parts=[b"x"], stall=True)
    assert answer.status == 408
    assert b"mine" not in answer.body


async def test_what_expects_a_continue_is_refused_before_it_sends() -> None:
    headers = [("content-length", "11"), ("expect", "100-continue")]
    assert (await ask(echo, headers=headers, stall=True)).status == 413


@pytest.mark.parametrize("headers", [[("origin", "http://evil.example")], [("sec-fetch-site", "cross-site")]])
async def test_a_foreign_page_may_look_but_not_change(headers: Headers) -> None:
    ours = [("host", "head:8080"), *headers]
    assert (await ask(echo, method="GET", headers=ours)).status == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await ask(echo, method=method, headers=ours)).status == 403


async def test_our_own_pages_may_change() -> None:
    assert (await ask(echo, headers=[("host", "head"), ("origin", "http://head")])).status == 200
    behind = [("host", "inner:8080"), ("origin", "https://front.example")]
    assert (await ask(echo, headers=behind, public_url="https://front.example/")).status == 200


async def test_before_the_server_is_ready_a_face_is_only_read() -> None:
    refused = await ask(echo, is_ready=lambda: False)
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert (await ask(echo, method="GET", is_ready=lambda: False)).status == 200
    assert (await ask(echo, path="/other", is_ready=lambda: False)).status == 200


async def test_a_fault_nobody_foresaw_is_a_500_with_the_id_under_which_the_log_tells_more() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError("secret detail")

    with capture_logs() as logs:
        answer = await ask(broken)
    assert answer.status == 500
    assert answer.headers["x-request-id"] in answer.body.decode()
    assert b"secret detail" not in answer.body
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["request_failed"]


async def test_a_face_that_answers_nothing_is_answered_for() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    assert (await ask(silent)).status == 500


async def test_an_answer_that_breaks_off_is_not_made_to_look_whole() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(half)


async def test_answers_are_counted_by_face_and_status() -> None:
    seen = []
    await ask(echo, observe=lambda face, status, seconds: seen.append((face, status)))
    await ask(echo, path="/", observe=lambda face, status, seconds: seen.append((face, status)))
    assert seen == [("face", 200), ("-", 200)]


async def test_where_no_face_is_concerned_the_shape_is_a_problem() -> None:
    answer = await ask(echo, path="/", headers=[("content-length", "11")])
    assert answer.headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(answer.body)["status"] == 413


CHUNKED = (("transfer-encoding", "chunked"),)


@pytest.mark.parametrize("headers", [CHUNKED, (("content-length", "12"),)])
async def test_a_body_that_a_face_takes_as_it_arrives_may_be_of_any_length(headers: Headers) -> None:
    parts = [b"123456", b"789012"]
    assert (await ask(echo, headers=headers, parts=parts)).status == 413
    answer = await ask(echo, headers=headers, parts=parts, streams=True)
    assert (answer.status, answer.body) == (200, b"123456789012")


async def test_its_next_piece_has_to_be_there_in_time() -> None:
    answer = await ask(echo, headers=CHUNKED, parts=[b"1"], stall=True, streams=True)
    assert answer.status == 408


async def test_its_pieces_may_take_longer_together_than_one_of_them() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def slowly() -> Message:
            message = await receive()
            await asyncio.sleep(0.03)
            return message

        await echo(scope, slowly, send)

    answer = await ask(slow, headers=CHUNKED, parts=[b"1", b"2", b"3"], streams=True)
    assert (answer.status, answer.body) == (200, b"123")
