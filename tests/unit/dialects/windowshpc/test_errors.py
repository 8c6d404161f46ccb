"""dialects/windowshpc/errors.py: spec windowshpc, section 1.5."""

import pytest

from headgate.core import errors as core
from headgate.core.codes import CODES
from headgate.core.errors import HeadgateError
from headgate.dialects.windowshpc.errors import error_body, message_of, number_of
from headgate.formats.routing import MethodNotAllowed


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (core.WrongState("x", code="Operation_InvalidCancelJobState"), -2147220984),
        (core.WrongState("x", code="Operation_OnlyFailedCancelledJobsCanBeConfigured"), 267386880),
        (core.NotFound("x", kind="job", code="Operation_InvalidJobId"), -2147220986),
        (core.NotFound("x", kind="path"), 267386880),
        (MethodNotAllowed("x", ("GET",)), 267386880),
        (core.BadRequest("x", code="NobodyKnowsIt"), 267386880),
        (core.NotSupported("x", code="Broker_UnsupportedOperation"), 0x03000022),
    ],
)
def test_the_number_of_a_fault(error: HeadgateError, number: int) -> None:
    assert number_of(error) == number


def test_every_number_is_signed_and_has_32_bits() -> None:
    numbers = {code: number_of(core.Refusal("x", code=code)) for code in CODES}
    assert {code: number for code, number in numbers.items() if not -(2**31) <= number < 2**31} == {}


def test_a_message_is_one_line_without_braces() -> None:
    assert message_of(core.BadRequest("no\n {0}\tmore")) == "no (0) more"


def test_the_two_forms() -> None:
    error = core.BadRequest("a < b")
    assert error_body(error, fault=False).endswith(b">a &lt; b</string>")
    assert b"<Code>-2147220987</Code><Message>a &lt; b</Message>" in error_body(error, fault=True)
