"""The face as an ASGI application: what each request goes through.

In this order: which operation, who is calling and whether that is enough for it, its fields; then the
operation itself. A refusal from anywhere in between is answered in this face's shape. Faults nobody foresaw
go on to whoever called.
"""

from typing import Final

from headgate.core.errors import HeadgateError
from headgate.dialects.soca import parse
from headgate.dialects.soca.authentication import caller, presented
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.errors import JSON, error_body, headers_of, status_of
from headgate.dialects.soca.openapi import document
from headgate.dialects.soca.operation import Call, Operation
from headgate.dialects.soca.operations import operations
from headgate.dialects.soca.page import CSP, CSS, JAVASCRIPT, page
from headgate.formats import serving
from headgate.formats.routing import Router
from headgate.formats.serving import (
    Answer,
    Disconnected,
    Receive,
    Scope,
    Send,
    operation_at,
    path_of,
    read_body,
)

_CONTENT_TYPE: Final = {b"content-type": "content_type"}


class SocaFace:
    """See the module."""

    title = "SOCA"
    page = "/doc"
    described_at = "/api.json"

    def __init__(self, context: Context) -> None:
        self._identity = context.key_identity
        self._strict = context.soca.statuses == "strict"
        every = operations(context)
        self._router: Router[Operation] = Router(every)
        description = Answer(200, document(every, context.version, strict=self._strict), media_type=JSON)
        # They say nothing about this installation, so anybody may read them (1.1).
        self._open = {
            "/doc": Answer(200, page(every), CSP, media_type="text/html; charset=utf-8"),
            "/doc/page.js": Answer(200, JAVASCRIPT, media_type="text/javascript; charset=utf-8"),
            "/doc/page.css": Answer(200, CSS, media_type="text/css; charset=utf-8"),
            "/doc/swagger.json": description,
            "/api.json": description,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except HeadgateError as error:
            body = error_body(error, scope["state"]["request_id"])
            status = status_of(error, strict=self._strict)
            answer = Answer(status, body, tuple(headers_of(error)))
        except Disconnected:
            return
        await serving.send_answer(answer, JSON, scope, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = path_of(scope)
        public = self._open.get(path.rstrip("/").lower())
        if public is not None and scope["method"] in ("GET", "HEAD"):
            return public
        operation, _ = operation_at(self._router, scope, path)
        client = scope.get("client")
        address = client[0] if client else ""
        said = presented(scope)
        asking = await caller(self._identity, operation.level, said, address)
        body = await read_body(receive)
        content_type = serving.headers_of(scope, _CONTENT_TYPE)["content_type"]
        fields = parse.fields(scope["query_string"], content_type, body)
        return await operation.handler(Call(asking, fields, named=bool(said.get("user")), address=address))


def build(context: Context) -> SocaFace:
    """The ASGI application of this face, to be mounted at `/api`."""
    return SocaFace(context)
