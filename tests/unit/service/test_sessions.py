"""service/sessions.py with the broker behind it, over the dispatcher's story: rights, refusals, the job."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.broker.broker import Broker
from headgate.broker.registrations import Registrations
from headgate.broker.settings import SoaSettings
from headgate.core.errors import HeadgateError, NotAuthenticated
from headgate.core.soa import ReadEnd, Reason, Request, Session, SessionStart, SoaFault, Tickets
from headgate.core.states import JobState
from headgate.core.vocabulary import JobType, UnitType
from headgate.ports.identity import Caller
from headgate.service.sessions import Sessions
from tests.unit.broker.desk import FakeHost, settle
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, JOBADMIN, OPERATOR, Story, basic

TICKETS = Tickets(key=b"key", url="http://here")
ECHO = "CcpEchoSvc"


class World:
    """A story with sessions."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story = story
        self.folder = folder
        self.services = Registrations(folder / "services")
        self.broker = self.new_broker()

    def new_broker(self, **settings: Any) -> Broker:
        return Broker(
            self.story.store,
            self.services,
            self.story.clock,
            folder=self.folder / "soa",
            tickets=TICKETS,
            settings=SoaSettings(**settings),
        )

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.story.store, self.story.jobs, self.broker, self.services, host="wait")

    async def create(self, caller: Caller = ALICE, **start: Any) -> Session:
        made = await self.sessions.create(caller, SessionStart(service=ECHO, **start))
        await self.story.settle()
        return made

    async def send(self, session: int, *texts: str, batch: str = "b", caller: Caller = ALICE) -> None:
        requests = [Request(action="a", body=text.encode(), message_id=text) for text in texts]
        await self.sessions.send(caller, session, batch, requests)

    async def tick(self, seconds: float = 0.5) -> None:
        self.story.clock.advance(seconds)
        for watched in list(self.broker._watched.values()):
            await self.broker._tick(watched)
        await settle()
        await self.story.settle()

    async def host(self, session: int) -> FakeHost:
        """A host for a run that was started and has none yet."""
        opened = self.broker._watched[session].session
        for intent in self.story.store.peek(lambda look: look.intents(job_id=session)):
            if intent.id not in opened.used:
                proof = TICKETS.proof(session, intent.instances[0], intent.id)
                self.broker.admit(f"{session}.{intent.instances[0]}.{intent.id}.{proof}")
                made = FakeHost(opened, intent.instances[0])
                await settle()
                return await made.ready()
        raise AssertionError("there is no run without a host")

    def runs(self, session: int) -> int:
        return self.story.the_job(session).live

    def answer(self, session: int, batch: str = "b") -> "asyncio.Task[str]":
        """The faults and the reason of a read that begins now, as words."""

        async def read() -> str:
            said: list[str] = []
            async for item in self.sessions.responses(ALICE, session, batch):
                if isinstance(item, ReadEnd):
                    said.append(item.reason)
                else:
                    said += [SoaFault(one.fault).name for one in item]
            return " ".join(said)

        return asyncio.get_running_loop().create_task(read())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    story = Story(node("n1", cores=4))
    await story.begin()
    made = World(story, tmp_path)
    yield made
    await made.broker.stop()
    story.store.shut()


async def refused(coroutine: Any) -> str:
    with pytest.raises(HeadgateError) as error:
        await coroutine
    return error.value.code


def refused_at_once(call: Any) -> str:
    with pytest.raises(HeadgateError) as error:
        call()
    return error.value.code


async def test_a_session_is_a_service_job(world: World) -> None:
    session = await world.create(
        min_units=1, max_units=3, priority=3000, runtime_s=600, environment=(("A", "1"),), project="p"
    )
    job = world.story.the_job(session.id)
    assert (job.owner, job.state) == ("alice", JobState.RUNNING)
    assert (job.spec.job_type, job.spec.service_name) == (JobType.SERVICE, ECHO)
    assert (job.spec.priority, job.spec.runtime_s, job.spec.project) == (3000, 600, "p")
    assert (job.spec.min_cores, job.spec.max_cores, job.spec.unit_type) == (1, 3, UnitType.CORE)
    assert job.environment == {"A": "1"}
    assert job.warnings == ()
    assert world.runs(session.id) == 1
    assert world.sessions.session(ALICE, session.id) == session


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ({"service": "Nothing"}, "Service_NotFound"),
        ({"version": "9.9"}, "ServiceVersion_NotFound"),
        ({"max_message_size": 0}, "InvalidArgument"),
        ({"max_message_size": 2**40}, "InvalidArgument"),
        ({"unit_type": 3}, "InvalidArgument"),
        ({"min_units": 0}, "InvalidArgument"),
        ({"min_units": 3, "max_units": 2}, "InvalidArgument"),
        ({"grow_threshold": 10}, "InvalidArgument"),
        ({"throttle_stop": 9999}, "InvalidArgument"),
        ({"client_idle_timeout": -1}, "InvalidArgument"),
        ({"operation_timeout": 0}, "InvalidArgument"),
        ({"priority": 5000}, "CreateJobFailure"),
        ({"template": "None"}, "CreateJobFailure"),
        ({"environment": (("A=", "1"),)}, "CreateJobFailure"),
        ({"min_units": 99}, "SubmitJobFailure"),
        ({"requested_nodes": ("nowhere",)}, "SubmitJobFailure"),
    ],
)
async def test_what_can_not_be_a_session_is_refused_and_leaves_none(
    world: World, start: dict[str, Any], code: str
) -> None:
    assert await refused(world.sessions.create(ALICE, SessionStart(**{"service": ECHO, **start}))) == code
    assert world.story.store.peek(lambda look: look.soa_sessions()) == []
    await world.story.settle()
    assert not any(world.runs(job.id) for job in world.story.store.peek(lambda look: look.jobs(range(1, 5))))


