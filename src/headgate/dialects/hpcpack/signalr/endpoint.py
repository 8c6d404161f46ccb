"""Every request below `/hpc/signalr`: who is calling, which connection, which step of the protocol.

The steps are negotiate, connect, start, reconnect, poll, send, ping and abort (spec hpcpack-2016, section 5).
Every one is authenticated, the upgrade to a WebSocket too, and refused in the shape of this face. Parameters
come in the query and, where a client posts them, as a form.
"""

import secrets
from typing import Final

from headgate.core.errors import BadRequest, HeadgateError, NotFound, TooLarge
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.errors import error_body
from headgate.dialects.hpcpack.signalr import messages, tokens, transports
from headgate.dialects.hpcpack.signalr.connections import Connections
from headgate.dialects.hpcpack.signalr.hubs import Hubs
from headgate.dialects.hpcpack.signalr.outputs import Outputs
from headgate.dialects.hpcpack.signalr.transports import Session
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.exchange import found
from headgate.formats.hpcpack.queries import Query
from headgate.formats.hpcpack.refusals import refusal_headers, status_of
from headgate.formats.hpcpack.serving import caller_of
from headgate.formats.hpcpack.spelling import JSON
from headgate.formats.routing import MethodNotAllowed
from headgate.formats.serving import Answer, Disconnected, Receive, Scope, Send, headers_of, send_answer
from headgate.ports.identity import Caller

PATH: Final = "/signalr"
MOST_SENT: Final = 256 * 1024
"""Bytes of a form, as of a message over a WebSocket."""
_HEADERS: Final = {b"authorization": "authorization", b"x-ms-as-user": "as_user"}
_TRANSPORTS: Final = {
    "websockets": "webSockets",
    "serversentevents": "serverSentEvents",
    "longpolling": "longPolling",
}


def is_ours(path: str) -> bool:
    """Whether this path of the face is for the endpoint."""
    return path[: len(PATH)].lower() == PATH and path[len(PATH) : len(PATH) + 1] in ("", "/")


class Endpoint:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._key = context.signing_key
        outputs = Outputs(context.commands, context.events)
        self._hubs = Hubs(context.events, context.commands, outputs)
        self._connections = Connections(context.events, outputs, self._key)

    def drain(self) -> None:
        """The server is about to stop: clients are told to come back."""
        self._connections.drain()

    async def __call__(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket, at this path of the face."""
        request = Request(self._context, scope, path)
        try:
            answer = await self._step(request, receive, send)
        except HeadgateError as error:
            status = status_of(error)
            answer = Answer(status, error_body(JSON, status, error), tuple(refusal_headers(error)))
        except Disconnected:
            return
        if answer is not None:
            await _send(answer, scope, send)

    async def _step(self, request: "Request", receive: Receive, send: Send) -> Answer | None:
        """The answer to a request; None when it was given already, or there is nobody left to give it to."""
        if not is_ours(request.path):
            raise NotFound("There is no WebSocket at this address.", kind="path")
        caller = await request.identify()
        query = queries.query(request.scope["query_string"])
        if request.is_websocket:
            if request.step not in ("connect", "reconnect") or _transport(query) != "webSockets":
                raise BadRequest("A WebSocket is for connect and reconnect, with transport=webSockets.")
            await self._carry(request, caller, query, receive, send)
            return None
        if request.scope["method"] == "POST":
            query = {**query, **queries.query(await _form(receive))}
        elif request.step == "send" or request.scope["method"] != "GET":
            raise MethodNotAllowed(
                f"{request.scope['method'][:20]} is not for this.",
                ("POST",) if request.step == "send" else ("GET", "POST"),
            )
        match request.step:
            case "negotiate":
                identity = secrets.token_bytes(tokens.NEW_ID_BYTES)
                token = tokens.connection_token(self._key, identity, caller.name)
                name = tokens.connection_id(identity)
                return found(messages.negotiated(token, name, query.get("clientprotocol", "")))
            case "ping":
                return found(messages.PONG)
            case "start":
                self._name(query, caller)
                return found(messages.STARTED)
            case "send":
                connection = self._connections.known(self._name(query, caller), caller)
                return found((await self._hubs.invoke(connection, query.get("data", ""))).encode())
            case "abort":
                self._connections.abort(self._name(query, caller))
                return found(b"")
            case "connect" | "reconnect" | "poll":
                return await self._carry(request, caller, query, receive, send)
        raise NotFound(f"There is nothing at {PATH}/{request.step[:100]}.", kind="path")

    async def _carry(
        self, request: "Request", caller: Caller, query: Query, receive: Receive, send: Send
    ) -> Answer | None:
        """Be a connection's transport, or one poll of it."""
        transport = _transport(query)
        if transport == "webSockets" and not request.is_websocket:
            raise BadRequest("The transport webSockets begins with an upgrade to WebSocket (RFC 6455).")
        name = self._name(query, caller)
        fresh = request.step == "connect"
        if fresh:
            connection = self._connections.connect(name, caller)
            owner = self._connections.claim(connection)
        else:
            connection, owner = await self._connections.resume(
                name, caller, query.get("messageid", ""), query.get("groupstoken", "")
            )
        session = Session(self._connections, connection, owner, request.identify)
        if transport == "longPolling":
            if fresh:
                session.release()
                return found(connection.take(initialized=True).encode())
            text = await transports.poll(session, receive)
            return None if text is None else found(text.encode())
        first = connection.take(initialized=True) if fresh else messages.KEEP_ALIVE
        if transport == "webSockets":
            await transports.websocket(session, self._hubs, receive, send, first)
        else:
            await transports.events(session, receive, send, first)
        return None

    def _name(self, query: Query, caller: Caller) -> str:
        token = query.get("connectiontoken", "")
        if not token:
            raise BadRequest("The parameter connectionToken is missing.")
        return tokens.read_connection_token(self._key, token, caller.name)


class Request:
    """A request and whose it is."""

    def __init__(self, context: Context, scope: Scope, path: str) -> None:
        self.scope = scope
        self.path = path
        self.step = path[len(PATH) :].strip("/").lower()
        self.is_websocket = scope["type"] == "websocket"
        self._context = context
        self._headers = headers_of(scope, _HEADERS)

    async def identify(self) -> Caller:
        """Who is calling. Raises NotAuthenticated, NotPermitted, NotFound."""
        headers = self._headers
        return await caller_of(self._context, self.scope, headers["authorization"], headers["as_user"])


def _transport(query: Query) -> str:
    asked = query.get("transport", "")
    known = _TRANSPORTS.get(asked.lower())
    if known is None:
        raise BadRequest(
            f"There is no transport {asked[:40]!r}; there are {', '.join(_TRANSPORTS.values())}."
        )
    return known


async def _form(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_SENT:
            raise TooLarge(f"This is larger than the {MOST_SENT} bytes that may be sent here.")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send(answer: Answer, scope: Scope, send: Send) -> None:
    if scope["type"] == "http":
        await send_answer(answer, JSON.media_type, scope, send)
        return
    headers = [*answer.headers, (b"content-type", JSON.media_type.encode())]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.body, "more_body": False})
