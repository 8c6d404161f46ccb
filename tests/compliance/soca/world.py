"""The face over the real services, real keys and an empty store in memory, and a client of the face.

Nothing runs here: jobs come as far as Queued, and tests that need more put the store into that state. Users
are ada, ben (users) and boss (administrator), all with the password `Engine-1!`; the root key is `ROOT`.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.launch import OsAccount
from headgate.core.model import Node, Queue, Template
from headgate.core.vocabulary import Role
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.face import build
from headgate.dialects.soca.options import Options
from headgate.identity import ApiKeys, Authority, KeyAuthority, OsAccounts, Passwords, Tokens
from headgate.ports.store import Transaction
from headgate.service.api_keys import KeyRing
from headgate.service.files import UserFiles
from headgate.service.jobs import Jobs
from headgate.service.portraits import Portraits
from headgate.service.queues import Queues
from headgate.service.tasks import Tasks
from headgate.service.user_groups import UserGroups
from headgate.service.users import Users
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

PASSWORD = "Engine-1!"
ROOT = "R" * 32
USERS = {"ada": Role.USER, "ben": Role.USER, "boss": Role.ADMIN}


class Response(msgspec.Struct):
    """An answer. `headers` by lower-cased name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> Any:
        return self.json["message"]

    @property
    def code(self) -> str:
        """The name of a failure; empty for a success."""
        assert self.json["success"] is not bool(self.json.get("code"))
        found: str = self.json.get("code", "")
        return found


class Memory:
    """Files of accounts (`ports.files.AccountFiles`), by account and path."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    async def read(self, account: OsAccount | None, path: str, *, limit: int) -> bytes:
        assert account is not None
        try:
            return self.kept[account.name, path]
        except KeyError:
            raise NotFound(f"There is no file {path}.", kind="file") from None

    async def write(self, account: OsAccount | None, path: str, content: bytes) -> None:
        assert account is not None
        self.kept[account.name, path] = content


class World:
    """See the module."""

    def __init__(self, options: Options) -> None:
        self.clock = TestClock()
        self.store = memory_store(clock=self.clock)
        passwords = Passwords(passes=1, memory_kib=8)
        accounts = OsAccounts(1000, self.clock.monotonic, self.account)
        authority = Authority(
            self.store,
            self.clock,
            passwords,
            Tokens(self.store, self.clock, b"k" * 32),
            accounts,
            as_owners=True,
        )
        keys = ApiKeys(self.store, self.clock, b"k" * 32)
        doorkeeper = KeyAuthority(self.store, self.clock, keys, authority, root_key=ROOT.encode())

        def changed(user: str) -> None:
            authority.forget(user)
            doorkeeper.forget(user)

        self.files = Memory()
        self.context = Context(
            jobs=Jobs(self.store),
            tasks=Tasks(self.store),
            portraits=Portraits(self.store),
            queues=Queues(self.store),
            users=Users(self.store, authority, passwords.hash, changed=changed),
            user_groups=UserGroups(self.store),
            api_keys=KeyRing(self.store, keys, changed=changed),
            user_files=UserFiles(self.files, authority),
            key_identity=doorkeeper,
            account_of=lambda user: authority.os_account(user) or self.account(user, 1000),
            clock=self.clock,
            soca=options,
            cluster_name="head1",
            node_name="login1",
            time_zone="UTC",
            version="1",
        )
        self.keys: dict[str, str] = {}
        self.face: Any = build(self.context)
        self._passwords = passwords

    @staticmethod
    def account(name: str, min_uid: int) -> OsAccount:
        return OsAccount(name=name, uid=min_uid + 1, gid=100, home=f"/home/{name}", shell="/bin/bash")

    async def open(self) -> "World":
        def seed(tx: Transaction) -> None:
            tx.put_template(Template(name="Default"))
            tx.put_queue(Queue(name="normal", default=True))
            tx.put_queue(Queue(name="high", priority=3000))
            tx.put_node(Node(name="n1", cores=8, memory_mb=16384, online_at=self.clock.now()))

        await self.store.write(seed)
        for name, role in USERS.items():
            await self.context.users.add(None, name, role, PASSWORD)
            self.keys[name] = await self.context.api_keys.show(None, name)
        return self

    async def close(self) -> None:
        self._passwords.close()
        await self.store.close()

    async def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | bytes | None = None,
        *,
        user: str | None = "ada",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | str = "",
    ) -> Response:
        """One request to `/api` + path. A form that is not bytes is sent percent-encoded; user None: without
        any headers of SOCA.
        """
        given = {name.lower(): value for name, value in (headers or {}).items()}
        content = b""
        if isinstance(form, bytes):
            content = form
        elif form is not None:
            content = urlencode(form).encode()
            given.setdefault("content-type", "application/x-www-form-urlencoded")
        if user is not None:
            given = {"x-soca-user": user, "x-soca-token": self.keys[user]} | given
        scope = {
            "type": "http",
            "method": method,
            "root_path": "/api",
            "path": "/api" + path,
            "query_string": (query if isinstance(query, str) else urlencode(query)).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5),
            "state": {"request_id": "r-1"},
        }
        incoming = [{"type": "http.request", "body": content, "more_body": False}]
        outgoing: list[Any] = []

        async def receive() -> Any:
            return incoming.pop(0)

        async def send(message: Any) -> None:
            outgoing.append(message)

        await self.face(scope, receive, send)
        start, *parts = outgoing
        answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        body = b"".join(part.get("body", b"") for part in parts)
        assert not parts[-1]["more_body"]
        return Response(start["status"], answered, body)

    # What tests do all the time.

    async def submit(self, script: str | bytes, *, user: str = "ada", **fields: str) -> str:
        """Submit a script; the id as it is answered."""
        answer = await self.post(script, user=user, **fields)
        assert (answer.status, answer.code) == (200, ""), answer.body
        number: str = answer.message
        return number

    async def post(self, script: str | bytes, *, user: str = "ada", **fields: str) -> Response:
        """The same, whatever comes of it."""
        return await self.ask("POST", "/scheduler/job", {"payload": encoded(script), **fields}, user=user)

    async def job(self, job_id: str, *, user: str = "ada", **fields: str) -> Response:
        """Ask for a job."""
        return await self.ask("GET", "/scheduler/job", user=user, query={"job_id": job_id, **fields})

    async def put_job(self, number: int, **fields: Any) -> None:
        """Put a job into a state that only running brings about."""
        await self.store.write(lambda tx: tx.put_job(replace(tx.job(number), **fields)))

    async def count(self) -> int:
        """How many jobs there are."""
        counts = await self.store.read(lambda look: look.count_jobs())
        return sum(counts.values())


def encoded(script: str | bytes) -> str:
    """A script as a payload."""
    return b64encode(script.encode() if isinstance(script, str) else script).decode()