async def test_who_may_use_and_close_a_session(world: World) -> None:
    own = await world.create()
    shared = await world.create(shared=True)
    for caller in (BOB,):
        assert (
            refused_at_once(lambda caller=caller: world.sessions.session(caller, own.id))
            == "AccessDenied_Broker"
        )
        assert await refused(world.send(own.id, "1", caller=caller)) == "AccessDenied_Broker"
        assert await refused(world.sessions.attach(caller, own.id, durable=False)) == "AccessDenied_Broker"
        assert await refused(world.sessions.close(caller, own.id)) == "AccessDenied_Broker"
        assert await world.sessions.attach(caller, shared.id, durable=False) == shared
        await world.send(shared.id, "1", caller=caller)
        assert await refused(world.sessions.close(caller, shared.id)) == "AccessDenied_Broker"
    assert await refused(world.send(shared.id, "1")) == "AccessDenied_BrokerQueue"  # bob's batch
    assert refused_at_once(lambda: world.sessions.status(ALICE, shared.id, "b")) == "AccessDenied_BrokerQueue"
    for caller in (ADMIN, OPERATOR, JOBADMIN):
        assert world.sessions.session(caller, own.id) == own
    await world.sessions.close(OPERATOR, own.id)


async def test_attaching_says_what_is_wrong(world: World) -> None:
    durable = await world.create(durable=True)
    interactive = await world.create()
    attach = world.sessions.attach
    assert await attach(ALICE, durable.id, durable=True) == durable
    assert await refused(attach(ALICE, durable.id, durable=False)) == "InvalidAttachInteractiveSession"
    assert await refused(attach(ALICE, interactive.id, durable=True)) == "InvalidAttachDurableSession"
    assert await refused(attach(ALICE, 999, durable=True)) == "InvalidSessionId"
    job = await world.story.job(basic())
    assert await refused(attach(ALICE, job, durable=True)) == "Session_ValidateJobFailed_NotServiceJob"
    await world.story.jobs.cancel(ALICE, interactive.id)
    await world.tick()
    assert (
        await refused(attach(ALICE, interactive.id, durable=False)) == "Session_ValidateJobFailed_JobCanceled"
    )
    await world.sessions.close(ALICE, durable.id)
    await world.story.settle()
    assert (
        await refused(attach(ALICE, durable.id, durable=True)) == "Session_ValidateJobFailed_AlreadyFinished"
    )


async def test_what_can_not_be_sent_is_refused_whole(world: World) -> None:
    session = await world.create(max_message_size=10)
    assert await refused(world.send(session.id, "1", "x" * 11)) == "InvalidArgument"
    long = Request(action="a", body=b"", user_data=("ä" * 1025).encode())
    assert await refused(world.sessions.send(ALICE, session.id, "b", [long])) == "InvalidArgument"
    escaped = Request(action="a", body=b"", user_data=b"<i xmlns='urn:i'>" + b"&lt;" * 1024 + b"</i>")
    await world.sessions.send(ALICE, session.id, "other", [escaped])
    for name in ("", "x" * 129, "a\nb"):
        assert await refused(world.send(session.id, "1", batch=name)) == "Broker_InvalidClientIdOrTooLong"
    assert (
        refused_at_once(lambda: world.sessions.responses(ALICE, session.id, "b", count=-2))
        == "InvalidArgument"
    )
    assert await refused(world.sessions.commit(ALICE, session.id, "b")) == "Broker_EOMReject_NoRequest"
    fits = Request(action="a", body=b"x" * 10, user_data=("ä" * 1024).encode())
    await world.sessions.send(ALICE, session.id, "b", [fits])


