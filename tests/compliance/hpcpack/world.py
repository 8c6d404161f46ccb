"""The face over the real services and an empty store in memory, and a client of its ASGI application.

Nothing runs here: jobs come as far as Queued, and tests that need more put the store into that state.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from msgspec.structs import replace

from headgate.core.errors import NotAuthenticated, NotFound
from headgate.core.launch import OsAccount
from headgate.core.model import Instance, Job, Node, NodeGroup, Run, Share, Task, Template, Times
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack import Context, build
from headgate.dispatcher.passing import Passing
from headgate.ports.identity import Caller
from headgate.ports.store import Transaction
from headgate.service.commands import Commands
from headgate.service.events import Events
from headgate.service.jobs import Jobs
from headgate.service.metrics import Metrics
from headgate.service.node_groups import NodeGroups
from headgate.service.nodes import Nodes
from headgate.service.operations import Operations
from headgate.service.tasks import Tasks
from headgate.service.templates import Templates
from headgate.service.users import Users
from tests.unit.store.memory import memory_store

NOON = 1_900_000_000_000_000
"""3/17/2030 5:46:40 PM."""
ROLES = {
    "ann": Role.USER,
    "ben": Role.USER,
    "op": Role.OPERATOR,
    "boss": Role.ADMIN,
    "planner": Role.JOBADMIN,
}


class StillClock:
    """Moves when told to."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1e6


class KnownUsers:
    """Identity: the password of every user is `pw`."""

    def remembered(self, authorization: str) -> Caller | None:
        return None

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        scheme, _, token = authorization.partition(" ")
        try:
            login, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except ValueError:
            login, password = "", ""
        name = login.rpartition("\\")[2].partition("@")[0].lower()
        if scheme.lower() != "basic" or name not in ROLES or password != "pw":
            raise NotAuthenticated("The user name or password is wrong.")
        return Caller(name, ROLES[name], login)

    def caller(self, name: str) -> Caller:
        if name.lower() not in ROLES:
            raise NotFound(
                f"There is no user {name!r}.", kind="user", code="Operation_ServiceAsClientBadUserName"
            )
        return Caller(name.lower(), ROLES[name.lower()], name)

    def os_account(self, user: str, group: str = "") -> OsAccount | None:
        return None


async def no_hash(password: str) -> str:
    return password


class Response(msgspec.Struct):
    """An answer. `headers` by lower-cased name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> str:
        """What the client shows: what follows the first `Exception:` (section 2.4)."""
        message: str = self.json["Message"]
        assert message.isprintable()
        assert "Exception: " in message
        return message.split("Exception: ", 1)[1]

    @property
    def values(self) -> dict[str, str]:
        """A property set by name."""
        return {row["Name"]: row["Value"] for row in self.json}

    @property
    def rows(self) -> list[dict[str, str]]:
        """A list of objects, each by name."""
        return [{entry["Name"]: entry["Value"] for entry in row["Properties"]} for row in self.json]


async def exchange(
    face: Any, root: str, method: str, target: str, content: bytes, headers: Mapping[str, str]
) -> Response:
    """One request to a face at its path, and what every answer of it has in common."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "root_path": root,
        "path": root + unquote(path),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5),
    }
    half = len(content) // 2
    incoming = [
        {"type": "http.request", "body": content[:half], "more_body": True},
        {"type": "http.request", "body": content[half:], "more_body": False},
    ]
    outgoing: list[Any] = []

    async def receive() -> Any:
        # A client that stays says nothing more.
        return incoming.pop(0) if incoming else await asyncio.Future()

    async def send(message: Any) -> None:
        outgoing.append(message)

    await face(scope, receive, send)
    start, *parts = outgoing
    answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    body = b"".join(part.get("body", b"") for part in parts)
    assert not parts[-1]["more_body"]
    if "content-length" in answered and method != "HEAD":
        assert int(answered["content-length"]) == len(body)
    if start["status"] == 204:
        assert body == b""
    return Response(start["status"], answered, body)


