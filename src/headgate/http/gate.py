"""The gate: what every request goes through, whichever face it is for. Plain ASGI, as it is on every hot
path.

In order: a request id; the face by the first step of the path; no change before the server is ready; a
changing request from a foreign page is refused; size and deadline of the body (a face may
take one as it arrives: then the time between its pieces); then the face; security
headers on the answer; a fault nobody foresaw becomes a 500 in the face's shape, with the traceback in the
log. The gate never reads a body itself (but to let a refused client finish sending). An upgrade to a
WebSocket goes the same way (`websocket.py`).
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import structlog

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, TooLarge, Unavailable
from headgate.http.faces import Application, Face, Message, Receive, Scope, Send, problem_body
from headgate.http.limits import BODY_IS_HERE, CHANGES_NOTHING, Limits, is_foreign, origin_of
from headgate.http.logs import REQUEST_ID
from headgate.http.websocket import Upgrade, is_foreign_upgrade

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
NO_STORE: Final = (b"cache-control", b"no-store")
RETRY_AFTER: Final = {503: ((b"retry-after", b"1"),)}
LINGER_S: Final = 2.0
LINGER_BYTES: Final = 64 * 1024 * 1024
OTHER: Final = "-"
"""Stands for the face of what belongs to none."""
FOREIGN: Final = "A page of another site may change nothing here."
STARTING: Final = "The server is starting; try again in a moment."

Observer = Callable[[str, int, float], None]
"""Told of each answer: face, status, seconds."""
log = structlog.get_logger("headgate.http")


class Gate:
    """The ASGI application that uvicorn is given."""

    def __init__(
        self,
        faces: Sequence[Face],
        rest: Application,
        limits: Limits,
        *,
        is_ready: Callable[[], bool] = lambda: True,
        public_url: str = "",
        observe: Observer = lambda face, status, seconds: None,
    ) -> None:
        self._faces = {path.lower(): face for face in faces for path in (face.path, *face.also)}
        self._rest = Face(OTHER, "", rest, problem_body)
        self._limits = limits
        self._ours = frozenset({origin_of(public_url)} - {""})
        self._is_ready = is_ready
        self._observe = observe
        self._run = secrets.token_hex(4)
        self._numbers = count(1)
        self.websockets = 0
        """WebSockets that are open now."""

    def drain(self) -> None:
        """The server is about to stop: faces that keep requests waiting let them go."""
        for face in {face.name: face for face in self._faces.values()}.values():
            face.drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket from its upgrade to its end."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def _enter(self, scope: Scope) -> tuple[Face, str]:
        """The face that this is for, and the request's id."""
        path: str = scope["path"]
        if path.startswith("//"):
            # Addresses that were put together with a slash too many (spec windowshpc, section 1).
            path = scope["path"] = "/" + path.lstrip("/")
        end = path.find("/", 1)
        first = path if end < 0 else path[:end]
        face = self._faces.get(first.lower())
        if face is None:
            face = self._rest
        else:
            # What Mount would do; the spelling of the client stays, so that stripping it works.
            scope["root_path"] = scope["app_root_path"] = scope.get("root_path", "") + first
        request_id = f"{self._run}-{next(self._numbers):x}"
        REQUEST_ID.set(request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        return face, request_id

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        face, _ = self._enter(scope)
        exchange = Exchange(receive, send, face, self._limits, scope["state"])
        began = time.perf_counter()
        try:
            if face is not self._rest and scope["method"] not in CHANGES_NOTHING and not self._is_ready():
                # Until the engine has named its nodes, a new job would be judged against none.
                await exchange.refuse(503, Unavailable(STARTING))
            elif not await self._refused(scope, exchange, face):
                await face.app(scope, exchange.receive, exchange.send)
                if not exchange.started and not exchange.gone:
                    await exchange.refuse(500, HeadgateError("The server gave no answer."))
        except Exception as error:  # noqa: BLE001  the last resort: nothing may end a connection without an answer
            await self._failed(scope, exchange, face, error)
        seconds = time.perf_counter() - began
        self._observe(face.name, exchange.status, seconds)
        log.debug(
            "request_answered",
            method=scope["method"],
            path=scope["path"],
            status=exchange.status,
            seconds=seconds,
        )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        face, request_id = self._enter(scope)
        began = time.perf_counter()

        def answered(status: int) -> None:
            self._observe(face.name, status, time.perf_counter() - began)
            log.debug("upgrade_answered", path=scope["path"], status=status)

        headers = (*SECURITY_HEADERS, NO_STORE, (b"x-request-id", request_id.encode()))
        upgrade = Upgrade(receive, send, face.refusal, headers, request_id, answered)
        self.websockets += 1
        try:
            if is_foreign_upgrade(scope, self._ours):
                await upgrade.refuse(403, NotPermitted(FOREIGN))
            elif not face.websockets:
                await upgrade.refuse(404, NotFound("There is no WebSocket at this address.", kind="path"))
            elif not self._is_ready():
                await upgrade.refuse(503, Unavailable(STARTING))
            else:
                await face.app(scope, upgrade.receive, upgrade.send)
        except Exception as error:
            log.error("websocket_failed", face=face.name, path=scope["path"], exc_info=error)
            await upgrade.fail(HeadgateError(fault_text(request_id)))
        finally:
            self.websockets -= 1

    async def _refused(self, scope: Scope, exchange: "Exchange", face: Face) -> bool:
        """Look at the headers; answer and return True if they are enough to say no."""
        method: str = scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        length, origin = headers.get(b"content-length"), headers.get(b"origin")
        fetch_site = headers.get(b"sec-fetch-site")
        if b"expect" in headers:
            exchange.may_linger = False
        if method not in CHANGES_NOTHING and (origin is not None or fetch_site is not None):
            foreign = is_foreign(
                scheme=scope["scheme"],
                host=headers.get(b"host", b"").decode("latin-1"),
                origin=None if origin is None else origin.decode("latin-1"),
                fetch_site=None if fetch_site is None else fetch_site.decode("latin-1"),
                ours=self._ours,
            )
            if foreign:
                await exchange.refuse(403, NotPermitted(FOREIGN))
                return True
        has_body = b"transfer-encoding" in headers or (length is not None and length != b"0")
        if has_body and face.streams(scope):
            exchange.watch_pieces()
        elif has_body:
            if length is not None and int(length) > self._limits.body:
                await exchange.refuse(413, exchange.too_large())
                return True
            exchange.watch_body(asyncio.get_running_loop().time() + self._limits.body_timeout_s)
        return False

    async def _failed(self, scope: Scope, exchange: "Exchange", face: Face, error: Exception) -> None:
        if exchange.refusal is not None:
            # The face let our own refusal of the body through.
            if not exchange.started:
                await exchange.refuse(*exchange.refusal)
            return
        if exchange.gone:
            log.debug("client_left", method=scope["method"], path=scope["path"])
            return
        log.error(
            "request_failed", face=face.name, method=scope["method"], path=scope["path"], exc_info=error
        )
        if not exchange.started:
            await exchange.refuse(500, HeadgateError(fault_text(exchange.request_id)))
        elif not exchange.ended:
            # Half an answer is out: only a broken connection tells the client that the rest is missing.
            raise error


def fault_text(request_id: str) -> str:
    """What is said of a fault nobody foresaw."""
    return f"Something is wrong in the server; its log says more (request {request_id})."


class Exchange:
    """One request and its answer, as the face sees them."""

    __slots__ = (
        "_deadline",
        "_face",
        "_limits",
        "_pieces",
        "_receive",
        "_seen",
        "_send",
        "_state",
        "_watched",
        "ended",
        "gone",
        "may_linger",
        "read_all",
        "refusal",
        "request_id",
        "started",
        "status",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        face: Face,
        limits: Limits,
        state: Mapping[str, Any],
    ) -> None:
        """state: of the scope: the request's id, and what the protocol says of the body."""
        self._receive = receive
        self._send = send
        self._face = face
        self._limits = limits
        self._seen = 0
        self._watched = self._pieces = False
        self._deadline = 0.0
        self._state = state
        self.request_id: str = state["request_id"]
        self.refusal: tuple[int, HeadgateError] | None = None
        self.status = 0
        self.started = self.ended = self.gone = self.read_all = False
        self.may_linger = True

    def watch_body(self, deadline: float) -> None:
        """There is a body: it has to be here, whole, by then."""
        self._watched = True
        self._deadline = deadline

    def watch_pieces(self) -> None:
        """There is a body that the face takes as it arrives: each next piece of it has to be here in time."""
        self._watched = self._pieces = True

    def too_large(self) -> TooLarge:
        """What is said of a body beyond the limit."""
        return TooLarge(f"The request is larger than the {self._limits.body} bytes this server takes.")

    async def receive(self) -> Message:
        """The next part of the body.

        Raises TooLarge, or BadRequest when it came too slowly; the gate answers then.
        """
        if not self._watched or BODY_IS_HERE in self._state:
            message = await self._receive()
        else:
            if self._pieces:
                self._deadline = asyncio.get_running_loop().time() + self._limits.piece_timeout_s
            try:
                async with asyncio.timeout_at(self._deadline):
                    message = await self._receive()
            except TimeoutError:
                error = BadRequest("The body of the request did not arrive in time.")
                self.refusal = (408, error)
                self._watched = False
                raise error from None
        if message["type"] == "http.disconnect":
            self.gone = True
        elif self._watched:
            self._seen += len(message.get("body", b""))
            if self._seen > self._limits.body and not self._pieces:
                self._watched = False
                self.refusal = (413, self.too_large())
                raise self.refusal[1]
            if not message.get("more_body", False):
                self._watched = False
                self.read_all = True
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, with our headers; instead of the face's when the body was refused while it read
        it.
        """
        if message["type"] == "http.response.start":
            if self.refusal is not None and not self.started:
                await self.refuse(*self.refusal)
                return
            if self.ended:
                return
            self.started = True
            self.status = message["status"]
            given = message.get("headers", ())
            headers = [*given, *SECURITY_HEADERS, (b"x-request-id", self.request_id.encode())]
            if b"cache-control" not in dict(given):
                headers.append(NO_STORE)
            message["headers"] = headers
        elif self.ended:
            return
        elif not message.get("more_body", False):
            self.ended = True
        await self._send(message)

    async def refuse(self, status: int, error: HeadgateError) -> None:
        """Answer in the face's shape and end the connection: what is left of the body is nothing to read on
        from.
        """
        media_type, body = self._face.refusal(status, error, self.request_id)
        if status in (403, 413) and self.may_linger and not self.read_all:
            await self._linger()
        status = self._face.statuses.get(status, status)
        self.started = self.ended = True
        self.status = status
        headers: list[tuple[bytes, bytes]] = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", self.request_id.encode()),
            NO_STORE,
            *SECURITY_HEADERS,
            *RETRY_AFTER.get(status, ()),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _linger(self) -> None:
        """Let the client send on for a moment: closed too soon, its side would lose our answer (RFC 9112,
        section 9.6).
        """
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_S):
                while left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return