async def test_closing_ends_the_job_and_leaves_nothing(world: World) -> None:
    session = await world.create(durable=True)
    await world.send(session.id, "1", "2")
    reading = world.answer(session.id)
    await settle()
    await world.sessions.close(ALICE, session.id)
    assert await reading == "ClientPurged"
    await world.story.settle()
    assert world.story.state(session.id) == "FINISHED"
    await asyncio.gather(*world.broker._removing)
    assert world.story.store.peek(lambda look: look.soa_sessions()) == []
    assert world.story.store.peek(lambda look: look.soa_next_with_messages(0)) is None
    assert await refused(world.send(session.id, "1")) == "InvalidSessionId"


# ---- what time asks of the broker


async def test_a_session_grows_with_its_load_and_shrinks_again(world: World) -> None:
    session = await world.create(max_units=3)
    assert world.runs(session.id) == 1
    await world.send(session.id, *map(str, range(50)))
    await world.tick()
    await world.tick()
    assert world.runs(session.id) == 3
    hosts = [await world.host(session.id) for _ in range(3)]
    while world.broker._watched[session.id].session.load:
        for one in hosts:
            await one.answer(99)
    await world.tick()
    assert world.runs(session.id) == 3
    await world.tick(31)
    assert world.story.the_job(session.id).spec.target_resource_count == 1
    assert sum(one.link.leaving for one in hosts) == 2


async def test_a_ticket_is_for_a_run_that_is_expected(world: World) -> None:
    session = await world.create()
    (intent,) = world.story.store.peek(lambda look: look.intents(job_id=session.id))
    run = (session.id, 1, intent.id)
    good = ".".join(map(str, (*run, TICKETS.proof(*run))))
    for proof in ("", "1.1.1", good + "x", good.replace(".", "-"), f"9{good}", f"{session.id}.1.99.x"):
        with pytest.raises(NotAuthenticated):
            world.broker.admit(proof)
    other = (session.id, 1, intent.id + 1)
    with pytest.raises(NotAuthenticated):
        world.broker.admit(".".join(map(str, (*other, TICKETS.proof(*other)))))
    world.broker.admit(good)
    with pytest.raises(NotAuthenticated):
        world.broker.admit(good)


async def test_a_job_that_was_cancelled_ends_its_session(world: World) -> None:
    session = await world.create()
    await world.send(session.id, "1")
    reading = world.answer(session.id)
    await world.story.jobs.cancel(ALICE, session.id)
    await world.story.settle()
    await world.tick()
    assert await reading == "SESSION_FAILURE Success"
    assert await refused(world.send(session.id, "2")) == "Broker_SessionFailure"


async def test_a_session_nobody_uses_ends(world: World) -> None:
    said = await world.create(session_idle_timeout=5000)
    usual = await world.create()
    durable = await world.create(durable=True, session_idle_timeout=5000)
    await world.tick(6)
    states = [world.story.state(one.id) for one in (said, usual, durable)]
    assert states == ["FINISHED", "RUNNING", "RUNNING"]
    await world.tick(90_000)
    assert world.story.state(usual.id) == "FINISHED"


async def test_a_server_that_starts_ends_interactive_sessions_and_has_durable_ones_again(
    world: World,
) -> None:
    durable = await world.create(durable=True)
    interactive = await world.create()
    await world.send(durable.id, "1", "2")
    await world.send(interactive.id, "1")
    for watched in world.broker._watched.values():
        await watched.session.stop()
    world.broker = world.new_broker()
    await world.broker.start()
    await world.story.settle()
    assert world.story.state(interactive.id) == "FINISHED"
    assert await refused(world.send(interactive.id, "2")) == "InvalidSessionId"
    assert await world.sessions.attach(ALICE, durable.id, durable=True) == durable
    host = await world.host(durable.id)
    while world.broker._watched[durable.id].session.load:
        await host.answer(9)
        await asyncio.sleep(0.001)


async def test_messages_that_were_left_over_are_removed_at_the_start(world: World) -> None:
    session = await world.create(durable=True)
    await world.send(session.id, "1")
    await world.story.store.write(lambda tx: tx.drop_soa_session(session.id))
    world.broker = world.new_broker()
    await world.broker.start()
    await asyncio.gather(*world.broker._removing)
    assert world.story.store.peek(lambda look: look.soa_next_with_messages(0)) is None


async def test_a_service_that_is_registered_no_more_fails_its_session(world: World) -> None:
    world.services.folder.mkdir(mode=0o755)
    file = world.services.folder / "S.toml"
    file.write_text('name = "S"\ncommand = ["/s"]')
    file.chmod(0o644)
    session = await world.sessions.create(ALICE, SessionStart(service="S", durable=True))
    await world.send(session.id, "1")
    file.unlink()
    world.broker = world.new_broker()
    await world.broker.start()
    assert await world.answer(session.id) == "SESSION_FAILURE Success"
    await world.tick()
    assert world.story.state(session.id) == "FAILED"


async def test_a_read_says_when_the_batch_is_gone(world: World) -> None:
    session = await world.create()
    await world.send(session.id, "1")
    await world.sessions.purge(ALICE, session.id, "b")
    assert await world.answer(session.id) == Reason.CLIENT_PURGED
