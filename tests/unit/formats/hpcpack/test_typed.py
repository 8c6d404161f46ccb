"""formats/hpcpack/typed.py: objects of a type, to JSON and XML and back."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from lxml import etree
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.formats.hpcpack.typed import (
    moment,
    read_json,
    read_xml,
    write_json,
    write_json_list,
    write_xml,
    write_xml_list,
)

NOON = 1_900_000_000_000_000
ROOT = 'xmlns="http://schemas.microsoft.com/HPCS2008R2/common" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'


class Part(Struct, rename="pascal"):
    """Within another."""

    key: datetime
    value: float


class Thing(Struct, rename="pascal", kw_only=True):
    """One of everything."""

    name: str
    is_open: bool
    count: int
    place: str | None
    parts: Sequence[Part]
    words: Sequence[str]
    table: Mapping[str, float]


class Given(Struct, rename="pascal", kw_only=True):
    """What a client sends."""

    name: str
    text: str | None = None
    managed: bool | None = None
    node_names: tuple[str, ...] = ()


THING = Thing(
    name="a<b&c\x01",
    is_open=True,
    count=3,
    place=None,
    parts=[Part(moment(NOON), 1.5), Part(moment(NOON + 1), 2.0)],
    words=["x", "y"],
    table={"HpcCpuUsage": 12.5},
)


def test_fields_of_json_have_their_names_and_dates_end_in_z() -> None:
    assert json.loads(write_json(THING)) == {
        "Name": "a<b&c\x01",
        "IsOpen": True,
        "Count": 3,
        "Place": None,
        "Parts": [
            {"Key": "2030-03-17T17:46:40Z", "Value": 1.5},
            {"Key": "2030-03-17T17:46:40.000001Z", "Value": 2.0},
        ],
        "Words": ["x", "y"],
        "Table": {"HpcCpuUsage": 12.5},
    }
    assert write_json_list([], Thing) == b"[]"


def test_xml_is_named_by_types_with_fields_in_alphabetical_order_and_no_prefixes() -> None:
    assert write_xml(THING).decode() == (
        f"<Thing {ROOT}><Count>3</Count><IsOpen>true</IsOpen><Name>a&lt;b&amp;c\ufffd</Name>"
        "<Parts><Part><Key>2030-03-17T17:46:40Z</Key><Value>1.5</Value></Part>"
        "<Part><Key>2030-03-17T17:46:40.000001Z</Key><Value>2.0</Value></Part></Parts>"
        '<Place i:nil="true"/>'
        "<Table><KeyValueOfstringdouble><Key>HpcCpuUsage</Key><Value>12.5</Value></KeyValueOfstringdouble>"
        "</Table><Words><string>x</string><string>y</string></Words></Thing>"
    )
    etree.fromstring(write_xml(THING))
    assert write_xml_list([], Part).decode() == f"<ArrayOfPart {ROOT}></ArrayOfPart>"


def test_times_beyond_the_calendar_are_its_ends() -> None:
    assert moment(2**62).year == 9999
    assert moment(-(2**62)).year == 1


READ = Given(name="n", text="two words", managed=False, node_names=("a", "b"))


def test_keys_are_found_in_any_letter_case_and_others_ignored() -> None:
    body = b'{"NAME":"n","text":"two words","Managed":false,"nodenames":["a","b"],"More":{}}'
    assert read_json(body, Given) == READ
    assert read_json(b"\xef\xbb\xbf " + body, Given) == READ


@pytest.mark.parametrize(
    "body",
    [
        f"<Given {ROOT}><Managed>false</Managed><Name>n</Name>"
        "<NodeNames><string>a</string><string>b</string></NodeNames><Text>two words</Text></Given>",
        '<p:any xmlns:p="u" xmlns:a="v"><p:name> n </p:name><p:TEXT>two words</p:TEXT>'
        "<managed>False</managed>"
        "<NodeNames><a:string>a</a:string><a:string>b</a:string></NodeNames><More/></p:any>",
    ],
)
def test_xml_is_read_by_local_names_in_any_letter_case(body: str) -> None:
    assert read_xml(body.encode(), Given) == READ


def test_what_is_empty_or_nil_is_what_its_field_can_be() -> None:
    body = f'<Given {ROOT}><Name>n</Name><Text i:nil="true"/><NodeNames/></Given>'
    assert read_xml(body.encode(), Given) == Given(name="n")
    assert read_xml(b"<Given><Name/><Text/></Given>", Given) == Given(name="", text="")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "missing required field `Name`"),
        (b"null", "missing required field `Name`"),
        (b"[]", "The body is not an object"),
        (b"{", "The body is not an object"),
        (b"\xff", "not UTF-8"),
        (b'{"Name":5}', r"Expected `str`, got `int` - at `\$.Name`"),
        (b'{"Name":"a","NodeNames":"b"}', "NodeNames"),
        (b'{"Name":"a","NodeNames":[1]}', r"NodeNames\[0\]|NodeNames\[...\]"),
        (b'{"Name":"a","name":"b"}', "The body has Name twice"),
        (b'{"Name":"a","Managed":"maybe"}', "Managed"),
    ],
)
def test_json_that_is_none_says_what_is_wrong(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_json(body, Given)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "missing required field `Name`"),
        (b"<Given/>", "missing required field `Name`"),
        (b"{}", "not well-formed"),
        (b"<Given><Name>a</Name><name>b</name></Given>", "The body has Name twice"),
        (b"<Given><Name><x>a</x></Name></Given>", "Name"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Given><Name>&b;</Name></Given>', "XML"),
    ],
)
def test_xml_that_is_none_says_what_is_wrong(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_xml(body, Given)
