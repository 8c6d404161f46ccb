"""formats/hpcpack/refusals.py: spec hpcpack-2016, section 2.3."""

import pytest

from headgate.core import errors as core
from headgate.core.errors import HeadgateError
from headgate.formats.hpcpack.refusals import UnsupportedMedia, refusal_headers, status_of
from headgate.formats.routing import MethodNotAllowed


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
        (MethodNotAllowed("x", ("GET",)), 405),
        (UnsupportedMedia("x"), 415),
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


def test_the_headers_of_a_refusal() -> None:
    assert dict(refusal_headers(core.NotAuthenticated("x")))[b"www-authenticate"].startswith(
        b'Basic realm="Headgate"'
    )
    assert (b"retry-after", b"3") in refusal_headers(core.NotAuthenticated("x", retry_after_s=2.6))
    assert refusal_headers(MethodNotAllowed("x", ("GET", "PUT"))) == [(b"allow", b"GET, PUT")]
    assert refusal_headers(core.StoreUnavailable("x")) == [(b"retry-after", b"1")]
    assert refusal_headers(core.BadRequest("x")) == []
