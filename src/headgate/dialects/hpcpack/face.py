"""The face as an ASGI application: what each request goes through.

In this order: who is calling, which operation, in which format, its parameters; then the operation itself. A
refusal from anywhere in between is answered in this face's shape. Faults nobody foresaw go on to whoever
called.
"""

from typing import Final

from headgate.core.errors import HeadgateError, NotAuthenticated, NotFound
from headgate.dialects.hpcpack import parse
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.errors import MethodNotAllowed, error_body, headers_of, status_of
from headgate.dialects.hpcpack.exchange import Answer, Call, Disconnected, Receive, Scope, Send
from headgate.dialects.hpcpack.openapi import document
from headgate.dialects.hpcpack.operations import operations
from headgate.dialects.hpcpack.page import page
from headgate.dialects.hpcpack.render import JSON
from headgate.dialects.hpcpack.routing import Router
from headgate.ports.identity import Caller

_HEADERS: Final = {
    b"authorization": "authorization",
    b"accept": "accept",
    b"content-type": "content_type",
    b"x-ms-as-user": "as_user",
}


class HpcPackFace:
    """See the module."""

    title = "HPC Pack 2016"

    def __init__(self, context: Context) -> None:
        self._identity = context.identity
        self._users = context.users
        every = operations(context)
        self._router = Router(every)
        described = document(every, context.hpcpack_version)
        # The only two things that say nothing about this installation, so anybody may read them.
        self._open = {
            "/openapi.json": Answer(200, described, ((b"content-type", b"application/json"),)),
            "/docs": Answer(200, page(every), ((b"content-type", b"text/html; charset=utf-8"),)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except HeadgateError as error:
            status = status_of(error)
            answer = Answer(status, error_body(JSON, status, error), tuple(headers_of(error)))
        except Disconnected:
            return
        await _send(answer, scope["method"] == "HEAD", send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path: str = scope["path"]
        path = path[len(scope.get("root_path", "")) :]
        method: str = scope["method"]
        if method == "HEAD":
            method = "GET"
        public = self._open.get(path.lower())
        if public is not None and method == "GET":
            return public
        headers = {"authorization": "", "accept": "", "content_type": "", "as_user": ""}
        for name, value in scope["headers"]:
            known = _HEADERS.get(name)
            if known is not None:
                headers[known] = value.decode("latin-1")
        caller = await self._caller(headers, scope)
        found = self._router.find(path)
        if found is None:
            raise NotFound(f"There is nothing at {path[:200]}.", kind="path")
        operation = found[0].get(method)
        if operation is None:
            allowed = tuple(found[0])
            raise MethodNotAllowed(f"{path[:200]} takes {' and '.join(allowed)}, not {method[:20]}.", allowed)
        if headers["accept"]:
            parse.check_accept(headers["accept"])
        query = parse.query(scope["query_string"])
        return await operation.handler(Call(caller, found[1], query, JSON, headers["content_type"], receive))

    async def _caller(self, headers: dict[str, str], scope: Scope) -> Caller:
        """Who is calling, or (section 1.2) in whose name.

        Raises NotAuthenticated, NotPermitted, NotFound (kind user).
        """
        authorization = headers["authorization"]
        if not authorization:
            raise NotAuthenticated(
                "This request has no Authorization header: send a user name and a password (Basic)."
            )
        caller = self._identity.remembered(authorization)
        if caller is None:
            client = scope.get("client")
            caller = await self._identity.authenticate(authorization, address=client[0] if client else "")
        as_user = headers["as_user"].strip()
        if not as_user:
            return caller
        # ASGI gives bytes; clients that send names beyond ASCII send UTF-8.
        try:
            as_user = as_user.encode("latin-1").decode()
        except UnicodeDecodeError:
            pass
        return self._users.act_as(caller, as_user)


async def _send(answer: Answer, only_headers: bool, send: Send) -> None:
    headers = list(answer.headers)
    parts = answer.parts
    if answer.status != 204:
        if not any(name == b"content-type" for name, _ in headers):
            headers.append((b"content-type", JSON.media_type.encode()))
        if parts is None:
            headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if parts is not None and not only_headers:
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    body = b"" if only_headers or parts is not None else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


def build(context: Context) -> HpcPackFace:
    """The ASGI application of this face, to be mounted at `/hpc`."""
    return HpcPackFace(context)
