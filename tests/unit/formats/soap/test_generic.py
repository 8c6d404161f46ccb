"""formats/soap/generic.py: one list of uploads, read whole and in pieces; answers; what is refused."""

import pytest

from headgate.core.errors import BadRequest, TooLarge
from headgate.core.soa import ReadEnd, Reason, Request, Response
from headgate.formats.soa_bodies import generic_request
from headgate.formats.soap.generic import (
    GenericRequests,
    output_of,
    write_generic_answer,
    write_generic_end,
)

ACTION = "http://hpc.microsoft.com/GenericService/IGenericService/GenericOperation"
LARGE = 1 << 16


def asked(said: str, user_data: str = "") -> Request:
    return Request(action=ACTION, body=generic_request(said), user_data=user_data.encode())


CASES: dict[str, tuple[str, list[Request]]] = {
    "nothing": ("", []),
    "one": ("a\uffffu\0", [asked("a", "u")]),
    "no user data": ("a\uffff\0", [asked("a")]),
    "not even its separator": ("a\0", [asked("a")]),
    "no input": ("\uffff\0\0", [asked(""), asked("")]),
    "without its end": ("a\uffffu\0b\uffffv", [asked("a", "u"), asked("b", "v")]),
    "the blank of the published layout": ("a\uffffu\0 ", [asked("a", "u")]),
    "blanks count elsewhere": (" a \uffff u \0", [asked(" a ", " u ")]),
    "beyond ASCII": ("ü€😀\uffff\u3042\0", [asked("ü€😀", "\u3042")]),
    "what XML escapes": ("<a> & b\r\n\uffff&\0", [asked("<a> & b\r\n", "&amp;")]),
}


@pytest.mark.parametrize("name", CASES)
def test_records_are_read_wherever_they_part(name: str) -> None:
    text, wanted = CASES[name]
    data = text.encode()
    for at in range(len(data) + 1):
        reader = GenericRequests(LARGE)
        assert [*reader.feed(data[:at]), *reader.feed(data[at:]), *reader.close()] == wanted, at
    reader = GenericRequests(LARGE)
    found = [one for byte in data for one in reader.feed(bytes([byte]))]
    assert [*found, *reader.close()] == wanted


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a\xef\xbf\xbfb\xef\xbf\xbfc\0", "U\\+FFFF"),
        (b"\xff\0", "not UTF-8"),
        (b"a\x01\0", "U\\+0001"),
        (b"a\xef\xbf\xbf\x01\0", "U\\+0001"),
        (b"ok\0a\xef\xbf\xbf" + b"u" * 1025 + b"\0", "Message 2 of the body: its user data has 1025"),
        (b"\xed\xa0\x80\0", "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    reader = GenericRequests(LARGE)
    with pytest.raises(BadRequest, match=words) as refused:
        [reader.feed(data), reader.close()]
    assert refused.value.code == "InvalidArgument"


def test_a_message_without_end_is_refused_before_it_fills_memory() -> None:
    reader = GenericRequests(10)
    reader.feed(b"x" * 10)
    with pytest.raises(TooLarge):
        reader.feed(b"x")
    reader = GenericRequests(10)
    assert reader.feed(b"y\0" + b"x" * 11) == [asked("y")]
    with pytest.raises(TooLarge):
        reader.feed(b"")


def answer(body: bytes, **more: object) -> Response:
    fields = {"request_action": ACTION, "action": ACTION + "Response", "relates_to": "", "body": body, **more}
    return Response(**fields)  # type: ignore[arg-type]  # fields by name


def test_an_answer_is_action_output_and_user_data() -> None:
    body = b'<GenericOperationResponse xmlns="x"><GenericOperationResult>N: a</GenericOperationResult></Gen>'
    got = write_generic_answer(answer(body, user_data=b"u &lt; v"))
    assert got == (ACTION + "Response\uffffN: a\uffffu < v\0").encode()


def test_a_failed_request_has_the_faults_action_and_text() -> None:
    got = write_generic_answer(answer(b"", fault=0x01000002, reason="It took too long."))
    assert got == "http://hpc.microsoft.com/session/SessionFault\uffffIt took too long.\uffff\0".encode()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a:R xmlns:a='urn:a'><a:Result>1 &amp; 2</a:Result></a:R>", b"1 & 2"),
        (b"<R><Result/></R>", b""),
        (b"<s:Fault><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>", b"no"),
        (b"not < XML", b"not < XML"),
    ],
)
def test_the_output_is_the_text_in_whatever_the_service_says(body: bytes, text: bytes) -> None:
    assert output_of(body) == text


def test_separators_stand_in_no_field() -> None:
    assert write_generic_answer(answer("a\uffffb\0c".encode())).count(b"\0") == 1


def test_the_last_record_says_how_many_and_why() -> None:
    got = write_generic_end(ReadEnd(7, Reason.CLIENT_PURGED))
    assert got == "http://hpc.microsoft.com/EndOfGetResponse\uffff7\uffffClientPurged\0".encode()
