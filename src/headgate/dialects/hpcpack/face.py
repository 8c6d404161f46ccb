"""The face as an ASGI application: what each request goes through.

In this order: in which format to answer, who is calling, which operation, its parameters; then the operation
itself. A refusal from anywhere in between is answered in this face's shape. Faults nobody foresaw go on to
whoever called.
"""

from functools import cached_property
from typing import Final

from headgate.core.errors import HeadgateError
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.errors import error_body
from headgate.dialects.hpcpack.operations import operations
from headgate.dialects.hpcpack.page import page
from headgate.dialects.hpcpack.signalr import Endpoint
from headgate.dialects.hpcpack.signalr.endpoint import is_ours
from headgate.formats.hpcpack import openapi, queries
from headgate.formats.hpcpack.bodies import by_type
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.refusals import refusal_headers, status_of
from headgate.formats.hpcpack.serving import caller_of
from headgate.formats.hpcpack.spelling import JSON, Spelling, accepted
from headgate.formats.routing import Router
from headgate.formats.serving import (
    Answer,
    Disconnected,
    Receive,
    Scope,
    Send,
    headers_of,
    operation_at,
    path_of,
    send_answer,
)

_HEADERS: Final = {
    b"authorization": "authorization",
    b"accept": "accept",
    b"content-type": "content_type",
    b"x-ms-as-user": "as_user",
}


class HpcPackFace:
    """See the module."""

    title = "HPC Pack 2016 and 2019"
    page = "/docs"
    """What there is for people to read, without authentication."""
    websockets = True

    def __init__(self, context: Context) -> None:
        self._context = context
        self._signalr = Endpoint(context)
        self.drain = self._signalr.drain
        self._operations = operations(context)
        self._router = Router(self._operations)

    @cached_property
    def _description(self) -> Answer:
        about = openapi.About(
            title="Headgate: HPC Pack 2016 REST API",
            version=self._context.hpcpack_version,
            path="/hpc",
            done="204",
            media=(openapi.JSON, openapi.XML),
            query=openapi.QUERY,
            headers=(openapi.AS_USER,),
            refusal=openapi.ERROR,
        )
        return Answer(200, openapi.document(self._operations, about), media_type="application/json")

    @cached_property
    def _page(self) -> Answer:
        return Answer(200, page(self._operations), media_type="text/html; charset=utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or carry one WebSocket."""
        path = path_of(scope)
        if is_ours(path) or scope["type"] == "websocket":
            await self._signalr(path, scope, receive, send)
            return
        headers = headers_of(scope, _HEADERS)
        # Most clients take anything or JSON; only those that name XML are worth a closer look.
        spelling = accepted(headers["accept"]) if "xml" in headers["accept"].lower() else JSON
        try:
            answer = await self._answer(scope, path, headers, spelling, receive)
        except HeadgateError as error:
            status = status_of(error)
            answer = Answer(status, error_body(spelling, status, error), tuple(refusal_headers(error)))
        except Disconnected:
            return
        await send_answer(answer, spelling.media_type, scope, send)

    async def _answer(
        self, scope: Scope, path: str, headers: dict[str, str], spelling: Spelling, receive: Receive
    ) -> Answer:
        # The only two things that say nothing about this installation, so anybody may read them.
        if scope["method"] in ("GET", "HEAD"):
            if path.lower() == "/openapi.json":
                return self._description
            if path.lower() == "/docs":
                return self._page
        caller = await caller_of(self._context, scope, headers["authorization"], headers["as_user"])
        operation, values = operation_at(self._router, scope, path)
        query = queries.query(scope["query_string"])
        return await operation.handler(
            Call(caller, values, query, spelling, by_type, headers["content_type"], receive)
        )


def build(context: Context) -> HpcPackFace:
    """The ASGI application of this face, to be mounted at `/hpc`."""
    return HpcPackFace(context)
