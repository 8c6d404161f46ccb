"""formats/soap/reading.py: one list of arrays, read whole and in pieces; and what is refused."""

import pytest
from lxml import etree

from headgate.core.errors import BadRequest, TooLarge
from headgate.formats.soap.names import ADDRESSING, HPC, SOAP, SOAP_1_1
from headgate.formats.soap.reading import DECLARATIONS, DEPTH, Envelope, Envelopes, text_of

LARGE = 1 << 16
ACTION = "<a:Action>http://tempuri.org/IEchoSvc/Echo</a:Action>"
ECHO = Envelope(action="http://tempuri.org/IEchoSvc/Echo", body=b"<Echo/>")


def envelope(headers: str = ACTION, body: str = "<s:Body><Echo/></s:Body>", declared: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}"{declared}>'
        f"<s:Header>{headers}</s:Header>{body}</s:Envelope>"
    )


def header(name: str, text: str) -> str:
    return f'<{name} xmlns="{HPC}">{text}</{name}>'


def of(headers: str) -> str:
    return envelope(ACTION + headers)


def echo(**fields: object) -> Envelope:
    return Envelope(**{"action": ECHO.action, "body": ECHO.body, **fields})  # type: ignore[arg-type]  # fields by name


CASES: dict[str, tuple[str, list[Envelope]]] = {
    "nothing": ("", []),
    "an empty array": ("<requests/>", []),
    "blanks": (" \n <requests> \n </requests>\n ", []),
    "one": (f"<requests>{envelope()}</requests>", [ECHO]),
    "with a declaration": (f'<?xml version="1.0" encoding="utf-8"?><r>{envelope()}</r>', [ECHO]),
    "as .NET declares text": (f'<?xml version="1.0" encoding="utf-16"?><r>{envelope()}</r>', [ECHO]),
    "after a byte order mark": (f"\ufeff<r>{envelope()}</r>", [ECHO]),
    "two with comments around": (f"<r><!-- 1 -->{envelope()}<!-- 2 -->{envelope()}</r>", [ECHO, ECHO]),
    "the headers": (
        "<r>"
        + of(
            "<a:MessageID> urn:uuid:1\n</a:MessageID><a:RelatesTo>urn:uuid:2</a:RelatesTo>"
            + header("HPCServer2008_Broker_UserDataNS", "item 1")
            + header("HPCServer2008_Broker_ClientIdNS", "batch &amp; 1")
            + header("HPCServer2008_Broker_RequestActionNS", "x")
            + header("HPCServer2008_Broker_ResponseCallbackId", "cd-7")
        )
        + "</r>",
        [
            echo(
                message_id="urn:uuid:1",
                relates_to="urn:uuid:2",
                user_data=b"item 1",
                client_id="batch & 1",
                request_action="x",
                callback_id="cd-7",
            )
        ],
    ),
    "the other spelling": (
        "<r>"
        + of(
            header("HPCPack2008_Broker_UserDataNS", "u")
            + header("HPCPack2008_Broker_ClientIdNS", "c")
            + header("HPCPack2008_Broker_MessageIdNS", "m")
        )
        + "</r>",
        [echo(user_data=b"u", client_id="c", message_id="m")],
    ),
    "the id of addressing counts first": (
        "<r>" + of(header("HPCServer2008_Broker_MessageIdNS", "m") + "<a:MessageID>n</a:MessageID>") + "</r>",
        [echo(message_id="n")],
    ),
    "headers of somebody else": (
        "<r>" + of('<x xmlns="urn:x"><y xmlns:z="urn:z"><z:w>1</z:w></y></x><Action>no</Action>') + "</r>",
        [ECHO],
    ),
    "an empty body": (f"<r>{envelope(body='<s:Body/>')}</r>", [echo(body=b"")]),
    "a body with an attribute that holds >": (
        "<r>" + envelope(body="<s:Body id='>'><Echo/></s:Body>") + "</r>",
        [ECHO],
    ),
    "verbatim": (
        "<r>"
        + envelope(body="<s:Body>\n<Echo  b='1'\ta=\"2\"><!--c--><![CDATA[<&]]>&#x41;</Echo >\n</s:Body>")
        + "</r>",
        [echo(body=b"\n<Echo  b='1'\ta=\"2\"><!--c--><![CDATA[<&]]>&#x41;</Echo >\n")],
    ),
    "a prefix from the envelope": (
        "<r>" + envelope(body="<s:Body><t:Echo/></s:Body>", declared=' xmlns:t="urn:t"') + "</r>",
        [echo(body=b'<t:Echo xmlns:t="urn:t"/>')],
    ),
    "a prefix from the root, in an attribute's value": (
        '<r xmlns:x="urn:x">'
        + envelope(body='<s:Body><Echo type="x:string"/><x:More>1</x:More><!-- x: --></s:Body>')
        + "</r>",
        [echo(body=b'<Echo xmlns:x="urn:x" type="x:string"/><x:More xmlns:x="urn:x">1</x:More><!-- x: -->')],
    ),
    "the default namespace of the body": (
        "<r>" + envelope(body='<s:Body xmlns="urn:d"><Echo/></s:Body>') + "</r>",
        [echo(body=b'<Echo xmlns="urn:d"/>')],
    ),
    "a declaration of its own is left alone": (
        '<r xmlns:x="urn:x" xmlns="urn:d">'
        + envelope(
            body='<s:Body><x:E xmlns:x="urn:y" xmlns=""><F xmlns:q="q"/></x:E><x:G xmlns=""/></s:Body>'
        )
        + "</r>",
        [echo(body=b'<x:E xmlns:x="urn:y" xmlns=""><F xmlns:q="q"/></x:E><x:G xmlns:x="urn:x" xmlns=""/>')],
    ),
    "user data of elements": (
        "<r>" + of(header("HPCServer2008_Broker_UserDataNS", '<i xmlns="urn:i">1</i><a:b/>')) + "</r>",
        [
            echo(
                user_data=b'<i xmlns:a="%b" xmlns="urn:i">1</i><a:b xmlns:a="%b"/>'
                % (ADDRESSING.encode(), ADDRESSING.encode())
            )
        ],
    ),
    "user data under a prefix": (
        "<r>"
        + of(f'<h:HPCServer2008_Broker_UserDataNS xmlns:h="{HPC}"><i/></h:HPCServer2008_Broker_UserDataNS>')
        + "</r>",
        [echo(user_data=b'<i xmlns=""/>')],
    ),
    "beyond ASCII": (
        "<r>" + of(header("HPCServer2008_Broker_UserDataNS", "ü€😀")) + "</r>",
        [echo(user_data="ü€😀".encode())],
    ),
}


