"""headgate.soa.connect against the face: what programs do, what they are told of what is wrong."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import headgate.soa
from headgate.client.errors import ClientError, Refused, Unreachable
from headgate.core.soa import BatchStatus, Response
from headgate.soa.client import Session
from tests.integration.soa.conftest import Running

ANN = ("ann", "pw")


def connected(running: Running, **more: Any) -> Session:
    return headgate.soa.connect(running.url, **{"service": "CcpEchoSvc", "user": ANN, **more})


def test_map_gives_results_in_the_order_of_items(running: Running) -> None:
    with connected(running) as session:
        found = list(session.map("Echo", (f"item {number} <&>" for number in range(3000))))
        assert found == [f"NODE01:item {number} <&>" for number in range(3000)]
    assert running.world.sessions.sessions == {}


def test_map_of_nothing_is_nothing(running: Running) -> None:
    with connected(running) as session:
        assert list(session.map("Echo", [])) == []


def test_map_takes_items_only_as_far_ahead_as_they_are_taken(running: Running) -> None:
    with connected(running) as session:
        endless = iter(range(10**12))
        results = session.map("Echo", endless)
        assert [next(results) for _ in range(3)] == ["NODE01:0", "NODE01:1", "NODE01:2"]
        results.close()  # type: ignore[attr-defined]  # it is a generator
        assert next(endless) < 10**7
    wait_until(lambda: running.readers == 0)


def test_answers_of_other_services_come_in_any_order(running: Running) -> None:
    running.world.sessions.answering = False
    with connected(running) as session:
        batch = session.batch("b")
        assert batch.send("Echo", ["a", "b"]) == 2
        assert batch.send("Echo", [{"input": "c"}]) == 1
        assert batch.status() is BatchStatus.READY
        batch.commit()
        assert batch.status() is BatchStatus.PROCESSING
        found = running.world.sessions.batches[session.id, "b"]
        running.world.sessions.answer(session.id, "b")
        found.answers.reverse()
        answers = list(batch.answers())
        assert [(one.number, one.result(str)) for one in answers] == [
            (2, "NODE01:c"), (1, "NODE01:b"), (0, "NODE01:a"),
        ]  # fmt: skip
        assert batch.status() is BatchStatus.FINISHED
        assert [one.number for one in batch.answers(reset=True, count=1)] == [2]
        batch.purge()
        assert batch.status() is BatchStatus.UNKNOWN


def test_generic_calls(running: Running) -> None:
    with connected(running) as session:
        found = session.map("GenericOperation", ["a", "b"], arguments="args")
        assert list(found) == ["NODE01 (GenericService): a", "NODE01 (GenericService): b"]


def faulty(running: Running, monkeypatch: pytest.MonkeyPatch, response: Response) -> None:
    monkeypatch.setattr("tests.compliance.windowshpc.sessions.echo", lambda request: Response(
        request_action=request.action, action=response.action, relates_to="", body=response.body,
        user_data=request.user_data, fault=response.fault, reason=response.reason))  # fmt: skip


BROKERS = Response(
    request_action="", action="", relates_to="", body=b"", fault=0x01000002, reason="It took too long."
)
SERVICES = Response(
    request_action="",
    action="http://www.w3.org/2005/08/addressing/soap/fault",
    relates_to="",
    body=b'<s:Fault xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Code><s:Value>s:Receiver</s:Value></s:Code>'
    b"<s:Reason><s:Text>no such file</s:Text></s:Reason></s:Fault>",
)


@pytest.mark.parametrize(
    ("response", "text", "number"),
    [(BROKERS, "It took too long.", 0x01000002), (SERVICES, "no such file", 0)],
)
def test_a_request_that_failed_raises_its_fault_or_gives_it(
    running: Running, monkeypatch: pytest.MonkeyPatch, response: Response, text: str, number: int
) -> None:
    faulty(running, monkeypatch, response)
    with connected(running) as session:
        results = session.map("Echo", ["a"])
        with pytest.raises(headgate.soa.client.ServiceFault, match=text) as raised:
            next(results)
        assert raised.value.number == number
        (given,) = session.map("Echo", ["a"], faults=True)
        assert (str(given), given.number) == (text, number)


def test_a_session_that_failed_is_told_from_a_request_that_did(running: Running) -> None:
    running.world.sessions.failed = True
    with connected(running) as session:
        results = session.map("Echo", ["a"], faults=True)
        with pytest.raises(headgate.soa.client.ServiceFault, match="The session has failed") as raised:
            next(results)
        assert raised.value.number == 0x0200000B


def test_what_fails_while_items_are_made_is_raised(running: Running) -> None:
    def items() -> Iterator[str]:
        yield "a"
        raise ZeroDivisionError("mine")

    def at_once() -> Iterator[str]:
        if running.url:
            raise ZeroDivisionError("mine")
        yield "never"

    with connected(running) as session:
        with pytest.raises(ZeroDivisionError, match="mine"):
            list(session.map("Echo", items()))
        with pytest.raises(ZeroDivisionError, match="mine"):
            list(session.map("Echo", at_once()))
        assert list(session.map("Echo", ["a"])) == ["NODE01:a"]
    wait_until(lambda: running.readers == 0)


def test_a_refusal_says_why(running: Running) -> None:
    with pytest.raises(Refused, match="no service None") as refused:
        connected(running, service="None")
    assert (refused.value.status, refused.value.code) == (404, "0300001E")
    with pytest.raises(Refused) as refused:
        connected(running, user=("nobody", "pw"))
    assert refused.value.status == 401
    with connected(running, options={"MaxMessageSize": 2000}) as session, pytest.raises(Refused) as refused:
        list(session.map("Echo", ["a", "x" * 3000]))
    assert (refused.value.status, refused.value.code) == (413, "03000000")


def test_a_server_that_is_not_there_can_not_be_reached(running: Running) -> None:
    running.stop()
    with pytest.raises(Unreachable):
        connected(running)


def test_what_makes_no_sense_is_said_before_anything_is_asked() -> None:
    with pytest.raises(ClientError, match="Name the service"):
        headgate.soa.connect("http://127.0.0.1:1", user=ANN)


def test_a_session_is_left_open_and_attached_to(running: Running) -> None:
    with connected(running, durable=True) as session:
        session.detach()
        batch = session.batch("b")
        batch.send("Echo", ["a"])
    with connected(running, service="", session=session.id, durable=True) as again:
        assert again.durable
        again.batch("b").commit()
        assert [one.result(str) for one in again.batch("b").answers()] == ["NODE01:a"]
    with connected(running, service="", session=session.id, durable=True) as again:
        again.close()
    assert running.world.sessions.sessions == {}


async def test_without_threads(running: Running) -> None:
    async with await headgate.soa.aconnect(running.url, service="CcpEchoSvc", user=ANN) as session:
        first, second = (session.map("Echo", [f"{name}{n}" for n in range(50)]) for name in "ab")

        async def all_of(results: Any) -> list[str]:
            return [one async for one in results]

        found = await asyncio.gather(all_of(first), all_of(second))
        assert list(found) == [[f"NODE01:{name}{n}" for n in range(50)] for name in "ab"]


def test_answers_come_while_requests_are_being_sent(running: Running) -> None:
    """What is asked next may depend on the answer before: both directions are open at once."""
    answered = threading.Semaphore(2)

    def items() -> Iterator[str]:
        for number in range(20):
            assert answered.acquire(timeout=10)
            yield "x" * 70_000 + str(number)  # longer than a piece, so that it is sent at once

    with connected(running) as session:
        for number, result in enumerate(session.map("Echo", items())):
            assert result.endswith(f"x{number}")
            answered.release()
        assert number == 19


def test_a_server_that_stops_is_told_from_the_end_of_answers(running: Running) -> None:
    running.world.sessions.answering = False
    with connected(running) as session:
        session.detach()
        batch = session.batch()
        batch.send("Echo", ["a"])
        threading.Timer(0.2, running.stop).start()
        with pytest.raises(Unreachable, match="attach"):
            list(batch.answers())
        wait_until(lambda: not running.thread.is_alive())


def wait_until(true: Any) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come true")
