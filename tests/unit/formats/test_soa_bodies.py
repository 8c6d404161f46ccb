"""formats/soa_bodies.py: values as the bodies of requests and answers."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.formats import soa_bodies as bodies


class Side(Enum):
    BUY = "buy"
    SELL = "sell"


class Leg(Struct):
    side: Side
    strikes: list[float] = []
    note: str | None = None


def read(text: str, **parameters: Any) -> dict[str, Any]:
    return bodies.arguments(text.encode(), parameters, frozenset())


def test_the_echo_service_as_it_is_published() -> None:
    """Spec windowshpc, section 7.8."""
    assert read('<Echo xmlns="http://tempuri.org/"><input>text</input></Echo>', input=str) == {
        "input": "text"
    }
    answer = b'<EchoResponse xmlns="http://tempuri.org/"><EchoResult>NODE01:hello</EchoResult></EchoResponse>'
    assert bodies.answer("Echo", bodies.TEMPURI, "NODE01:hello") == answer
    assert bodies.result(answer, str) == "NODE01:hello"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, " a <b> & c\n"),
        (int, -7),
        (float, 0.1),
        (bool, True),
        (bool, False),
        (bytes, b"\0\xff"),
        (datetime, datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        (Side, Side.SELL),
        (list[int], [1, 2]),
        (list[int], []),
        (tuple[str, ...], ("a", "b")),
        (str | None, None),
        (str | None, "x"),
        (Leg, Leg(Side.BUY, [1.5, 2.0])),
        (list[Leg], [Leg(Side.BUY, [], "n"), Leg(Side.SELL)]),
        (list[str | None], ["a", None]),
    ],
)
def test_a_value_comes_back(kind: Any, value: Any) -> None:
    body = bodies.answer("Op", "urn:x", value)
    assert bodies.result(body, kind) == value
    assert read(bodies.element("Op", "urn:x", {"v": value}).decode(), v=kind) == {"v": value}


@given(st.text())
def test_any_text_that_xml_can_hold_comes_back(text: str) -> None:
    found = bodies.result(bodies.answer("Op", "urn:x", text), str)
    if text.isprintable():
        assert found == text


def test_elements_are_found_whatever_their_order_and_prefix() -> None:
    text = '<p:Op xmlns:p="urn:x"><!-- c --><p:b>2</p:b><other/><p:a>1</p:a></p:Op>'
    assert read(text, a=int, b=int) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "parameters", "says"),
    [
        ("<Op><a>x</a></Op>", {"a": int}, "<a>"),
        ("<Op><a", {"a": int}, "well-formed"),
        ("", {"a": int}, "empty"),
        (f'<Op xmlns:i="{bodies.INSTANCE}"><a i:nil="true"/></Op>', {"a": int}, "nil"),
        ("<Op><a><side>hold</side></a></Op>", {"a": Leg}, "<side>"),
        ("<Op><a/></Op>", {"a": Leg}, "no Leg"),
        ('<!DOCTYPE x [<!ENTITY e "x">]><Op><a>&e;</a></Op>', {"a": str}, "document type"),
    ],
)
def test_what_can_not_be_read_is_refused(text: str, parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read(text, **parameters)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadRequest, match="<Op> lacks <b>"):
        bodies.arguments(b"<Op><a>1</a></Op>", {"a": int, "b": int}, frozenset({"a", "b"}))


def test_the_generic_operation() -> None:
    assert bodies.generic_text(bodies.generic_request("a & b")) == "a & b"
    assert bodies.generic_text(b'<GenericOperation xmlns="http://hpc.microsoft.com/GenericService"/>') == ""
    assert bodies.generic_answer("x") == (
        b'<GenericOperationResponse xmlns="http://hpc.microsoft.com/GenericService">'
        b"<GenericOperationResult>x</GenericOperationResult></GenericOperationResponse>"
    )


def test_a_dict_is_written_as_the_struct_it_stands_for() -> None:
    written = bodies.element("Ask", bodies.TEMPURI, {"legs": [{"side": Side.BUY, "strikes": [1.5]}]})
    assert read(written.decode(), legs=list[Leg]) == {"legs": [Leg(Side.BUY, [1.5])]}
    for name in ("a b", "x><y", 7):
        with pytest.raises(TypeError, match="fields of a dict"):
            bodies.element("Ask", bodies.TEMPURI, {"leg": {name: 1}})
