"""soa/client/messages.py: items to requests, a stream of bytes to answers."""

from typing import Any

import pytest

from headgate.client.errors import ClientError, Unreachable
from headgate.core.soa import ReadEnd, Reason, Response
from headgate.formats.soap.writing import ARRAY_BEGIN, ARRAY_END
from headgate.formats.soap.writing import Answers as Written
from headgate.soa.client.messages import Answer, Answers, Calls, Contract, ServiceFault

WRITE = Written("")


def calls(names: Any = "input", operation: str = "Price", service: str = "Pricer") -> Calls:
    return Calls(Contract.of(service), operation, names, "mark")


def test_a_request_has_the_actions_form_a_number_and_an_id() -> None:
    request = calls().request(7, "a & b")
    assert request.action == "http://tempuri.org/IPricer/Price"
    assert request.body == b'<Price xmlns="http://tempuri.org/"><input>a &amp; b</input></Price>'
    assert (request.user_data, request.message_id) == (b"7", "urn:headgate:mark:7")


@pytest.mark.parametrize(
    ("names", "item", "inside"),
    [
        ("x", 1, b"<x>1</x>"),
        ("x", "ab", b"<x>ab</x>"),
        (("x", "y"), (1, True), b"<x>1</x><y>true</y>"),
        ("x", {"a": 1.5, "b": "t"}, b"<a>1.5</a><b>t</b>"),
    ],
)
def test_items_are_arguments(names: Any, item: Any, inside: bytes) -> None:
    assert inside in calls(names).request(0, item).body


def test_an_item_of_another_length_than_the_names_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        calls(("x", "y")).request(0, (1,))


def test_the_echo_and_the_generic_operation_have_the_published_actions() -> None:
    assert calls("input", "Echo", "CcpEchoSvc").request(0, "a").action == "http://tempuri.org/IEchoSvc/Echo"
    generic = calls("args", "GenericOperation").request(0, "a")
    assert generic.action.endswith("/GenericService/IGenericService/GenericOperation")
    assert b'xmlns="http://hpc.microsoft.com/GenericService"><args>a</args>' in generic.body


def answered(body: bytes, **more: Any) -> bytes:
    fields = {"request_action": "a", "action": "b", "relates_to": "urn:1", "user_data": b"4", "body": body}
    return WRITE.write(Response(**{**fields, **more}))


def read(*messages: bytes) -> list[Answer]:
    answers = Answers()
    found = [*answers.feed(ARRAY_BEGIN), *(one for message in messages for one in answers.feed(message))]
    assert answers.feed(WRITE.end(ReadEnd(len(messages), Reason.SUCCESS)) + ARRAY_END) == []
    assert answers.close() == ReadEnd(len(messages), Reason.SUCCESS)
    return found


def test_an_answer_has_its_requests_number_and_a_value() -> None:
    (answer,) = read(answered(b'<PR xmlns="urn:x"><PriceResult>12</PriceResult></PR>'))
    assert (answer.number, answer.result(int), answer.result(str)) == (4, 12, "12")
    with pytest.raises(ClientError, match="The answer is no"):
        answer.result(bool)


@pytest.mark.parametrize("user_data", [b"", b"x", b"<i>1</i>", b"-1", b"9" * 30])
def test_answers_to_requests_of_others_have_no_number(user_data: bytes) -> None:
    assert read(answered(b"<r/>", user_data=user_data))[0].number == -1


def test_a_fault_is_raised_where_the_value_would_be() -> None:
    soap = b'<s:Fault><s:Reason><s:Text xml:lang="en">no &amp; no</s:Text></s:Reason></s:Fault>'
    own, brokers = read(answered(soap), answered(b"", fault=0x04000001, reason="It was tried 3 times."))
    with pytest.raises(ServiceFault, match="no & no") as raised:
        own.result(str)
    assert raised.value.number == 0
    assert brokers.fault is not None
    assert (str(brokers.fault), brokers.fault.number) == ("It was tried 3 times.", 0x04000001)


def test_a_value_that_speaks_of_faults_is_none() -> None:
    assert read(answered(b"<R><Result>Fault</Result></R>"))[0].result(str) == "Fault"


def test_a_stream_that_breaks_off_is_not_taken_for_its_end() -> None:
    answers = Answers()
    answers.feed(ARRAY_BEGIN + answered(b"<r/>")[:50])
    with pytest.raises(Unreachable, match="broke off"):
        answers.close()


def test_a_server_that_stops_is_told_from_the_end() -> None:
    answers = Answers()
    with pytest.raises(Unreachable, match="attach"):
        answers.feed(ARRAY_BEGIN + WRITE.broker_gone() + ARRAY_END)


@pytest.mark.parametrize("data", [b"<r/>hello", b"<r><x/></r>"])
def test_what_is_no_answer_is_said(data: bytes) -> None:
    with pytest.raises(Unreachable, match="no sense"):
        Answers().feed(data)
