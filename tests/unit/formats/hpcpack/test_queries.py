"""formats/hpcpack/queries.py: spec hpcpack-2016, sections 1 to 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest, NotFound, Refusal
from headgate.core.properties import JOB, TASK
from headgate.formats.hpcpack import queries

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
    assert queries.query(raw) == found


@pytest.mark.parametrize("raw", [b"a=%FF", b"%FF=a", b"a=%00", b"a=\x01", b"a=%ED%A0%80"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        queries.query(raw)


def test_truth() -> None:
    assert queries.truth({"x": " True "}, "X", False)
    assert queries.truth({"x": "1"}, "X", False)
    assert not queries.truth({"x": "FALSE"}, "X", True)
    assert not queries.truth({"x": "0"}, "X", True)
    assert queries.truth({"x": ""}, "X", True)
    assert not queries.truth({}, "X", False)
    with pytest.raises(BadRequest, match="X is true or false"):
        queries.truth({"x": "yes"}, "X", True)


def test_integers() -> None:
    assert queries.integer({"x": " -5 "}, "X") == -5
    assert queries.integer({"x": " "}, "X") is None
    assert queries.integer({}, "X") is None
    for wrong in ("1.5", "x", "2147483648", "9" * 5000):
        with pytest.raises(BadRequest, match="X is a 32-bit integer"):
            queries.integer({"x": wrong}, "X")


def test_names_are_comma_separated_and_each_counts_once() -> None:
    assert queries.names({"names": " a, b ,,a"}) == ("a", "b")
    assert queries.names({"names": " , "}) is None
    assert queries.names({}) is None


def asked(query: queries.Query) -> queries.ListAsked:
    return queries.list_asked(query, JOB, DEFAULT, "sortJobsBy", "id")


def test_a_list_without_parameters() -> None:
    assert asked({}) == queries.ListAsked(
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
        ({"rowsperread": "100000"}, "rows", queries.MOST_ROWS),
        ({"queryid": "q"}, "query_id", "q"),
        ({"queryid": "q", "startrow": "0"}, "query_id", None),
        ({"startrow": "7"}, "start_row", 7),
    ],
)
def test_list_parameters(query: queries.Query, field: str, value: object) -> None:
    assert getattr(asked(query), field) == value


def test_ids() -> None:
    assert queries.job_id("0042") == 42
    assert queries.task_number("2147483647") == 2147483647
    for wrong in ("", "x", "1.0", "-1", "+1", " 1", "1e3", "٣", "0x1"):
        with pytest.raises(BadRequest):
            queries.subtask_id(wrong)
    for nobody in ("0", "000", "2147483648", "1" * 100_000):
        with pytest.raises(NotFound) as caught:
            queries.job_id(nobody)
        assert len(caught.value.text) < 100
        assert caught.value.code == "Operation_InvalidJobId"


@given(st.binary(max_size=80))
def test_any_query_string_may_arrive(raw: bytes) -> None:
    said = ""
    try:
        query = queries.query(raw)
        queries.list_asked(query, JOB, DEFAULT, "sortJobsBy", "id")
        queries.list_asked(query, TASK, DEFAULT, "sortTasksBy", "number")
        queries.truth(query, "forced", False)
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
        assert 1 <= asked(query).rows <= queries.MOST_ROWS
    except Refusal as error:
        said = error.text
    assert len(said) < 500
