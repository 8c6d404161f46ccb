"""dialects/soca/errors.py: spec soca, section 3."""

import json

import pytest

from headgate.core import errors as core
from headgate.core.errors import HeadgateError, QueueReason
from headgate.dialects.soca import errors, queues
from headgate.dialects.soca.errors import OUTCOMES, Failure, headers_of, name_of, refusal_body, status_of
from headgate.formats.routing import MethodNotAllowed


def every(kind: type[HeadgateError]) -> list[type[HeadgateError]]:
    return [kind, *(grandchild for child in kind.__subclasses__() for grandchild in every(child))]


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (core.NotAuthenticated("x"), 401, "NOT_AUTHORIZED"),
        (core.NotPermitted("x"), 401, "NOT_AUTHORIZED"),
        (core.NotFound("x", kind="job"), 210, "JOB_NOT_RETRIEVABLE"),
        (core.NotFound("x", kind="user"), 203, "UNKNOWN_USER"),
        (core.NotFound("x", kind="path"), 404, "UNKNOWN_PATH"),
        (core.NotFound("x", kind="node"), 400, "CLIENT_INVALID_PARAMETER"),
        (core.BadRequest("x"), 400, "CLIENT_INVALID_PARAMETER"),
        (core.BadProperty("x", name="n"), 400, "CLIENT_INVALID_PARAMETER"),
        (core.TooLarge("x"), 413, "TOO_LARGE"),
        (core.WrongState("x"), 400, "CLIENT_INVALID_PARAMETER"),
        (core.NotSupported("x"), 401, "API_DISABLED"),
        (MethodNotAllowed("x", ("GET",)), 405, "METHOD_NOT_ALLOWED"),
        (core.StoreUnavailable("x"), 503, "UNAVAILABLE"),
        (HeadgateError("x"), 500, "UNKNOWN_ERROR"),
        (Failure("QUEUE_EXISTS"), 200, "QUEUE_EXISTS"),
    ],
)
def test_an_error_has_its_status_and_name(error: HeadgateError, status: int, name: str) -> None:
    assert (status_of(error), name_of(error)) == (status, name)
    body = json.loads(errors.error_body(error, "r-1"))
    assert body["success"] is False
    assert (body["code"], body["request_id"]) == (name, "r-1")


def test_every_error_there_is_has_a_status() -> None:
    for kind in every(HeadgateError):
        assert any(known in errors.NAMES for known in kind.__mro__), kind
    assert set(errors.NAMES.values()) <= set(OUTCOMES)


def test_strict_statuses_are_those_of_http() -> None:
    for name, outcome in OUTCOMES.items():
        shown = status_of(Failure(name), strict=True)
        assert 400 <= shown < 600, name
        assert shown == (outcome.strict or outcome.status)


def test_every_reason_of_a_queue_has_words_and_a_code() -> None:
    assert set(queues.STDERR) == set(QueueReason)
    assert {queues.CODES[reason] for reason in QueueReason} <= set(OUTCOMES)
    assert OUTCOMES[queues.CODES[QueueReason.UNKNOWN_QUEUE]].status == 500


def test_a_detail_fills_the_text() -> None:
    error = errors.missing("job_id")
    assert error.text == "Client input malformed. job_id (str) parameter is required"
    assert json.loads(errors.error_body(error, ""))["message"] == error.text


def test_a_refusal_of_the_gate_has_this_shape() -> None:
    for status in (403, 408, 413, 500, 503):
        media, body = refusal_body(status, HeadgateError("what went wrong"), "r-2")
        assert media == "application/json"
        shown = json.loads(body)
        assert shown["success"] is False
        assert "what went wrong" in shown["message"]
        assert OUTCOMES[shown["code"]].status == status


def test_headers_say_when_to_come_back_and_what_is_allowed() -> None:
    assert headers_of(core.NotAuthenticated("x", retry_after_s=1.6)) == [(b"retry-after", b"2")]
    assert headers_of(Failure("INVALID_CREDENTIALS", retry_after_s=3)) == [(b"retry-after", b"3")]
    assert headers_of(MethodNotAllowed("x", ("GET", "PUT"))) == [(b"allow", b"GET, PUT")]
    assert headers_of(core.StoreUnavailable("x")) == [(b"retry-after", b"1")]
    assert headers_of(core.NotAuthenticated("x")) == []
