"""The face as an ASGI application: one WebSocket, and a word for whoever comes without one."""

from typing import Final

import msgspec
from msgspec import Struct

from headgate.core.errors import HeadgateError, NotAuthenticated, NotFound
from headgate.core.soa import HOST_PATH
from headgate.formats.serving import Answer, Receive, Scope, Send, headers_of, path_of, send_answer
from headgate.ports.broker import HostGate, HostGone

SCHEME: Final = "SOA-Host "
_HEADERS: Final = {b"authorization": "authorization"}
_PATH: Final = HOST_PATH.removeprefix("/soa")
_NOTHING: Final = "Here the hosts of services connect; there is nothing for anybody else."


class Context(Struct, frozen=True, kw_only=True):
    """What the face is built from."""

    soa_hosts: HostGate


class Problem(Struct):
    """RFC 9457, as much of it as a host needs."""

    title: str
    status: int
    detail: str
    code: str


class WebSocketChannel:
    """`ports.broker.Channel` over a WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def send(self, message: bytes) -> None:
        """See the port."""
        await self._send({"type": "websocket.send", "bytes": message})

    async def receive(self) -> bytes:
        """See the port."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise HostGone
        body: bytes | None = message.get("bytes")
        if body is None:
            raise HostGone  # text is none of ours
        return body


class SoaFace:
    """See the module."""

    title = "Hosts of SOA services"
    described_at = ""
    websockets = True

    def __init__(self, context: Context) -> None:
        self._hosts = context.soa_hosts
        self.drain = context.soa_hosts.drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one host, or say that there is nothing here."""
        try:
            if scope["type"] != "websocket" or path_of(scope).lower() != _PATH:
                raise NotFound(_NOTHING, kind="path")
            said = headers_of(scope, _HEADERS)["authorization"]
            if not said.startswith(SCHEME):
                raise NotAuthenticated("A host shows its ticket.")
            admitted = self._hosts.admit(said.removeprefix(SCHEME).strip())
        except HeadgateError as error:
            await _refuse(scope, send, error)
            return
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        await self._hosts.serve(admitted, WebSocketChannel(receive, send))
        await send({"type": "websocket.close", "code": 1000})


async def _refuse(scope: Scope, send: Send, error: HeadgateError) -> None:
    status = 401 if isinstance(error, NotAuthenticated) else 404
    media_type, body = refusal_body(status, error, "")
    if scope["type"] != "websocket":
        await send_answer(Answer(status, body), media_type, scope, send)
        return
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """How this face says no (`http.faces.RefusalBody`)."""
    problem = Problem(title="Refused", status=status, detail=error.text, code=error.code)
    return "application/problem+json", msgspec.json.encode(problem)


def build(context: Context) -> SoaFace:
    """The ASGI application of this face, to be mounted at `/soa`."""
    return SoaFace(context)
