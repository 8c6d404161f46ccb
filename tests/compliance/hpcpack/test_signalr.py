"""Section 5: the steps of SignalR 2, with requests as jquery.signalR 2.4.3 sends them (its query strings and
forms, taken down from that client against this face), and the frames that it and the .NET client 2.4 read.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from msgspec.structs import replace

from headgate.core.errors import StoreUnavailable
from headgate.core.states import JobState
from headgate.dialects.hpcpack.signalr import connection, connections, endpoint, transports
from headgate.dialects.hpcpack.signalr.connections import MOST_OF_A_USER
from tests.compliance.hpcpack.world import Response, World, basic

DATA = "connectionData=%5B%7B%22name%22%3A%22jobeventhub%22%7D%2C%7B%22name%22%3A%22taskeventhub%22%7D%5D"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    yield
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "signalr" in repr(task)]


class Client:
    """A client of one user; its requests may wait."""

    def __init__(self, world: World, user: str = "ann") -> None:
        self.world = world
        self.user = user
        self.token = ""

    async def ask(
        self, step: str, query: str = "", *, form: str | None = None, method: str = "", leaves: bool = False
    ) -> Response:
        """One step; `leaves`: the client goes away at once. The status is 0 when there was no answer."""
        method = method or ("GET" if form is None else "POST")
        headers = [(b"authorization", basic(self.user).encode())] if self.user else []
        path, _, own = step.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "root_path": "/hpc",
            "path": "/hpc/signalr/" + unquote(path),
            "query_string": "&".join(filter(None, (own, query))).encode(),
            "headers": headers,
            "client": ("127.0.0.1", 5),
        }
        incoming = [{"type": "http.request", "body": (form or "").encode(), "more_body": False}]
        if leaves:
            incoming.append({"type": "http.disconnect"})
        sent: list[Any] = []

        async def receive() -> Any:
            return incoming.pop(0) if incoming else await asyncio.Future()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.world.face(scope, receive, send)
        if not sent:
            return Response(0, {}, b"")
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Response(sent[0]["status"], answered, b"".join(part["body"] for part in sent[1:]))

    async def negotiate(self) -> Any:
        answer = await self.ask(f"negotiate?clientProtocol=2.1&{DATA}&_=1764347833123")
        self.token = answer.json["ConnectionToken"]
        return answer.json

    @property
    def common(self) -> str:
        return f"clientProtocol=2.1&connectionToken={quote(self.token, safe='')}&{DATA}"

    async def begin(self) -> Any:
        """Negotiate, connect and start, by long polling."""
        await self.negotiate()
        first = await self.ask("connect?transport=longPolling", self.common, form="")
        started = await self.ask("start?transport=longPolling", self.common + "&_=1764347833124")
        assert started.json == {"Response": "started"}
        return first.json

    async def call(self, hub: str, method: str, *arguments: object) -> Any:
        data = json.dumps({"H": hub, "M": method, "A": list(arguments), "I": 0})
        answer = await self.ask(
            "send?transport=longPolling", self.common, form="data=" + quote(data, safe="")
        )
        assert answer.status == 200
        return answer.json

    async def poll(self, frame: Any, **options: Any) -> Response:
        form = f"messageId={quote(frame['C'], safe='')}"
        if "G" in frame:
            form += f"&groupsToken={quote(frame['G'], safe='')}"
        return await self.ask("poll?transport=longPolling", self.common, form=form, **options)


async def hear(client: Client, frame: Any, count: int) -> tuple[list[Any], Any]:
    """Poll until so many messages have come: their arguments, and the last frame (with the newest G)."""
    heard: list[Any] = []
    while len(heard) < count:
        async with asyncio.timeout(5):
            answer = (await client.poll(frame)).json
        frame = {**frame, **answer}
        heard += [message["A"] for message in answer["M"]]
    return heard, frame


SUBMITTED = [["Submitted", "Configuring"], ["Validating", "Submitted"], ["Queued", "Validating"]]


async def test_a_client_is_told_contiguous_changes_from_configuring_on(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    assert frame == {"C": frame["C"], "S": 1, "M": []}
    job = await world.job()
    assert await client.call("jobeventhub", "BeginListen", job) == {"I": "0"}
    await world.task(job, CommandLine="true")
    assert (await world.ask("POST", f"/jobs/{job}/submit")).status == 204
    heard, _ = await hear(client, frame, 3)
    assert heard == [[job, *step] for step in SUBMITTED]


async def test_a_task_is_first_heard_of_as_submitted_and_a_basic_one_is_instance_0(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    task = await world.task(job, CommandLine="true")
    await client.call("TaskEventHub", "beginlisten", str(job))
    await world.ask("POST", f"/jobs/{job}/submit")
    heard, _ = await hear(client, frame, 2)
    assert heard == [[job, task, 0, *step] for step in SUBMITTED[1:]]


async def test_a_lost_answer_is_given_again_and_nothing_else(world: World) -> None:
    client = Client(world)
    first = await client.begin()
    job = await world.job()
    await client.call("JobEventHub", "BeginListen", job)
    await world.task(job, CommandLine="true")
    await world.ask("POST", f"/jobs/{job}/submit")
    once = (await client.poll(first)).json
    again = (await client.poll(first)).json
    assert [message["A"] for message in again["M"]] == [[job, *step] for step in SUBMITTED]
    assert again["M"] == once["M"]
    assert again["C"] == once["C"]


async def test_after_a_restart_a_client_goes_on_where_it_was(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    await client.call("JobEventHub", "BeginListen", job)
    frame = (await client.poll(frame)).json
    assert frame["G"]
    world.face = type(world.face)(world.context)
    await world.task(job, CommandLine="true")
    await world.ask("POST", f"/jobs/{job}/submit")
    heard, _ = await hear(client, frame, 3)
    assert heard == [[job, *step] for step in SUBMITTED]


async def test_after_a_restart_a_call_may_come_before_the_poll(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    first, second = await world.job(), await world.job()
    await client.call("JobEventHub", "BeginListen", first)
    frame = (await client.poll(frame)).json
    world.face = type(world.face)(world.context)
    await client.call("JobEventHub", "BeginListen", second)
    for job in (first, second):
        await world.task(job, CommandLine="true")
        await world.ask("POST", f"/jobs/{job}/submit")
    heard, _ = await hear(client, frame, 6)
    assert heard == [[job, *step] for job in (first, second) for step in SUBMITTED]


async def test_what_happened_before_one_listened_is_not_told_after_a_restart_either(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    await world.task(job, CommandLine="true")
    await world.ask("POST", f"/jobs/{job}/submit")
    await client.call("JobEventHub", "BeginListen", job)
    frame = (await client.poll(frame)).json
    world.face = type(world.face)(world.context)
    await world.ask("POST", f"/jobs/{job}/cancel")
    heard, _ = await hear(client, frame, 1)
    assert heard[0] == [job, "Canceling", "Queued"]


async def test_the_later_of_two_polls_gets_the_news(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    await client.call("JobEventHub", "BeginListen", job)
    frame = {**frame, **(await client.poll(frame)).json}
    first = asyncio.create_task(client.poll(frame))
    await asyncio.sleep(0)
    second = asyncio.create_task(client.poll(frame))
    async with asyncio.timeout(5):
        assert (await first).json == {"C": frame["C"], "M": []}
    await world.ask("POST", f"/jobs/{job}/cancel")
    async with asyncio.timeout(5):
        assert [message["A"][1] for message in (await second).json["M"]] == ["Canceling", "Canceled"]


async def test_a_poll_whose_client_has_gone_is_not_answered(world: World) -> None:
    client = Client(world)
    assert (await client.poll(await client.begin(), leaves=True)).status == 0


async def test_a_poll_without_news_is_answered_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(world)
    frame = await client.begin()
    monkeypatch.setattr(transports, "POLL_S", 0)
    assert (await client.poll(frame)).json == {"C": frame["C"], "M": []}


async def test_a_server_that_stops_sends_its_polls_to_reconnect(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    polling = asyncio.create_task(client.poll(frame))
    await asyncio.sleep(0)
    world.face.drain()
    async with asyncio.timeout(5):
        assert (await polling).json == {"C": frame["C"], "T": 1, "M": []}


async def test_an_aborted_connection_ends_its_poll_and_is_forgotten(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    polling = asyncio.create_task(client.poll(frame))
    await asyncio.sleep(0)
    assert (await client.ask("abort?transport=longPolling", client.common, form="")).status == 200
    async with asyncio.timeout(5):
        assert (await polling).json["D"] == 1
    assert len(world.face._signalr._connections) == 0
    assert not world.context.events._watchers


async def test_a_client_that_stays_away_is_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "DISCONNECT_S", 0)
    monkeypatch.setattr(connections, "GRACE_S", 0)
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    await client.call("JobEventHub", "BeginListen", job)
    await client.poll(frame)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(world.face._signalr._connections) == 0
    assert not world.context.events._watchers


async def test_a_client_that_missed_too_much_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(world)
    frame = await client.begin()
    job = await world.job()
    await client.call("JobEventHub", "BeginListen", job)
    frame = (await client.poll(frame)).json
    world.face = type(world.face)(world.context)
    monkeypatch.setattr(connections, "MOST_MISSED", 0)
    await world.ask("POST", f"/jobs/{job}/cancel")
    answer = (await client.poll(frame)).json
    assert answer["D"] == 1
    assert "have been missed" in answer["E"]


async def test_a_store_that_is_not_there_keeps_no_connection_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(world)
    frame = await client.begin()
    endpoint_of = world.face._signalr

    async def unavailable(*given: object, **options: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(world.context.events, "missed", unavailable)
    answer = await client.poll({"C": "0" + frame["C"]})  # another place than the server thinks
    assert answer.status == 503
    assert len(endpoint_of._connections._away) == 1
    monkeypatch.undo()
    polling = asyncio.create_task(client.poll(frame))
    await asyncio.sleep(0)
    world.face.drain()
    async with asyncio.timeout(5):
        assert (await polling).json["T"] == 1


async def test_a_call_that_outlasts_its_connection_leaves_nothing_behind(world: World) -> None:
    client = Client(world, "boss")
    await client.begin()
    calling = asyncio.create_task(client.call("CommandHub", "CreateCommand", "true", ["NODE1"]))
    await asyncio.sleep(0)
    await client.ask("abort?transport=longPolling", client.common, form="")
    assert (await calling)["R"]
    assert not world.context.events._watchers
    assert not world.face._signalr._hubs._outputs.at_work


# ---- refusals


async def test_nobody_gets_in_without_a_password(world: World) -> None:
    client = Client(world)
    await client.begin()
    client.user = ""
    for step in ("negotiate", "connect", "start", "ping", "poll", "abort", "nothing"):
        answer = await client.ask(f"{step}?transport=longPolling", client.common)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_token_serves_nobody_else(world: World) -> None:
    client = Client(world)
    frame = await client.begin()
    client.user = "ben"
    for answer in (await client.poll(frame), await client.ask("start", client.common)):
        assert answer.status == 403


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("transport=longPolling", ""),
        ("transport=longPolling", "messageId=x"),
        ("transport=longPolling", "messageId=0&groupsToken=x"),
        ("transport=foreverFrame", "messageId=0"),
        ("transport=webSockets", "messageId=0"),
        ("", "messageId=0"),
    ],
)
async def test_a_poll_that_makes_no_sense_is_refused(world: World, query: str, form: str) -> None:
    client = Client(world)
    await client.begin()
    answer = await client.ask("poll?" + query, client.common, form=form)
    assert answer.status == 400
    assert answer.said


async def test_steps_and_methods_that_do_not_exist_are_refused(world: World) -> None:
    client = Client(world)
    await client.begin()
    assert (await client.ask("nothing", client.common)).status == 404
    assert (await client.ask("send", client.common)).status == 405
    assert (await client.ask("connect", client.common, method="DELETE")).status == 405
    assert (await client.ask("start")).status == 400
    assert (await client.ask("start?connectionToken=AAAA")).status == 400
    assert (await client.ask("PING?_=1")).json == {"Response": "pong"}


@pytest.mark.parametrize("data", ["", "garbage", "{}", "[1]", '{"H":1}'])
async def test_what_is_no_call_is_refused(world: World, data: str) -> None:
    client = Client(world)
    await client.begin()
    answer = await client.ask("send?transport=longPolling", client.common, form="data=" + quote(data))
    assert answer.status == 400


async def test_a_form_that_is_too_large_is_refused(world: World) -> None:
    client = Client(world)
    await client.begin()
    form = "data=" + "x" * endpoint.MOST_SENT
    assert (await client.ask("send", client.common, form=form)).status == 413


@pytest.mark.parametrize(
    ("hub", "method", "arguments"),
    [
        ("JobEventHub", "BeginListen", [99]),
        ("TaskEventHub", "BeginListen", [0]),
        ("JobEventHub", "BeginListen", [2**40]),
        ("JobEventHub", "BeginListen", []),
        ("JobEventHub", "BeginListen", [1, 2]),
        ("JobEventHub", "BeginListen", ["one"]),
        ("JobEventHub", "BeginListen", [None]),
        ("JobEventHub", "BeginListen", [[1]]),
        ("JobEventHub", "Missing", [1]),
        ("JobEventHub", "__init__", [1]),
        ("MissingHub", "BeginListen", [1]),
        ("CommandHub", "CreateCommand", ["true", "NODE1"]),
        ("CommandHub", "CreateCommand", ["true", ["NODE1"]]),  # ann is no administrator
        ("CommandHub", "StartCommand", [1]),
        ("CommandHub", "CancelCommand", [1]),
    ],
)
async def test_a_call_that_fails_is_an_error_of_that_call(
    world: World, hub: str, method: str, arguments: list[object]
) -> None:
    client = Client(world)
    frame = await client.begin()
    await world.job()
    answer = await client.call(hub, method, *arguments)
    assert answer.keys() == {"I", "E", "H"}
    assert answer["E"]
    job = await world.job()
    assert await client.call("JobEventHub", "BeginListen", job) == {"I": "0"}
    assert (await client.poll(frame)).json["G"]


async def test_one_connection_listens_to_so_much_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(world)
    await client.begin()
    monkeypatch.setattr(connection, "MOST_LISTENED", 3)
    jobs = [await world.job() for _ in range(4)]
    for job in jobs[:3]:
        assert "E" not in await client.call("JobEventHub", "BeginListen", job)
    assert "E" not in await client.call("JobEventHub", "BeginListen", jobs[0])
    assert "at most" in (await client.call("TaskEventHub", "BeginListen", jobs[0]))["E"]
    await world.store.write(lambda tx: tx.put_job(replace(tx.job(jobs[0]), state=JobState.FINISHED)))
    assert "E" not in await client.call("JobEventHub", "BeginListen", jobs[3])


async def test_a_user_has_so_many_connections_and_no_more(world: World) -> None:
    clients = [Client(world) for _ in range(MOST_OF_A_USER + 1)]
    for client in clients[:-1]:
        await client.begin()
    await clients[-1].negotiate()
    answer = await clients[-1].ask("connect?transport=longPolling", clients[-1].common, form="")
    assert answer.status == 403
    await Client(world, "ben").begin()
    await clients[0].ask("abort", clients[0].common, form="")
    answer = await clients[-1].ask("connect?transport=longPolling", clients[-1].common, form="")
    assert answer.status == 200


# ---- commands


async def test_an_administrator_makes_starts_and_cancels_a_command(world: World) -> None:
    client = Client(world, "boss")
    frame = await client.begin()
    made = await client.call("commandhub", "createcommand", "hostname", ["node1", "NODE2"])
    job = made["R"]
    assert isinstance(job, int)
    shown = (await world.ask("GET", f"/jobs/{job}?properties=State,JobType,Owner", user="boss")).values
    assert shown == {"State": "Configuring", "JobType": "Admin", "Owner": "boss"}
    assert await client.call("CommandHub", "StartCommand", job) == {"I": "0"}
    assert "E" in await client.call("CommandHub", "StartCommand", job)
    assert await client.call("CommandHub", "CancelCommand", job) == {"I": "0"}
    heard, frame = await hear(client, frame, 4)
    why = "The job of this task was canceled."
    assert heard == [
        [job, "NODE1", why, False, True],
        [job, "NODE1", "", True, False],
        [job, "NODE2", why, False, True],
        [job, "NODE2", "", True, False],
    ]
    assert frame["C"].isdecimal()  # nothing is followed any more
    assert not world.face._signalr._hubs._outputs.at_work