class World:
    """See the module. store, clock: somebody else's, to look at what is in there."""

    def __init__(self, store: Any = None, clock: Any = None) -> None:
        self.clock = clock or StillClock()
        ids = iter(range(1, 1000))
        self.store = store or memory_store(clock=self.clock, new_id=lambda: f"0000-{next(ids)}")
        identity = KnownUsers()
        self.context = Context(
            jobs=Jobs(self.store),
            tasks=Tasks(self.store),
            nodes=Nodes(self.store),
            node_groups=NodeGroups(self.store),
            operations=Operations(self.store),
            metrics=Metrics(self.store, self.clock.now),
            templates=Templates(self.store),
            commands=Commands(self.store, Jobs(self.store)),
            events=Events(self.store),
            users=Users(self.store, identity, no_hash),
            identity=identity,
            clock=self.clock,
            cluster_name="HEADGATE",
            hpcpack_version="5.3.6450.0",
            signing_key=b"k" * 32,
        )
        self.face: Any = build(self.context)

    async def open(self) -> "World":
        def seed(tx: Transaction) -> None:
            tx.put_template(Template(name="Default"))
            tx.put_node_group(NodeGroup("ComputeNodes", "Nodes that run jobs", managed=True))
            tx.put_node_group(NodeGroup("HeadNodes", "Nodes that schedule jobs", managed=True))
            groups = ("ComputeNodes", "HeadNodes")
            tx.put_node(Node(name="NODE1", cores=8, memory_mb=16384, groups=groups, online_at=NOON))
            tx.put_node(Node(name="NODE2", cores=4, memory_mb=8192, groups=("ComputeNodes",), online_at=NOON))

        await self.store.write(seed)
        return self

    async def carry_on(self) -> None:
        """Let jobs of many tasks go through what was asked for, as a server does beside."""
        passing = Passing(self.store)
        await passing.begin()
        while await passing.turn():
            pass

    async def close(self) -> None:
        await self.store.close()

    async def ask(
        self,
        method: str,
        target: str,
        body: object = b"",
        *,
        user: str | None = "ann",
        headers: Mapping[str, str] | None = None,
        content_type: str | None = "application/json",
    ) -> Response:
        """One request to `/hpc` + target (path and query as a client spells them).

        A body that is not bytes is sent as JSON.
        """
        given = {name.lower(): value for name, value in (headers or {}).items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if content_type is not None:
            given.setdefault("content-type", content_type)
        if user is not None:
            given.setdefault("authorization", basic(user))
        answer = await exchange(self.face, "/hpc", method, target, content, given)
        if answer.status >= 400 and method != "HEAD":
            if answer.headers["content-type"] == "application/xml; charset=utf-8":
                assert "xml" in given["accept"].lower()
                assert answer.body.startswith(b"<Error><Message>")
            else:
                assert answer.headers["content-type"] == "application/json; charset=utf-8"
                assert list(answer.json) == ["Message"]
        return answer

    # What tests do all the time.

    async def job(self, user: str = "ann", **properties: object) -> int:
        """A new job."""
        answer = await self.ask("POST", "/jobs", given(properties), user=user)
        assert answer.status == 200, answer.body
        number: int = answer.json
        return number

    async def task(self, job_id: int, user: str = "ann", **properties: object) -> int:
        """A new task."""
        answer = await self.ask("POST", f"/jobs/{job_id}/tasks", given(properties), user=user)
        assert answer.status == 200, answer.body
        number: int = answer.json
        return number

    async def put_job(self, job_id: int, **fields: Any) -> None:
        """Put a job into a state that only running brings about."""
        await self.store.write(lambda tx: tx.put_job(replace(tx.job(job_id), **fields)))

    async def put_task(self, job_id: int, number: int, **fields: Any) -> None:
        """Likewise a task."""
        await self.store.write(lambda tx: tx.put_task(replace(tx.task(job_id, number), **fields)))

    async def run_sweep(self, count: int = 3, user: str = "ann") -> int:
        """A running job: a sweep over `count` values whose second subtask has failed, and a Basic task."""
        job_id = await self.job(user, Name="swept")
        await self.task(
            job_id,
            user,
            Name="Sweep",
            Type="ParametricSweep",
            StartValue=1,
            EndValue=count,
            CommandLine="echo *",
        )
        await self.task(job_id, user, Name="Single", CommandLine="true")
        answer = await self.ask("POST", f"/jobs/{job_id}/submit", user=user)
        assert answer.status == 204

        def change(tx: Transaction) -> None:
            tx.put_job(replace(tx.job(job_id), state=JobState.RUNNING, previous_state=JobState.QUEUED))
            task = tx.task(job_id, 1)
            tx.put_task(replace(task, state=TaskState.RUNNING, failed=1, next_instance=3, rows=1))
            tx.put_instances(
                [
                    Instance(
                        job_id=job_id,
                        task=1,
                        number=2,
                        state=TaskState.FAILED,
                        previous_state=TaskState.RUNNING,
                        times=Times(created=NOON, changed=NOON, started=NOON, ended=NOON),
                        run=Run(exit_code=3, shares=(Share("NODE1", (0, 1)), Share("NODE2", (0,)))),
                    )
                ]
            )
            tx.put_output(job_id, 1, 2, b"two\n\xff")

        await self.store.write(change)
        return job_id

    async def furnish(self, user: str = "ann") -> int:
        """The jobs of the recorded cases; how many jobs there were before.

        Job 1 is being configured and has one task; 2 is `run_sweep`'s; 3 is canceled; 4 is queued.
        """
        first = await self.job(user, Name="one")
        await self.task(first, user, CommandLine="echo 1")
        for path, values in (("customProperties", {"ticket": "42"}), ("envVariables", {"MODE": "fast"})):
            assert (await self.ask("POST", f"/jobs/{first}/{path}", given(values), user=user)).status == 204
        await self.run_sweep(user=user)
        for ended in (True, False):
            job = await self.job(user, Name="other")
            await self.task(job, user, CommandLine="true")
            assert (await self.ask("POST", f"/jobs/{job}/submit", user=user)).status == 204
            if ended:
                assert (await self.ask("POST", f"/jobs/{job}/cancel", user=user)).status == 204
                await self.put_job(job, state=JobState.CANCELED)
        return first - 1


def given(properties: Mapping[str, object]) -> list[dict[str, object]]:
    """A property list as JSON clients send it."""
    return [{"Name": name, "Value": value} for name, value in properties.items()]


def basic(user: str, password: str = "pw") -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def quoted(text: str) -> str:
    """A query value."""
    return quote(text, safe="")


__all__ = ["NOON", "Job", "Response", "Task", "World", "basic", "given", "quoted"]