def whole(document: bytes, largest: int = LARGE) -> list[Envelope]:
    reader = Envelopes(largest)
    return [*reader.feed(document), *reader.close()]


@pytest.mark.parametrize("name", CASES)
def test_an_array_is_read_whole(name: str) -> None:
    document, wanted = CASES[name]
    assert whole(document.encode()) == wanted


@pytest.mark.parametrize("name", CASES)
def test_an_array_is_read_in_two_pieces_wherever_they_part(name: str) -> None:
    document, wanted = CASES[name]
    data = document.encode()
    for at in range(len(data)):
        reader = Envelopes(LARGE)
        assert [*reader.feed(data[:at]), *reader.feed(data[at:]), *reader.close()] == wanted, at


@pytest.mark.parametrize("name", CASES)
def test_an_array_is_read_byte_by_byte(name: str) -> None:
    document, wanted = CASES[name]
    reader = Envelopes(LARGE)
    found = [one for byte in document.encode() for one in reader.feed(bytes([byte]))]
    assert [*found, *reader.close()] == wanted


@pytest.mark.parametrize("name", CASES)
def test_a_body_that_was_cut_out_can_stand_alone(name: str) -> None:
    for found in whole(CASES[name][0].encode()):
        etree.fromstring(b"<b>" + found.body + b"</b>")
        etree.fromstring(f'<b xmlns="{HPC}">'.encode() + found.user_data + b"</b>")


def test_an_envelope_is_there_as_soon_as_it_is_complete() -> None:
    reader = Envelopes(LARGE)
    assert reader.feed(b"<r>" + envelope().encode()) == [ECHO]
    assert reader.feed(envelope().encode()[:-1]) == []
    assert reader.feed(b">") == [ECHO]


def test_what_is_read_is_not_kept() -> None:
    reader = Envelopes(LARGE)
    reader.feed(b"<r>")
    for _ in range(1000):
        assert reader.feed(envelope().encode()) == [ECHO]
        assert len(reader._held) < 10


