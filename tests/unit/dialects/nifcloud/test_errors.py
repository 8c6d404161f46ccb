"""dialects/nifcloud/errors.py: every error has an answer wherever it comes up."""

from collections.abc import Iterator

import msgspec
import pytest

from headgate.core import errors as ours
from headgate.core.errors import HeadgateError, NotFound, NotPermitted, Refusal, Unavailable, WrongState
from headgate.dialects.nifcloud.errors import (
    BEFORE,
    COLLECTION,
    OUTCOMES,
    SINGLE,
    Failure,
    Names,
    answer_of,
    headers_of,
    name_of,
)
from headgate.formats.routing import MethodNotAllowed
from headgate.ports.signatures import NotProved, Unproved


def kinds(root: type[HeadgateError] = HeadgateError) -> Iterator[type[HeadgateError]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("names", [BEFORE, COLLECTION, SINGLE])
def test_every_kind_of_error_has_an_answer_of_the_catalogue(names: Names) -> None:
    for kind in {*kinds(), ours.StoreUnavailable}:
        found = next(names[one] for one in kind.__mro__ if one in names)
        assert found in OUTCOMES
        fault = not issubclass(kind, Refusal)
        assert (OUTCOMES[found].status >= 500) is fault, kind


def test_every_lack_of_a_signature_has_its_code() -> None:
    codes = [OUTCOMES[name_of(NotProved("x", lack))].code for lack in Unproved]
    assert len(set(codes)) == len(codes)
    assert {OUTCOMES[name_of(NotProved("x", lack))].status for lack in Unproved} == {401}


@pytest.mark.parametrize(
    ("error", "names", "message"),
    [
        (NotFound("x", kind="file"), COLLECTION, "Operation failed."),
        (NotPermitted("x"), COLLECTION, "Operation failed."),
        (NotFound("x", kind="job"), SINGLE, "Operation not permitted."),
        (NotPermitted("x"), SINGLE, "Operation not permitted."),
        (WrongState("x"), SINGLE, "Operation not permitted."),
        (Refusal("x"), SINGLE, "Operation Failed."),
        (NotFound("x", kind="path"), BEFORE, "A specified URL is not found."),
    ],
)
def test_the_same_error_is_told_by_where_it_came_up(error: HeadgateError, names: Names, message: str) -> None:
    status, body = answer_of(error, names)
    said = msgspec.json.decode(body)
    assert said["message"] == message
    assert set(said) == {"code", "message"}
    assert 400 <= status < 500


def test_nothing_of_a_reason_is_on_the_wire() -> None:
    for error in (Failure("BODY", "s3cret"), Unavailable("s3cret"), NotProved("s3cret", Unproved.REFUSED)):
        assert b"s3cret" not in answer_of(error)[1]


def test_headers_say_when_to_come_back_and_what_is_allowed() -> None:
    assert headers_of(Unavailable("x")) == ((b"retry-after", b"1"),)
    assert headers_of(MethodNotAllowed("x", ("GET", "POST"))) == ((b"allow", b"GET, POST"),)
    assert headers_of(Refusal("x")) == ()
