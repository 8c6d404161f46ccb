"""The face over the real services and an empty store in memory, and a client of the face.

Who asks is said outright: signatures have tests of their own. Nothing runs here: jobs come as far as Queued,
and tests that need more put the store into that state. Users are ada, ben (users) and boss (administrator).
Every answer is compared with the face's own description.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from openapi_schema_validator import OAS31Validator

from headgate.core.errors import NotFound, NotPermitted, Unavailable
from headgate.core.launch import OsAccount
from headgate.core.model import Node, Queue, Template
from headgate.core.syncs import Sync
from headgate.core.vocabulary import Role
from headgate.dialects.nifcloud.context import Context
from headgate.dialects.nifcloud.errors import refusal_body
from headgate.dialects.nifcloud.face import build
from headgate.dialects.nifcloud.options import Options
from headgate.identity import Authority, OsAccounts, Passwords, Tokens
from headgate.ports.identity import Caller
from headgate.ports.signatures import NotProved, SignedRequest, Unproved
from headgate.ports.store import Transaction
from headgate.registry import FLAVOURS, load
from headgate.service.jobs import Jobs
from headgate.service.portraits import Portraits
from headgate.service.scripts import Scripts
from headgate.service.storage import Storage
from headgate.service.syncs import SyncPolicy, Syncs
from headgate.service.users import Users
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

USERS = {"ada": Role.USER, "ben": Role.USER, "boss": Role.ADMIN}
JSON = "application/json;charset=utf-8"
SCRIPT = "#!/bin/sh\n#PJM -L node=2,elapse=10:00\necho hello\n"


class Response(msgspec.Struct):
    """An answer. `headers` by lower-cased name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> tuple[int, str]:
        """Status and message of a refusal, or status alone."""
        message: str = self.json.get("message", "") if self.body else ""
        return self.status, message


class Spoken:
    """`ports.signatures.SignatureIdentity` for clients that say who they are, or what they lack."""

    def __init__(self) -> None:
        self.asked: list[SignedRequest] = []

    def caller(self, request: SignedRequest, *, address: str) -> Caller:
        self.asked.append(request)
        said = dict(request.headers).get(b"authorization", b"").decode()
        if said in USERS:
            return Caller(said, USERS[said])
        if said == "down":
            raise Unavailable("the store is away")
        raise NotProved("for the log", Unproved[said or "NO_ACCESS_KEY"])


