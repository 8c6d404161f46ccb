"""dialects/hpcpack/render.py: spec hpcpack-2016, section 2.1."""

import json

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.properties import JOB
from headgate.dialects.hpcpack.render import JSON, encoded, renderer


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