WRONG: dict[str, tuple[str, str]] = {
    "no XML": ("hello", "not well-formed"),
    "half an envelope": (f"<r>{envelope()[:-20]}", "not well-formed"),
    "an array that does not end": (f"<r>{envelope()}", "not well-formed"),
    "more than one array": ("<r/><r/>", "not well-formed"),
    "SOAP 1.1": (f'<r><Envelope xmlns="{SOAP_1_1}"/></r>', "SOAP 1.1"),
    "no envelope": ("<r><x/></r>", "<x>"),
    "an envelope without an array": (envelope(), "<Header>"),
    "no action": (f"<r>{envelope('')}</r>", "no Action"),
    "no body": (f"<r>{envelope(body='')}</r>", "no Body"),
    "two bodies": (f"<r>{envelope(body='<s:Body/><s:Body/>')}</r>", "two bodies"),
    "a third part": (f"<r>{envelope(body='<s:Body/><s:Tail/>')}</r>", "<Tail>"),
    "a document type": ('<!DOCTYPE r [<!ENTITY a "b">]><r/>', "DTD"),
    "an outer document type": ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "DTD"),
    "an entity nobody declared": (f"<r>{of('<x>&a;</x>')}</r>", "undefined entity"),
    "a prefix nobody declared": (f"<r>{envelope(body='<s:Body><x:y/></s:Body>')}</r>", "unbound prefix"),
    "too deep in a body": ("<r>" + envelope(body="<s:Body>" + "<x>" * DEPTH), "deep"),
    "too deep in a header": (f"<r>{of('<x>' * DEPTH)}", "deep"),
    "another encoding": ('<?xml version="1.0" encoding="iso-8859-1"?><r/>', "iso-8859-1"),
    "no character of XML": ("<r>\x01</r>", "not well-formed"),
    "too much user data": (
        f"<r>{of(header('HPCServer2008_Broker_UserDataNS', '<x>' + 'u' * 1025 + '</x>'))}</r>",
        "1025 characters",
    ),
    "too many namespaces": (
        "<r" + "".join(f' xmlns:p{number}="x"' for number in range(DECLARATIONS + 1)) + "/>",
        "more than 100 namespaces",
    ),
    "an attribute twice": ("<r>" + envelope(body='<s:Body a="" a=""/>'), "duplicate attribute"),
}


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str, size: int) -> None:
    document, words = WRONG[name]
    with pytest.raises(BadRequest, match=words) as refused:
        in_pieces(document.encode(), size)
    assert refused.value.code == "InvalidArgument"


def in_pieces(data: bytes, size: int) -> None:
    reader = Envelopes(LARGE)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    reader.close()


def test_the_message_that_is_wrong_is_named() -> None:
    with pytest.raises(BadRequest, match=r"^Message 3 of the body: it has no Action"):
        whole(f"<r>{envelope()}{envelope()}{envelope('')}</r>".encode())


def test_what_came_before_something_wrong_is_read_however_it_was_cut() -> None:
    data = f"<r>{envelope()}{envelope('')}{envelope()}</r>".encode()
    for size in (1, 100, len(data)):
        reader = Envelopes(LARGE)
        found: list[Envelope] = []

        def read(reader: Envelopes = reader, found: list[Envelope] = found, size: int = size) -> None:
            for at in range(0, len(data), size):
                found.extend(reader.feed(data[at : at + size]))
            reader.close()

        with pytest.raises(BadRequest, match="Message 2"):
            read()
        assert found == [ECHO]


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(BadRequest, match="not well-formed"):
        whole(b"<r>" + of("<x>\xe9</x>").encode("latin-1") + b"</r>")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        with pytest.raises(BadRequest, match="not in UTF-8"):
            in_pieces(f"<r>{envelope()}</r>".encode(encoding), 1)


@pytest.mark.parametrize("begin", [of(header("HPCServer2008_Broker_UserDataNS", ""))[:-80], "<x a='", "<!--"])
def test_a_message_without_end_is_refused_before_it_fills_memory(begin: str) -> None:
    reader = Envelopes(LARGE)
    reader.feed(b"<r>" + begin.encode())
    fed: list[int] = []

    def flood() -> None:
        while sum(fed) < 1 << 30:
            reader.feed(b"x" * 4096)
            fed.append(4096)

    with pytest.raises(BadRequest):
        flood()
    assert sum(fed) <= 2 << 20


def test_a_message_is_as_large_as_the_session_takes_and_no_larger() -> None:
    size = len(envelope()) - len("</s:Envelope>")
    assert whole(f"<r>{envelope()}</r>".encode(), size) == [ECHO]
    with pytest.raises(TooLarge, match=f"the {size - 1} bytes"):
        whole(f"<r>{envelope()}</r>".encode(), size - 1)


def test_declarations_do_not_make_a_message_larger_than_the_session_takes() -> None:
    """Each of many elements would need each of many declarations: megabytes from kilobytes."""
    long = "x" * 500
    declared = "".join(f' xmlns:p{number}="{long}"' for number in range(DECLARATIONS - 2))
    uses = " ".join(f"p{number}:" for number in range(DECLARATIONS - 2))
    for elements, fits in ((1, True), (10_000, False)):
        body = f"<s:Body>{uses}{'<x/>' * elements}</s:Body>"
        document = f"<r>{envelope(body=body, declared=declared)}</r>"
        if fits:
            (found,) = whole(document.encode(), 2 * LARGE)
            assert found.body.count(b"xmlns:") == DECLARATIONS - 2
        else:
            with pytest.raises(TooLarge):
                whole(document.encode(), 2 * LARGE)


def test_user_data_is_counted_in_characters() -> None:
    text = "&lt;" * 500 + "ü" * 524
    (found,) = whole(f"<r>{of(header('HPCServer2008_Broker_UserDataNS', text))}</r>".encode())
    assert found.user_data == text.encode()


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", ""), (b"a", "a"), (b"a &lt; b", "a < b"), (b"<i>1</i>2<![CDATA[&]]>", "12&")],
)
def test_the_text_of_inner_xml(content: bytes, text: str) -> None:
    assert text_of(content) == text


def test_inner_xml_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="no XML"):
        text_of(b"<a>")
