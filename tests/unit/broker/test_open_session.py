"""broker/open_session.py and crew.py: batches, readers and hosts of a session (spec windowshpc, 7.4-7.7)."""

import asyncio
from collections.abc import Callable

import pytest

from headgate.core.errors import HeadgateError
from headgate.core.soa import BatchStatus, ReadEnd, Reason, SoaFault
from headgate.formats import soa_link as link
from tests.unit.broker.desk import OWNER, Desk, ids, refusal, reopened, request, settle

Desks = Callable[..., Desk]
KINDS = pytest.mark.parametrize("durable", [False, True])


def status(desk: Desk) -> BatchStatus:
    return desk.session.status("b", OWNER)


@KINDS
async def test_a_request_is_answered_and_the_batch_is_finished(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    assert status(desk) is BatchStatus.UNKNOWN
    await desk.send("1", "2")
    assert status(desk) is BatchStatus.READY
    host = await desk.host()
    await desk.commit()
    assert status(desk) is BatchStatus.PROCESSING
    await host.answer()
    await host.answer()
    await desk.kept()
    assert status(desk) is BatchStatus.FINISHED
    answers, end = await desk.read()
    assert ids(answers) == ["1", "2"]
    assert [(one.request_action, one.action, one.body, one.user_data) for one in answers] == [
        ("do", "doResponse", b"1", b"1"),
        ("do", "doResponse", b"2", b"2"),
    ]
    assert end == ReadEnd(2, Reason.SUCCESS)


@KINDS
async def test_a_request_that_was_sent_again_is_one_request(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    await desk.send("1", "2", "1")
    await desk.send("2", "3")
    host = await desk.host()
    await desk.commit()
    await desk.send("3")  # a repeated portion is harmless after the commit too
    for _ in range(5):
        await host.answer(9)
    await desk.kept()
    answers, _ = await desk.read()
    assert sorted(ids(answers)) == ["1", "2", "3"]


async def test_requests_without_an_id_are_never_duplicates(desks: Desks) -> None:
    desk = desks()
    await desk.session.send("b", OWNER, [request(""), request("")])
    await desk.commit()
    host = await desk.host()
    await host.answer(9)
    await host.answer(9)
    assert len((await desk.read())[0]) == 2


async def test_commits_are_refused_by_the_book(desks: Desks) -> None:
    desk = desks()
    assert await refusal(desk.commit()) == "Broker_EOMReject_NoRequest"
    await desk.send("1")
    await desk.commit()
    assert await refusal(desk.commit()) == "Broker_EOMReject_EndRequests"
    assert await refusal(desk.send("2")) == "Broker_EOMReject_EndRequests"
    await (await desk.host()).answer()
    assert await refusal(desk.commit()) == "Broker_EOMRejected"
    await desk.send("1", batch="other")
    desk.session.ended()
    assert await refusal(desk.commit("other")) == "Broker_EOMReject_GetResponse"
    assert await refusal(desk.send("2", batch="other")) == "Broker_SessionFailure"


async def test_a_batch_is_its_makers(desks: Desks) -> None:
    desk = desks()
    await desk.send("1")
    assert await refusal(desk.send("2", owner="bob")) == "AccessDenied_BrokerQueue"
    for ask in (
        lambda: desk.session.status("b", "bob"),
        lambda: desk.session.read("b", "bob", count=-1, action="", reset=False, client_data=""),
    ):
        with pytest.raises(HeadgateError) as refused:
            ask()
        assert refused.value.code == "AccessDenied_BrokerQueue"
    assert await refusal(desk.session.purge("b", "bob")) == "AccessDenied_BrokerQueue"
    await desk.send("2", owner="ANN")


# ---- reading


async def answered(desk: Desk, *texts: str) -> None:
    await desk.send(*texts)
    host = await desk.host()
    await desk.commit()
    for _ in texts:
        await host.answer()
    await desk.kept()


@KINDS
async def test_a_read_goes_on_behind_the_one_before(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    await answered(desk, "1", "2", "3")
    first, end = await desk.read(count=2)
    assert (ids(first), end.count) == (["1", "2"], 2)
    rest, end = await desk.read()
    assert (ids(rest), end.count) == (["3"], 3)
    assert (await desk.read())[0] == []


@KINDS
async def test_a_reset_puts_back_what_the_last_read_handed_out(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    await answered(desk, "1", "2", "3")
    await desk.read(count=1)
    again, end = await desk.read(count=2, reset=True)
    assert (ids(again), end.count) == (["1", "2"], 2)


@pytest.mark.parametrize(("durable", "left"), [(False, ["2", "3"]), (True, ["1", "2", "3"])])
async def test_what_a_later_read_has_confirmed_is_gone_from_an_interactive_session_alone(
    desks: Desks, durable: bool, left: list[str]
) -> None:
    desk = desks(durable=durable)
    await answered(desk, "1", "2", "3")
    await desk.read(count=1)
    await desk.read(count=1)  # confirms the first
    assert ids((await desk.read(reset=True))[0]) == left


@KINDS
async def test_a_read_by_action_leaves_the_others_for_other_reads(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    await desk.send("1", "2", action="a")
    await desk.send("3", action="b")
    host = await desk.host()
    await desk.commit()
    for _ in range(3):
        await host.answer()
    await desk.kept()
    found, end = await desk.read(action="b")
    assert (ids(found), end.count) == (["3"], 1)
    found, end = await desk.read()
    assert (sorted(ids(found)), end.count) == (["1", "2"], 2)


async def test_counting_begins_anew_for_another_client_data(desks: Desks) -> None:
    desk = desks()
    await answered(desk, "1", "2")
    assert (await desk.read(count=1, client_data="x"))[1].count == 1
    assert (await desk.read(count=1, client_data="y"))[1].count == 1


async def test_a_read_waits_for_what_comes(desks: Desks) -> None:
    desk = desks()
    await desk.send("1")
    reading = asyncio.create_task(desk.read())
    host = await desk.host()
    await host.answer()
    assert not reading.done()
    await desk.commit()
    answers, end = await reading
    assert (ids(answers), end.reason) == (["1"], Reason.SUCCESS)


async def test_another_reader_takes_the_place_of_the_first(desks: Desks) -> None:
    desk = desks()
    await desk.send("1")
    first = asyncio.create_task(desk.read(client_data="a"))
    await settle()
    second = asyncio.create_task(desk.read(client_data="b"))
    assert (await first)[1] == ReadEnd(0, Reason.SUCCESS)
    host = await desk.host()
    await host.answer()
    await desk.commit()
    assert ids((await second)[0]) == ["1"]


async def test_a_reader_that_is_replaced_is_told_how_many_it_had(desks: Desks) -> None:
    desk = desks()
    await desk.send("1", "2")
    await (await desk.host(2)).answer(2)
    first = asyncio.create_task(desk.read(client_data="a"))
    await settle()
    second = asyncio.create_task(desk.read(client_data="b", reset=True))
    assert (await first)[1] == ReadEnd(2, Reason.SUCCESS)
    await desk.commit()
    assert (await second)[1] == ReadEnd(2, Reason.SUCCESS)


@KINDS
async def test_a_purged_batch_is_gone_and_its_reader_is_told(desks: Desks, durable: bool) -> None:
    desk = desks(durable=durable)
    await desk.send("1")
    reading = asyncio.create_task(desk.read())
    await settle()
    await desk.session.purge("b", OWNER)
    assert (await reading)[1].reason is Reason.CLIENT_PURGED
    assert (await desk.read())[1] == ReadEnd(0, Reason.CLIENT_PURGED)
    assert status(desk) is BatchStatus.UNKNOWN
    await desk.send("1")  # a new batch of that name
    assert status(desk) is BatchStatus.READY
    await desk.session.purge("never", OWNER)


async def test_an_answer_to_a_purged_batch_is_nothing(desks: Desks) -> None:
    desk = desks()
    host = await desk.host()
    await desk.send("1")
    await desk.session.purge("b", OWNER)
    await desk.send("2")
    await host.answer(1)
    await host.answer(9)
    await desk.commit()
    assert ids((await desk.read())[0]) == ["2"]


async def test_a_reader_who_has_left_does_not_hold_what_it_was_not_given(desks: Desks) -> None:
    desk = desks()
    await answered(desk, *map(str, range(600)))
    reading = desk.session.read("b", OWNER, count=-1, action="", reset=False, client_data="")
    some = await anext(reading)
    await reading.aclose()
    assert not isinstance(some, ReadEnd)
    rest, end = await desk.read()
    assert ids([*some, *rest]) == [str(n) for n in range(600)]
    assert end.count == 600


# ---- hosts


async def test_what_a_host_had_goes_to_another_one(desks: Desks) -> None:
    desk = desks()
    first = await desk.host()
    await desk.send("1")
    assert [one.body for one in first.has] == [b"1"]
    second = await desk.host()
    await first.die()
    assert [one.body for one in second.has] == [b"1"]
    await second.answer()
    await desk.commit()
    assert ids((await desk.read())[0]) == ["1"]


async def test_a_request_of_which_hosts_die_is_answered_by_a_fault(desks: Desks) -> None:
    desk = desks(retries=2)
    await desk.send("1")
    await desk.commit()
    for _ in range(3):
        host = await desk.host()
        assert [one.body for one in host.has] == [b"1"]
        host.say(link.Failed("it was killed by SIGSEGV"))
        await settle()
    answers, end = await desk.read()
    assert [one.fault for one in answers] == [SoaFault.RETRY_LIMIT]
    assert "SIGSEGV" in answers[0].reason
    assert (ids(answers), end.count) == (["1"], 1)


async def test_only_what_a_host_was_at_counts_as_tried(desks: Desks) -> None:
    desk = desks(retries=0)
    host = await desk.host()
    for _ in range(9):  # it is quick, so that it is given several at once
        await desk.send(str(_))
        await host.answer()
    await desk.send("x", "y", "z")
    assert len(host.has) == 3
    await host.die()
    await desk.commit()
    other = await desk.host()
    await other.answer()
    await other.answer()
    answers, _ = await desk.read()
    assert [one.relates_to for one in answers if one.fault] == ["x"]
    assert len(answers) == 12


async def test_hosts_that_do_nothing_but_die_fail_the_session(desks: Desks) -> None:
    desk = desks(retries=99)
    await desk.send("1")
    await desk.commit()
    for _ in range(12):
        await (await desk.host()).die()
    answers, end = await desk.read()
    assert [one.fault for one in answers] == [SoaFault.SESSION_FAILURE]
    assert end.reason is Reason.SUCCESS


async def test_a_request_that_took_too_long_is_a_fault_at_once(desks: Desks) -> None:
    desk = desks(operation_timeout=1500)
    host = await desk.host()
    await desk.send("1")
    assert host.messages[0] == link.Start(desk.registration, 1.5)
    host.say(link.Done([link.Outcome(host.has[0].id, "", b"", timed_out=True)]))
    await settle()
    await desk.commit()
    (answer,) = (await desk.read())[0]
    assert (answer.fault, answer.relates_to) == (SoaFault.OPERATION_TIMEOUT, "1")


async def test_an_answer_that_nobody_asked_for_is_passed_over(desks: Desks) -> None:
    desk = desks()
    host = await desk.host()
    await desk.send("1")
    number = host.has[0].id
    host.say(link.Done([link.Outcome(number, "a", b"x"), link.Outcome(number, "a", b"y")]))
    host.say(link.Done([link.Outcome(999, "a", b"z")]))
    await settle()
    await desk.commit()
    assert [one.body for one in (await desk.read())[0]] == [b"x"]


async def test_a_host_that_makes_no_sense_is_lost(desks: Desks) -> None:
    desk = desks()
    host = await desk.host()
    await desk.send("1")
    host._said.put_nowait(b"\x00nonsense")
    await settle()
    assert host.task.done()
    assert [one.body for one in (await desk.host()).has] == [b"1"]


async def test_batches_have_their_turns(desks: Desks) -> None:
    """A small batch does not wait for a large one."""
    desk = desks()
    await desk.send(*(f"large-{n}" for n in range(500)), batch="large")
    await desk.send("small", batch="small")
    host = await desk.host()
    await host.answer(1)
    await host.answer(99)
    assert desk.session.batches["small"].settled == 1
    assert desk.session.batches["large"].settled < 500


async def test_what_lies_ahead_of_a_stuck_host_is_given_to_an_idle_one(desks: Desks) -> None:
    desk = desks()
    stuck = await desk.host()
    for n in range(9):
        await desk.send(f"quick-{n}")
        await stuck.answer()
    await desk.send("long", "1", "2")
    assert len(stuck.has) == 3
    idle = await desk.host()
    desk.clock.time += 2_000_000
    desk.session.crew.unstick()
    await settle()
    assert isinstance(stuck.messages[-1], link.Recall)
    stuck.say(link.Returned([one.id for one in stuck.has[1:]]))
    await settle()
    assert [one.body for one in idle.has] == [b"1"]


async def test_a_host_that_leaves_is_not_to_blame(desks: Desks) -> None:
    desk = desks(retries=0)
    host = await desk.host()
    await desk.send("1")
    host.link.leave()
    await host.die()
    other = await desk.host()
    assert [one.body for one in other.has] == [b"1"]


# ---- bounds


async def test_sending_waits_while_too_much_waits(desks: Desks) -> None:
    desk = desks(throttle_start=10, throttle_stop=5)
    host = await desk.host()
    await desk.send(*map(str, range(20)))
    sending = asyncio.create_task(desk.send("more"))
    await settle()
    assert not sending.done()
    while desk.session.waiting > 5:
        await host.answer()
    await settle()
    await sending


async def test_what_does_not_fit_into_memory_comes_back_from_disk(desks: Desks) -> None:
    desk = desks(memory=2000, throttle_start=10**6, throttle_stop=10**6)
    texts = [f"{n:0200}" for n in range(2000)]
    await desk.send(*texts)
    assert desk.spool.used > 100_000
    await desk.commit()
    host = await desk.host(8)
    while desk.session.load:
        await host.answer(9999)
    assert desk.spool.used > 100_000
    answers, _ = await desk.read()
    assert sorted(ids(answers)) == texts
    await desk.read()
    assert desk.spool.used == 0


async def test_a_batch_that_nobody_uses_ends(desks: Desks) -> None:
    desk = desks(client_idle_timeout=1000)
    await answered(desk, "1")
    desk.clock.time += 500_000
    desk.session.expire()
    assert status(desk) is BatchStatus.FINISHED
    desk.clock.time += 1_000_000
    desk.session.expire()
    assert status(desk) is BatchStatus.UNKNOWN
    assert (await desk.read())[1] == ReadEnd(0, Reason.CLIENT_TIMEOUT)


async def test_a_batch_that_is_being_worked_at_or_read_does_not_end(desks: Desks) -> None:
    desk = desks(client_idle_timeout=1000)
    await desk.send("1")
    desk.clock.time += 9_000_000
    desk.session.expire()
    assert status(desk) is BatchStatus.READY
    await (await desk.host()).answer()
    reading = asyncio.create_task(desk.read())
    await settle()
    desk.clock.time += 9_000_000
    desk.session.expire()
    assert status(desk) is BatchStatus.READY
    await desk.commit()
    await reading


# ---- after a restart


async def test_a_durable_session_is_as_it_was_after_a_restart(desks: Desks) -> None:
    desk = desks(durable=True)
    host = await desk.host()
    await desk.send("1", "2", "3")
    await host.answer()
    await desk.kept()
    await reopened(desk)
    other = await desk.host()
    await desk.send("3", "4")
    while desk.session.load:
        await other.answer()
        await asyncio.sleep(0.001)  # what was sent before comes from the store
    await desk.kept()
    await desk.commit()
    await reopened(desk)
    assert status(desk) is BatchStatus.FINISHED
    answers, end = await desk.read()
    assert sorted(ids(answers)) == ["1", "2", "3", "4"]
    await reopened(desk)
    assert await desk.read() == ([], ReadEnd(0, Reason.SUCCESS))
    assert sorted(ids((await desk.read(reset=True))[0])) == ["1", "2", "3", "4"]
    assert end.count == 4


async def test_a_purged_batch_is_not_there_after_a_restart(desks: Desks) -> None:
    desk = desks(durable=True)
    await desk.send("1")
    await desk.session.purge("b", OWNER)
    await desk.send("2", batch="c")
    await reopened(desk)
    assert set(desk.session.batches) == {"c"}
    await desk.send("3", batch="d")
    assert desk.session.batches["d"].number == 3


async def test_what_the_store_did_not_take_can_be_sent_again(desks: Desks) -> None:
    desk = desks(durable=True)
    good = desk.store.write

    async def broken(change: object) -> None:
        raise HeadgateError("the disk is full")

    desk.store.write = broken  # type: ignore[method-assign,assignment]  # a disk that is full
    with pytest.raises(HeadgateError):
        await desk.send("1")
    desk.store.write = good  # type: ignore[method-assign]  # and one that is not
    await desk.send("1")
    host = await desk.host()
    assert [one.body for one in host.has] == [b"1"]
