"""formats/hpcpack/bodies.py: spec hpcpack-2016, section 2; windowshpc, section 1.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.formats import hpcpack_xml
from headgate.formats.hpcpack import bodies
from headgate.formats.hpcpack.refusals import UnsupportedMedia


@pytest.mark.parametrize(
    ("body", "text"), [(b"", ""), (b" null ", ""), (b'""', ""), ('"ä\\n"'.encode(), "ä\n")]
)
def test_messages(body: bytes, text: str) -> None:
    assert bodies.JSON.message(body) == text


@pytest.mark.parametrize(
    "body", [b"x", b"1", b"[]", b'"a" "b"', b'"\\u0007"', b'"\xff"', b'"a', b"\x00", b"[" * 9999]
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        bodies.JSON.message(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b" \n", ""),
        (b"<string/>", ""),
        (b"<string>no longer needed</string>", "no longer needed"),
        (b'<string xmlns="http://schemas.microsoft.com/HPCS2008R2/common">x</string>', "x"),
        (b"<ArrayOfProperty/>", ""),
        (b"<ArrayOfProperty><Property><Name>a</Name></Property></ArrayOfProperty>", ""),
    ],
)
def test_messages_in_xml(body: bytes, text: str) -> None:
    assert bodies.XML.message(body) == text


@pytest.mark.parametrize("body", [b"x", b"<int>3</int>", b"<string>", b"<string><b/></string>", b"\xff"])
def test_what_is_no_message_in_xml_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        bodies.XML.message(body)


JOB = "<Job Name='x'/>"


@pytest.mark.parametrize(
    ("reading", "body"),
    [
        (bodies.JSON, b'"' + JOB.encode() + b'"'),
        (bodies.JSON, JOB.encode()),
        (bodies.XML, JOB.encode()),
        (bodies.XML, hpcpack_xml.write_text(JOB)),
    ],
)
def test_a_job_document_however_it_is_packed(reading: bodies.Reading, body: bytes) -> None:
    document = reading.document(body)
    assert (document if isinstance(document, str) else document.decode()) == JOB


@pytest.mark.parametrize("reading", [bodies.JSON, bodies.XML])
@pytest.mark.parametrize("body", [b"", b" ", b"7", b'""', b"<string/>", b"{"])
def test_no_job_document_is_refused(reading: bodies.Reading, body: bytes) -> None:
    if reading is bodies.JSON and body.startswith(b"<"):
        return
    with pytest.raises(BadRequest):
        reading.document(body)


@pytest.mark.parametrize(
    "kind", ["", " ", "application/json", "Text/JSON; charset=utf-8", "application/problem+json"]
)
def test_bodies_in_json(kind: str) -> None:
    assert bodies.by_type(kind, b"x") is bodies.JSON


@pytest.mark.parametrize("kind", ["application/xml", "text/xml;charset=utf-8", "Application/Soap+XML"])
def test_bodies_in_xml(kind: str) -> None:
    assert bodies.by_type(kind, b"x") is bodies.XML


@pytest.mark.parametrize("kind", ["text/plain", "nonsense", "multipart/form-data"])
def test_other_bodies_only_when_empty(kind: str) -> None:
    bodies.by_type(kind, b"")
    with pytest.raises(UnsupportedMedia):
        bodies.by_type(kind, b"x")


@given(st.sampled_from([bodies.JSON, bodies.XML]), st.binary(max_size=80) | st.text().map(str.encode))
def test_any_body_may_arrive(reading: bodies.Reading, body: bytes) -> None:
    said = ""
    for read in (reading.pairs, reading.message, reading.document):
        try:
            read(body)
        except BadRequest as error:
            said = error.text
    assert len(said) < 600
