"""dialects/hpcpack/errors.py: spec hpcpack-2016, sections 2.3 and 2.4."""

import json

import pytest

from headgate.core import errors as core
from headgate.core.errors import HeadgateError
from headgate.dialects.hpcpack import errors
from headgate.dialects.hpcpack.errors import headers_of, message_of, refusal_body, status_of


def every(kind: type[HeadgateError]) -> list[type[HeadgateError]]:
    return [kind, *(grandchild for child in kind.__subclasses__() for grandchild in every(child))]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (core.NotAuthenticated("x"), 401),
        (core.NotPermitted("x"), 403),
        (core.NotFound("x", kind="job"), 404),
        (core.NotFound("x", kind="user"), 400),
        (core.BadRequest("x"), 400),
        (core.BadProperty("x", name="n"), 400),
        (core.TooLarge("x"), 413),
        (core.WrongState("x"), 400),
        (core.NotSupported("x"), 400),
        (core.Refusal("x"), 400),
        (errors.MethodNotAllowed("x", ("GET",)), 405),
        (errors.NotAcceptable("x"), 406),
        (errors.UnsupportedMedia("x"), 415),
        (core.StoreUnavailable("x"), 503),
        (core.EngineUnavailable("x"), 503),
        (HeadgateError("x"), 500),
    ],
)
def test_the_status_of_an_error(error: HeadgateError, status: int) -> None:
    assert status_of(error) == status


def test_every_refusal_there_is_or_will_be_is_a_4xx() -> None:
    class Newer(core.Refusal):
        """One that this face has never heard of."""

    for kind in every(core.Refusal):
        error = kind.__new__(kind)
        error.text = "x"
        if kind is core.NotFound:
            error.kind = "job"  # type: ignore[attr-defined]  # made without its __init__
        assert 400 <= status_of(error) < 500, kind
    assert Newer in every(core.Refusal)


def test_the_text_stands_behind_the_first_exception_on_one_line() -> None:
    message = message_of(400, core.BadRequest("no\nsuch\r\n Exception: here\t"))
    assert message == "Bad request. Exception: no such Exception: here"
    assert message.lower().index("exception:") == message.index("Exception: no")


def test_ordinary_letters_are_not_escaped() -> None:
    kind, body = refusal_body(404, core.NotFound('Kein Knoten "é€😀\\"', kind="node"), "request")
    assert kind == "application/json; charset=utf-8"
    assert "Kein Knoten" in body.decode()
    assert "é€😀" in body.decode()
    assert json.loads(body) == {"Message": 'Not found. Exception: Kein Knoten "é€😀\\"'}


def test_the_headers_of_a_refusal() -> None:
    assert dict(headers_of(core.NotAuthenticated("x")))[b"www-authenticate"].startswith(
        b'Basic realm="Headgate"'
    )
    assert (b"retry-after", b"3") in headers_of(core.NotAuthenticated("x", retry_after_s=2.6))
    assert headers_of(errors.MethodNotAllowed("x", ("GET", "PUT"))) == [(b"allow", b"GET, PUT")]
    assert headers_of(core.StoreUnavailable("x")) == [(b"retry-after", b"1")]
    assert headers_of(core.BadRequest("x")) == []
