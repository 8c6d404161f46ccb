"""formats/hpcpack/spelling.py: spec hpcpack-2016, section 2.1."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.properties import JOB
from headgate.formats import hpcpack_xml
from headgate.formats.hpcpack.spelling import JSON, XML, accepted, encoded, renderer


def test_json_forms() -> None:
    one, two = JSON.property("State", "Running"), JSON.property("Id", "14")
    assert JSON.property_set([one, two]) == b'[{"Name":"State","Value":"Running"},{"Name":"Id","Value":"14"}]'
    assert JSON.rows([JSON.row([two])]) == b'[{"Properties":[{"Name":"Id","Value":"14"}]}]'
    assert JSON.rows([]) == JSON.property_set([]) == JSON.names([]) == b"[]"
    assert JSON.names(["a", "b"]) == b'["a","b"]'
    assert JSON.created(19) == b"19"
    assert JSON.text("5.3.6420.0") == b'"5.3.6420.0"'
    assert JSON.pairs([("n", "v")]) == b'[{"Name":"n","Value":"v"}]'


@given(st.text())
def test_any_text_can_be_read_again(text: str) -> None:
    assert json.loads(JSON.text(text)) == text
    assert json.loads(JSON.names([text])) == [text]
    assert json.loads(JSON.error(text)) == {"Message": text}


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    assert encoded("a\ud800b") == b"a?b"


def test_a_selection_is_compiled_once() -> None:
    chosen = (JOB["Id"], JOB["Name"])
    assert renderer(chosen, JSON.property) is renderer(chosen, JSON.property)


def test_xml_forms() -> None:
    one, two = XML.property("State", "Running"), XML.property("Id", "14")
    pairs = [("State", "Running"), ("Id", "14")]
    assert hpcpack_xml.read_property_set(XML.property_set([one, two])) == pairs
    assert hpcpack_xml.read_rows(XML.rows([XML.row([two]), XML.row([one])])) == [[pairs[1]], [pairs[0]]]
    assert hpcpack_xml.read_names(XML.names(["a", "b"])) == ["a", "b"]
    assert hpcpack_xml.read_int(XML.created(19)) == 19
    assert hpcpack_xml.read_text(XML.text("5.3.6420.0")) == "5.3.6420.0"
    assert XML.error("no <") == b"<Error><Message>no &lt;</Message></Error>"


@pytest.mark.parametrize(
    "accept",
    [
        "*/*", "application/json", "text/html,application/xml;q=0.9,*/*;q=0.8", "", ",", "image/png",
        "application/json, text/xml", "text/xml;q=0.5, application/json", "application/xml;q=0",
        "application/xml, */*", "application/xml;q=0.4, application/*;q=0.5",
    ],
)  # fmt: skip
def test_json_is_what_everybody_gets(accept: str) -> None:
    assert accepted(accept) is JSON


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml", "TEXT/XML;q=1", "text/xml,application/atom+xml", "application/xml,",
        "application/xml, */*;q=0.1", "application/json;q=0.2, text/xml; charset=utf-8; q=0.3",
        "application/xml;q=much",
    ],
)  # fmt: skip
def test_who_wants_xml_more_than_json_gets_it(accept: str) -> None:
    assert accepted(accept) is XML
