"""dialects/hpcpack/parse.py: spec hpcpack-2016, sections 1 to 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest, NotFound, Refusal
from headgate.core.properties import JOB, TASK
from headgate.dialects.hpcpack import parse
from headgate.dialects.hpcpack.errors import NotAcceptable, UnsupportedMedia

DEFAULT = (JOB["Id"],)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", {}),
        (b"a=1&B=2", {"a": "1", "b": "2"}),
        (b"a=1&A=2", {"a": "2"}),
        (b"&&a&=x&b=", {"a": "", "b": ""}),
        (b"%24Filter=a+eq%20b%2Bc", {"$filter": "a eq b+c"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=%", {"a": "%"}),
        (b"n=%C3%A4\xc3\xa4", {"n": "ää"}),
    ],
)
def test_query_strings(raw: bytes, found: dict[str, str]) -> None:
    assert parse.query(raw) == found


@pytest.mark.parametrize("raw", [b"a=%FF", b"%FF=a", b"a=%00", b"a=\x01", b"a=%ED%A0%80"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse.query(raw)


def test_truth() -> None:
    assert parse.truth({"x": " True "}, "X", False)
    assert parse.truth({"x": "1"}, "X", False)
    assert not parse.truth({"x": "FALSE"}, "X", True)
    assert not parse.truth({"x": "0"}, "X", True)
    assert parse.truth({"x": ""}, "X", True)
    assert not parse.truth({}, "X", False)
    with pytest.raises(BadRequest, match="X is true or false"):
        parse.truth({"x": "yes"}, "X", True)


def test_integers() -> None:
    assert parse.integer({"x": " -5 "}, "X") == -5
    assert parse.integer({"x": " "}, "X") is None
    assert parse.integer({}, "X") is None
    for wrong in ("1.5", "x", "2147483648", "9" * 5000):
        with pytest.raises(BadRequest, match="X is a 32-bit integer"):
            parse.integer({"x": wrong}, "X")


def test_names_are_comma_separated_and_each_counts_once() -> None:
    assert parse.names({"names": " a, b ,,a"}) == ("a", "b")
    assert parse.names({"names": " , "}) is None
    assert parse.names({}) is None


def asked(query: parse.Query) -> parse.ListAsked:
    return parse.list_asked(query, JOB, DEFAULT, "sortJobsBy", "id")


def test_a_list_without_parameters() -> None:
    assert asked({}) == parse.ListAsked(
        properties=DEFAULT, filter="", sort="id", descending=False, rows=10, query_id=None, start_row=None
    )


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ({"properties": "name,id"}, "properties", (JOB["Name"], JOB["Id"])),
        ({"properties": " , "}, "properties", DEFAULT),
        ({"sortjobsby": "changetime"}, "sort", "times.changed"),
        ({"sortjobsby": " Priority "}, "sort", "spec.priority"),
        ({"sortjobsby": "Nonsense"}, "sort", "id"),
        ({"sortjobsby": "EmailAddress"}, "sort", "id"),
        ({"sortjobsby": "NodeGroups"}, "sort", "id"),
        ({"asc": "False"}, "descending", True),
        ({"rowsperread": "0"}, "rows", 1),
        ({"rowsperread": "100000"}, "rows", parse.MOST_ROWS),
        ({"queryid": "q"}, "query_id", "q"),
        ({"queryid": "q", "startrow": "0"}, "query_id", None),
        ({"startrow": "7"}, "start_row", 7),
    ],
)
def test_list_parameters(query: parse.Query, field: str, value: object) -> None:
    assert getattr(asked(query), field) == value


def test_ids() -> None:
    assert parse.job_id("0042") == 42
    assert parse.task_number("2147483647") == 2147483647
    for wrong in ("", "x", "1.0", "-1", "+1", " 1", "1e3", "٣", "0x1"):
        with pytest.raises(BadRequest):
            parse.subtask_id(wrong)
    for nobody in ("0", "000", "2147483648", "1" * 100_000):
        with pytest.raises(NotFound) as caught:
            parse.job_id(nobody)
        assert len(caught.value.text) < 100
        assert caught.value.code == "Operation_InvalidJobId"


@pytest.mark.parametrize(
    ("body", "text"), [(b"", ""), (b" null ", ""), (b'""', ""), ('"ä\\n"'.encode(), "ä\n")]
)
def test_messages(body: bytes, text: str) -> None:
    assert parse.message(body) == text


@pytest.mark.parametrize(
    "body", [b"x", b"1", b"[]", b'"a" "b"', b'"\\u0007"', b'"\xff"', b'"a', b"\x00", b"[" * 9999]
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse.message(body)


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "application/json, text/xml", "application/xml, */*;q=0.1", ","]
)
def test_json_is_what_everybody_gets(accept: str) -> None:
    parse.check_accept(accept)


@pytest.mark.parametrize(
    "accept", ["application/xml", "TEXT/XML;q=1", "text/xml,application/atom+xml", "application/xml,"]
)
def test_who_takes_xml_alone_is_told(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        parse.check_accept(accept)


@pytest.mark.parametrize(
    "kind", ["", " ", "application/json", "Text/JSON; charset=utf-8", "application/problem+json"]
)
def test_bodies_in_json(kind: str) -> None:
    parse.check_media(kind, b"x")


@pytest.mark.parametrize("kind", ["application/xml", "text/xml;charset=utf-8", "text/plain", "nonsense", ";"])
def test_other_bodies_only_when_empty(kind: str) -> None:
    parse.check_media(kind, b"")
    with pytest.raises(UnsupportedMedia):
        parse.check_media(kind, b"x")


@given(st.binary(max_size=80))
def test_any_query_string_may_arrive(raw: bytes) -> None:
    said = ""
    try:
        query = parse.query(raw)
        parse.list_asked(query, JOB, DEFAULT, "sortJobsBy", "id")
        parse.list_asked(query, TASK, DEFAULT, "sortTasksBy", "number")
        parse.truth(query, "forced", False)
    except Refusal as error:
        said = error.text
    assert len(said) < 500


PARAMETERS = st.sampled_from(
    ["properties", "$filter", "asc", "rowsPerRead", "startRow", "queryId", "sortJobsBy"]
)


@given(st.dictionaries(PARAMETERS.map(str.lower), st.text()))
def test_any_parameter_may_have_any_value(query: dict[str, str]) -> None:
    said = ""
    try:
        assert 1 <= asked(query).rows <= parse.MOST_ROWS
    except Refusal as error:
        said = error.text
    assert len(said) < 500