class Files:
    """`ports.files.StorageFiles`: by account and path below the folder."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], bytes] = {}
        self.down = False

    async def read_below(self, account: OsAccount | None, folder: str, path: str, *, limit: int) -> bytes:
        assert account is not None
        if self.down:
            raise Unavailable("the file system is away")
        try:
            return self.kept[account.name, folder, path]
        except KeyError:
            raise NotFound(f"There is no file {path}.", kind="file") from None

    async def make_folder(self, account: OsAccount | None, parent: str, name: str) -> None:
        assert account is not None
        if self.down:
            raise Unavailable("the file system is away")


class World:
    """See the module."""

    def __init__(self, options: Options, *, time_zone: str = "Asia/Tokyo") -> None:
        self.clock = TestClock()
        self.store = memory_store(clock=self.clock)
        passwords = Passwords(passes=1, memory_kib=8)
        accounts = OsAccounts(1000, self.clock.monotonic, self.account)
        tokens = Tokens(self.store, self.clock, b"k" * 32)
        authority = Authority(self.store, self.clock, passwords, tokens, accounts, as_owners=True)
        self.files, self.identity = Files(), Spoken()
        self.users = Users(self.store, authority, passwords.hash, changed=authority.forget)
        flavours = {name: load(target) for name, target in FLAVOURS.items()}

        def account_of(user: str) -> OsAccount:
            return authority.os_account(user) or self.account(user, 1000)

        storage = Storage(self.files, authority, account_of, root="/srv/hpc")
        self.context = Context(
            jobs=Jobs(self.store),
            portraits=Portraits(self.store),
            scripts=Scripts(flavours, self.clock, time_zone=time_zone),
            storage=storage,
            syncs=Syncs(self.store, storage.of, SyncPolicy(configured=True)),
            signature_identity=self.identity,
            account_of=account_of,
            group_of=lambda user: "staff" if account_of(user).gid == 100 else "",
            clock=self.clock,
            nifcloud=options,
            node_name="login1",
            time_zone=time_zone,
            version="1",
        )
        self.face: Any = build(self.context)
        self.description: Any = {}
        self._passwords = passwords

    @staticmethod
    def account(name: str, min_uid: int) -> OsAccount:
        if name == "boss":
            raise NotPermitted("There is no OS account 'boss'.")
        return OsAccount(name=name, uid=min_uid + 1, gid=100, home=f"/home/{name}", shell="/bin/bash")

    async def open(self) -> "World":
        def seed(tx: Transaction) -> None:
            tx.put_template(Template(name="Default"))
            tx.put_queue(Queue(name="small", default=True))
            for name in ("n1", "n2"):
                tx.put_node(Node(name=name, cores=8, memory_mb=16384, online_at=self.clock.now()))

        await self.store.write(seed)
        for name, role in USERS.items():
            await self.users.add(None, name, role, "Engine-1!")
        self.description = json.loads((await self._send("GET", "/files/openapi.json", b"", {})).body)
        return self

    @property
    def syncs(self) -> list[Sync]:
        """All there are."""
        return self.store.peek(lambda look: look.syncs(None, limit=100))

    async def close(self) -> None:
        self._passwords.close()
        await self.store.close()

    # ---- asking

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "ada",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request. A body that is not bytes is sent as JSON; user: also what a signature lacks."""
        given = {"host": "x", "authorization": user}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            given |= {"content-type": JSON, "content-length": str(len(content))}
        answer = await self._send(method, path, content, given | dict(headers or {}))
        self._check(method, path.partition("?")[0], answer)
        return answer

    async def _send(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Response:
        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
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
        return Response(start["status"], answered, b"".join(part["body"] for part in parts))

    def _check(self, method: str, path: str, answer: Response) -> None:
        """What is answered is what the description says; where no operation is, an error of the catalogue."""
        if method == "HEAD":
            assert answer.body == b""
            return
        template = re.sub(r"/[0-9]+$", "/{jobid}" if path.startswith("/jobs") else "/{requestid}", path)
        operation = self.description["paths"].get(template, {}).get(method.lower())
        if answer.status == 204:
            assert (answer.body, answer.headers) == (b"", {})
            return
        assert answer.headers["content-type"] == "application/json"
        schema: Any = {"$ref": "#/components/schemas/CommonErrorFormat"}
        if operation is not None:
            described = operation["responses"][str(answer.status)]
            schema = described["content"]["application/json"]["schema"]
        OAS31Validator({**schema, "components": self.description["components"]}).validate(answer.json)

    # ---- what tests do all the time

    def put(self, path: str, text: str, user: str = "ada") -> None:
        """A file of a user's storage."""
        self.files.kept[user, f"/srv/hpc/{user}", path] = text.encode()

    async def submit(self, text: str = SCRIPT, user: str = "ada", path: str = "run.sh") -> int:
        """Submit a script; the job's number."""
        self.put(path, text, user)
        answer = await self.ask("POST", "/jobs", {"jobfile": path}, user=user)
        assert answer.status == 201, answer.body
        return int(answer.json["job_id"])

    async def put_job(self, number: int, **fields: Any) -> None:
        """Put a job into a state that only running brings about."""
        await self.store.write(lambda tx: tx.put_job(replace(tx.job(number), **fields)))

    async def put_task(self, number: int, **fields: Any) -> None:
        """The same for its task."""
        await self.store.write(lambda tx: tx.put_task(replace(tx.task(number, 1), **fields)))


def gate_says(status: int, error: Any) -> Any:
    """What is answered to a request that the gate refuses."""
    media_type, body = refusal_body(status, error, "r-1")
    assert media_type == "application/json"
    return json.loads(body)
