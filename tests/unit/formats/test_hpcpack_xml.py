"""formats/hpcpack_xml.py: spec hpcpack-2016, section 2.2; windowshpc, sections 1.3 and 1.5."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.core.model import Job, JobSpec
from headgate.core.properties import JOB, JobSubject
from headgate.core.properties.checks import UNWRITABLE
from headgate.formats import hpcpack_xml as xml
from headgate.formats.property_lists import MOST_PROPERTIES, Renderer, read_json, spell_json

COMMON = 'xmlns="http://schemas.microsoft.com/HPCS2008R2/common"'
INSTANCE = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
PLAIN = 'xmlns="http://schemas.microsoft.com/2003/10/Serialization/"'
ARRAYS = 'xmlns="http://schemas.microsoft.com/2003/10/Serialization/Arrays"'


def rows(*spelled: str) -> bytes:
    return (xml.ROWS_BEGIN + xml.ROWS_BETWEEN.join(spelled) + xml.ROWS_END).encode()


RUNNING = "<Property><Name>State</Name><Value>Running</Value></Property>"
STATE = xml.spell_xml("State", "Running")
WRITTEN = [
    (
        "a property set",
        xml.write_property_set([xml.spell_xml("Id", "19"), STATE]),
        f"<ArrayOfProperty {COMMON} {INSTANCE}><Property><Name>Id</Name><Value>19</Value></Property>"
        "<Property><Name>State</Name><Value>Running</Value></Property></ArrayOfProperty>",
    ),
    ("an empty set", xml.write_property_set([]), f"<ArrayOfProperty {COMMON} {INSTANCE}></ArrayOfProperty>"),
    (
        "a property without a value",
        xml.write_property_set([xml.spell_xml("EndTime", "")]),
        f"<ArrayOfProperty {COMMON} {INSTANCE}><Property><Name>EndTime</Name><Value/></Property>"
        "</ArrayOfProperty>",
    ),
    (
        "rows",
        rows(xml.spell_row([STATE]), xml.spell_row([STATE])),
        f"<ArrayOfObject {COMMON} {INSTANCE}>"
        + f"<Object><Properties>{RUNNING}</Properties></Object>" * 2
        + "</ArrayOfObject>",
    ),
    ("no rows", rows(), f"<ArrayOfObject {COMMON} {INSTANCE}></ArrayOfObject>"),
    ("an id", xml.write_int(19), f"<int {PLAIN}>19</int>"),
    ("a text", xml.write_text("5.3 <&>"), f"<string {PLAIN}>5.3 &lt;&amp;&gt;</string>"),
    (
        "names",
        xml.write_names(["Default", "A&B"]),
        f"<ArrayOfstring {ARRAYS} {INSTANCE}><string>Default</string><string>A&amp;B</string>"
        "</ArrayOfstring>",
    ),
    ("no names", xml.write_names([]), f"<ArrayOfstring {ARRAYS} {INSTANCE}></ArrayOfstring>"),
    ("an error", xml.write_error("Not found. é"), "<Error><Message>Not found. é</Message></Error>"),
    (
        "a fault",
        xml.write_fault(-2147220984, "Jobs in the Canceled state cannot be canceled."),
        f"<HpcWebServiceFault {COMMON} {INSTANCE}><Code>-2147220984</Code>"
        "<Message>Jobs in the Canceled state cannot be canceled.</Message>"
        '<Values i:nil="true" xmlns:a="http://schemas.datacontract.org/2004/07/System.Collections.Generic"/>'
        "</HpcWebServiceFault>",
    ),
    (
        "a fault with values",
        xml.write_fault(1, "{0}", [("0", "<x>")]),
        f"<HpcWebServiceFault {COMMON} {INSTANCE}><Code>1</Code><Message>{{0}}</Message>"
        '<Values xmlns:a="http://schemas.datacontract.org/2004/07/System.Collections.Generic">'
        "<a:KeyValuePairOfstringstring><a:key>0</a:key><a:value>&lt;x&gt;</a:value>"
        "</a:KeyValuePairOfstringstring></Values></HpcWebServiceFault>",
    ),
]


@pytest.mark.parametrize(("written", "expected"), [case[1:] for case in WRITTEN], ids=[c[0] for c in WRITTEN])
def test_each_form_is_written_to_the_byte_as_the_contract_shows_it(written: bytes, expected: str) -> None:
    assert written == expected.encode()


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ("", []),
        (" \r\n", []),
        (f"<ArrayOfProperty {COMMON}/>", []),
        (
            "<ArrayOfProperty><Property><Name>n</Name><Value>v</Value></Property></ArrayOfProperty>",
            [("n", "v")],
        ),
        # Any prefix, any namespace, any letter case.
        (
            '<p:ArrayOfProperty xmlns:p="u"><p:Property><p:Name>n</p:Name><Value>v</Value></p:Property>'
            "</p:ArrayOfProperty>",
            [("n", "v")],
        ),
        (
            "<arrayofproperty><property><NAME>n</NAME><value>v</value></property></arrayofproperty>",
            [("n", "v")],
        ),
        # Old clients send a Type in between; some write on several lines.
        (
            "<ArrayOfProperty>\n <Property>\n  <Name>\n n </Name><Type>String</Type>\n"
            "<Value>\n v w\n </Value></Property></ArrayOfProperty>",
            [("n", "v w")],
        ),
        (
            "<ArrayOfProperty><Property><Value>v</Value><Name>n</Name></Property></ArrayOfProperty>",
            [("n", "v")],
        ),
        ("<ArrayOfProperty><Property><Name>n</Name><Value/></Property></ArrayOfProperty>", [("n", "")]),
        ("<ArrayOfProperty><Property><Name>n</Name></Property></ArrayOfProperty>", [("n", None)]),
        (
            f"<ArrayOfProperty {INSTANCE}><Property><Name>n</Name><Value i:nil='true'/></Property>"
            "</ArrayOfProperty>",
            [("n", None)],
        ),
        (
            "<ArrayOfProperty><Property><Name>n</Name><Value>&lt;a&gt;<![CDATA[ <b> ]]>&#x20AC;</Value>"
            "</Property></ArrayOfProperty>",
            [("n", "<a> <b> €")],
        ),
    ],
)
def test_property_sets_as_clients_send_them(body: str, pairs: list[tuple[str, str | None]]) -> None:
    assert list(xml.read_property_set(body.encode())) == pairs


def of_set(inside: str) -> str:
    return f"<ArrayOfProperty>\n{inside}</ArrayOfProperty>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<Job/>", "The body is <Job>; it should be <ArrayOfProperty>"),
        (of_set("<Property><Value>v</Value></Property>"), "Property 1 of the list, in line 2, has no name"),
        (of_set("<Property><Name>a</Name></Property><Property><Name> </Name></Property>"), "Property 2 of"),
        (of_set("<Property><Name>a</Name><Name>b</Name></Property>"), "has name twice, in line 2"),
        (of_set("<Property><Name>a</Name><Value>1</Value>\n<Value/></Property>"), "value twice, in line 3"),
        (
            of_set("<Property><Name>a</Name><Value>x<b/></Value></Property>"),
            "<Value> in line 2 holds elements",
        ),
        (of_set("<Property><Name>a</Name></Property>" * (MOST_PROPERTIES + 1)), "more than 10000"),
        ("[]", "not well-formed"),
    ],
)
def test_a_bad_property_set_is_refused_by_what_is_wrong_in_it(body: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        xml.read_property_set(body.encode())


def test_a_property_without_a_name_has_its_own_code() -> None:
    with pytest.raises(BadRequest) as refused:
        xml.read_property_set(of_set("<Property/>").encode())
    assert refused.value.code == "Operation_PropertyNameCannotBeEmpty"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"<string/>", ""),
        (xml.write_text(" no longer needed\n"), " no longer needed\n"),
        # Cancel messages arrive in the common namespace from some clients (windowshpc, section 1.3).
        (f"<string {COMMON}>done</string>".encode(), "done"),
        (f"<string {INSTANCE} i:nil='true'/>".encode(), ""),
        (b"<string>&lt;Job/&gt;</string>", "<Job/>"),
    ],
)
def test_messages_as_clients_send_them(body: bytes, text: str) -> None:
    assert xml.read_text(body) == text


def test_a_message_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="should be <string>"):
        xml.read_text(b"<int>1</int>")
    with pytest.raises(BadRequest, match="holds elements"):
        xml.read_text(b"<string><b/></string>")


def test_names_are_read_without_blanks_and_empty_ones() -> None:
    assert xml.read_names(
        b"<ArrayOfstring><string> a </string><string/><string>b</string></ArrayOfstring>"
    ) == [
        "a",
        "b",
    ]
    assert xml.read_names(b"") == []


@pytest.mark.parametrize(
    "body", [b"", b"<int/>", b"<int>x</int>", b"<int>2147483648</int>", b"<string>1</string>"]
)
def test_what_is_no_32_bit_integer_is_no_id(body: bytes) -> None:
    with pytest.raises(BadRequest, match="int"):
        xml.read_int(body)


def test_the_message_of_a_refusal_is_found_in_each_of_its_forms() -> None:
    for body in (xml.write_error("why"), xml.write_fault(1, "why"), xml.write_text("why")):
        assert xml.read_error(body) == "why"
    assert xml.read_error(b"") == ""
    assert xml.read_error(b"<Error/>") == ""


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"<Job Name='a'/>", b"<Job Name='a'/>"),
        (b"<?xml version='1.0'?>\n<j:Job xmlns:j='u'/>", b"<?xml version='1.0'?>\n<j:Job xmlns:j='u'/>"),
        (b"<anything/>", b"<anything/>"),
        (xml.write_text("<Job Name='a'/>"), "<Job Name='a'/>"),
        # The official C# sample (windowshpc, section 4).
        (xml.write_text("<ArrayOfProperty/>"), "<ArrayOfProperty/>"),
    ],
)
def test_a_job_document_comes_raw_or_in_a_string(body: bytes, document: bytes | str) -> None:
    assert xml.read_job_document(body) == document


TEXTS = st.text(max_size=30).filter(lambda text: not UNWRITABLE.search(text))


@given(st.lists(st.tuples(TEXTS.map(lambda text: f"n{text}".strip()), TEXTS), max_size=5))
def test_xml_and_json_are_two_spellings_of_the_same_pairs(pairs: list[tuple[str, str]]) -> None:
    """But for the blanks around a value, which XML does not keep."""
    pairs = [(name.strip(" \t\r\n"), value.strip(" \t\r\n")) for name, value in pairs]
    in_xml = xml.write_property_set([xml.spell_xml(*pair) for pair in pairs])
    in_json = "[" + ",".join(spell_json(*pair) for pair in pairs) + "]"
    assert list(xml.read_property_set(in_xml)) == list(read_json(in_json.encode())) == pairs


@given(
    st.lists(
        st.lists(st.tuples(st.just("n"), st.text("<&x", max_size=5)), min_size=1, max_size=3), max_size=3
    )
)
def test_rows_are_read_as_they_were_written(table: list[list[tuple[str, str]]]) -> None:
    body = rows(*(xml.spell_row([xml.spell_xml(*pair) for pair in row]) for row in table))
    assert [list(row) for row in xml.read_rows(body)] == table


@given(
    st.text(max_size=50), st.integers(-(1 << 31), (1 << 31) - 1), st.lists(st.text(max_size=5), max_size=5)
)
def test_texts_ids_and_names_are_read_as_they_were_written(text: str, number: int, names: list[str]) -> None:
    assert xml.read_text(xml.write_text(text)) == UNWRITABLE.sub("\ufffd", text)
    assert xml.read_int(xml.write_int(number)) == number
    kept = [UNWRITABLE.sub("\ufffd", name).strip(" \t\r\n") for name in names]
    assert xml.read_names(xml.write_names(names)) == [name for name in kept if name]


@given(st.binary(max_size=100) | st.text("<>/&;ArOfPropetyNamVlu =\"'", max_size=100).map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for read in (
        xml.read_property_set,
        xml.read_rows,
        xml.read_text,
        xml.read_int,
        xml.read_names,
        xml.read_error,
        xml.read_job_document,
    ):
        try:
            read(body)
        except BadRequest:
            pass


def test_the_renderer_of_property_lists_spells_xml_as_it_spells_json() -> None:
    subject = JobSubject(Job(id=3, owner="ann", spec=JobSpec(name="a<b", min_cores=2)))
    properties = JOB.readable()
    in_xml = xml.write_property_set(Renderer(properties, xml.spell_xml).spelled(subject))
    in_json = json.loads("[" + ",".join(Renderer(properties, spell_json).spelled(subject)) + "]")
    assert list(xml.read_property_set(in_xml)) == [(pair["Name"], pair["Value"]) for pair in in_json]


def test_a_job_is_spelled_in_xml_about_as_fast_as_in_json() -> None:
    """The bound is generous: the machine that runs this may be busy."""
    subject = JobSubject(Job(id=3, owner="ann", spec=JobSpec(name="demo")))

    def cost(renderer: Renderer) -> float:
        times = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(500):
                renderer.spelled(subject)
            times.append(time.process_time() - begun)
        return min(times)

    assert cost(Renderer(JOB.readable(), xml.spell_xml)) < 2.5 * cost(Renderer(JOB.readable(), spell_json))
