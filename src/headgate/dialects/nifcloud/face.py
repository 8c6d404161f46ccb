"""The face as an ASGI application: what each request goes through, in the order of spec nifcloud, section 3.

A place among the requests in progress, maintenance, path, method, who signed it, whether they may use this
API, the type of the content, its JSON, its members; then the operation. Paths are compared as they came over
the wire, so that what was signed is what is done (spec sigv4, 4.1). Faults nobody foresaw go on to whoever
called.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from headgate.core.errors import HeadgateError, NotFound, NotPermitted
from headgate.dialects.nifcloud import parse
from headgate.dialects.nifcloud.context import Context
from headgate.dialects.nifcloud.errors import BEFORE, JSON, Failure, Names, answer_of, headers_of
from headgate.dialects.nifcloud.limit import Late, Places, body_within, drained, send_within
from headgate.dialects.nifcloud.openapi import document
from headgate.dialects.nifcloud.operation import Call, Operation
from headgate.dialects.nifcloud.operations import operations
from headgate.formats import serving
from headgate.formats.routing import MethodNotAllowed
from headgate.formats.serving import Answer, Disconnected, Receive, Scope, Send
from headgate.ports.identity import Caller
from headgate.ports.signatures import NotProved, SignedRequest, Unproved

DESCRIPTION: Final = b"/files/openapi.json"
"""Beside the paths of the API, of which none begins so: it needs no signature and takes no place."""
_HEADERS: Final[Mapping[bytes, str]] = {
    b"content-type": "content_type",
    b"host": "host",
}
log = structlog.get_logger("headgate.nifcloud")


class NifcloudFace:
    """See the module."""

    title = "HPC REST API (NIFCLOUD, Fugaku)"
    described_at = DESCRIPTION.decode()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._options = context.nifcloud
        self._hosts = frozenset(host.lower() for host in self._options.hosts)
        self._users = frozenset(user.casefold() for user in self._options.users)
        self._places = Places(self._options.connections)
        every = operations(context)
        self._description = Answer(200, document(every, context.version), media_type=JSON)
        self._literal: dict[bytes, dict[str, Operation]] = {}
        self._numbered: dict[bytes, dict[str, Operation]] = {}
        for operation in every:
            path, brace, _ = operation.path.partition("{")
            table = self._numbered if brace else self._literal
            table.setdefault(path.encode(), {})[operation.method] = operation

    def load(self) -> tuple[int, int]:
        """For the metrics: places in use, and refusals for want of one since the start."""
        return self._places.in_use, self._places.refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["raw_path"] == DESCRIPTION and scope["method"] in ("GET", "HEAD"):
            await serving.send_answer(self._description, JSON, scope, send)
            return
        try:
            with self._places.taken():
                answer = await self._answer(scope, receive)
                await serving.send_answer(answer, JSON, scope, send_within(send, self._options.deadline_s))
        except Failure as refused:
            # Only one is left: no place. What it costs to say so holds nobody up.
            answer = _refusal(refused, BEFORE, last=await self._is_last(scope, receive))
            await serving.send_answer(answer, JSON, scope, send)
        except Disconnected:
            return

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            operation, number = self._operation(scope)
        except HeadgateError as error:
            return _refusal(error, BEFORE, last=await self._is_last(scope, receive))
        names = BEFORE
        try:
            body = await body_within(receive, self._options.body_limit, self._options.deadline_s)
            caller = self._caller(scope, body)
            given = {}
            if operation.members is not None:
                encodings = [value for name, value in scope["headers"] if name == b"content-encoding"]
                content_type = serving.headers_of(scope, _HEADERS)["content_type"]
                parse.check_content_type(content_type, b",".join(encodings).decode("latin-1"))
                given = parse.checked(body, operation.members)
            names = operation.names
            return await operation.handler(Call(caller=caller, number=number, given=given))
        except HeadgateError as error:
            return _refusal(error, names, last=isinstance(error, Late))

    async def _is_last(self, scope: Scope, receive: Receive) -> bool:
        """Whether the connection has to be closed behind a refusal, because there is a body still to come."""
        if not serving.is_sending(scope):
            return serving.has_body(scope)
        return not await drained(receive, self._options.body_limit)

    def _operation(self, scope: Scope) -> tuple[Operation, int]:
        """The operation that is asked for, and the number in its path. Raises Failure, NotFound,
        MethodNotAllowed.
        """
        if self._options.maintenance:
            raise Failure("MAINTENANCE")
        path: bytes = scope["raw_path"]
        target = (scope.get("extensions") or {}).get("headgate.target")
        if target is not None and not parse.is_at(target["url"], self._host(scope)):
            raise NotFound("The target is an address of somebody else.", kind="path")
        number = 0
        methods = self._literal.get(path)
        if methods is None:
            start = path.rfind(b"/") + 1
            found = parse.number(path[start:])
            methods = self._numbered.get(path[:start])
            if methods is None or found is None:
                raise NotFound("There is nothing at this path.", kind="path")
            number = found
        operation = methods.get(scope["method"])
        if operation is None:
            raise MethodNotAllowed("The path does not take this method.", tuple(methods))
        return operation, number

    def _host(self, scope: Scope) -> str:
        return serving.headers_of(scope, _HEADERS)["host"]

    def _caller(self, scope: Scope, body: bytes) -> Caller:
        """Who signed the request. Raises NotProved, NotPermitted, Unavailable."""
        host = self._host(scope)
        if self._hosts and host.lower() not in self._hosts:
            raise NotProved(f"Host {host[:200]!r} is none of ours.", Unproved.REFUSED)
        client = scope.get("client")
        request = SignedRequest(
            method=scope["method"],
            path=scope["raw_path"],
            query=scope["query_string"],
            headers=scope["headers"],
            body=body,
        )
        caller = self._context.signature_identity.caller(request, address=client[0] if client else "")
        if self._users and caller.name.casefold() not in self._users:
            raise NotPermitted(f"{caller.name!r} may not use this API.")
        return caller


def _refusal(error: HeadgateError, names: Names, *, last: bool) -> Answer:
    """last: what the client still sends is not waited for."""
    status, body = answer_of(error, names)
    # Before somebody is let in it is no news: whoever can reach us can bring it about.
    tell = log.debug if names is BEFORE else log.info
    tell("request_refused", status=status, kind=type(error).__name__, reason=error.text)
    closing = ((b"connection", b"close"),) if last else ()
    return Answer(status, body, (*headers_of(error), *closing), media_type=JSON)


def build(context: Context) -> NifcloudFace:
    """The ASGI application of this face, for `/jobs` and `/files`."""
    return NifcloudFace(context)
