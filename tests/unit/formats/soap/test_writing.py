"""formats/soap/writing.py: what is written is what readers find, and can be read by any XML parser."""

import pytest
from lxml import etree

from headgate.core.soa import ReadEnd, Reason, Request, Response
from headgate.formats.soap.reading import Envelope, Envelopes
from headgate.formats.soap.writing import ARRAY_BEGIN, ARRAY_END, Answers, write_request

ECHO = "http://tempuri.org/IEchoSvc/Echo"
BODY = b'<Echo xmlns="http://tempuri.org/"><input>a &amp; b</input></Echo>'


def read(*messages: bytes) -> list[Envelope]:
    reader = Envelopes(1 << 16)
    found = reader.feed(b"".join((ARRAY_BEGIN, *messages, ARRAY_END)))
    assert reader.close() == []
    return found


def test_a_request_is_read_as_it_was_written() -> None:
    request = Request(action=ECHO, body=BODY, message_id="urn:<1>", user_data=b"<i xmlns=''>1</i>")
    bare = Request(action=ECHO, body=b"")
    assert read(write_request(request, "b & 1"), write_request(bare)) == [
        Envelope(
            action=ECHO, body=BODY, message_id="urn:<1>", user_data=b"<i xmlns=''>1</i>", client_id="b & 1"
        ),
        Envelope(action=ECHO),
    ]


def response(**more: object) -> Response:
    fields = {"request_action": ECHO, "action": ECHO + "Response", "relates_to": "urn:1", "body": BODY}
    return Response(**{**fields, **more})  # type: ignore[arg-type]  # fields by name


def test_an_answer_is_read_as_it_was_written() -> None:
    answers = Answers("cd & 7")
    assert read(answers.write(response(user_data=b"item 1"))) == [
        Envelope(
            action=ECHO + "Response",
            relates_to="urn:1",
            request_action=ECHO,
            user_data=b"item 1",
            callback_id="cd & 7",
            body=BODY,
        )
    ]


@pytest.mark.parametrize("number", [0x01000002, 0x0200000B, 0x04000001])
def test_a_fault_carries_its_number_and_reason(number: int) -> None:
    document = etree.fromstring(Answers("").write(response(fault=number, reason="a < b", body=b"")))
    names = {"s": "http://www.w3.org/2003/05/soap-envelope", "f": "http://hpc.microsoft.com/session/"}
    fault = "s:Body/s:Fault/"
    assert document.findtext(f"{fault}s:Detail/f:SessionFault/f:Code", namespaces=names) == str(number)
    assert document.findtext(f"{fault}s:Reason/s:Text", namespaces=names) == "a < b"


def test_no_client_data_is_no_header() -> None:
    assert b"CallbackId" not in Answers("").write(response())
    assert b"CallbackId" not in Answers("").end(ReadEnd(0, Reason.SUCCESS))


def test_a_relation_to_nothing_is_left_out() -> None:
    assert b"RelatesTo" not in Answers("").write(response(relates_to=""))


@pytest.mark.parametrize("reason", Reason)
def test_the_end_says_how_many_and_why(reason: Reason) -> None:
    (end,) = read(Answers("cd").end(ReadEnd(12, reason)))
    assert end.action == "http://hpc.microsoft.com/EndOfGetResponse"
    assert end.callback_id == "cd"
    assert (
        end.body
        == (
            f'<EndOfResponses xmlns="http://tempuri.org/"><Count>12</Count><Reason>{reason.value}</Reason>'
            "</EndOfResponses>"
        ).encode()
    )


def test_a_server_that_stops_says_so_in_place_of_the_end() -> None:
    (gone,) = read(Answers("").broker_gone())
    assert gone.action == "http://hpc.microsoft.com/BrokerInstanceUnavailable"
    assert b"<IsBrokerNodeDown>true</IsBrokerNodeDown>" in gone.body
