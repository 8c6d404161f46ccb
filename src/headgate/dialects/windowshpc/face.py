"""The face as an ASGI application: what each request goes through.

In this order: which version the client speaks, who is calling, which operation, whether that needs a version;
then the operation itself. A refusal from anywhere in between is answered in the format the version says.
Faults nobody foresaw go on to whoever called.
"""

from functools import cached_property
from typing import Final

from headgate.core.errors import BadRequest, HeadgateError
from headgate.dialects.windowshpc.context import Context
from headgate.dialects.windowshpc.description import description
from headgate.dialects.windowshpc.errors import error_body
from headgate.dialects.windowshpc.operations import Operation, operations
from headgate.dialects.windowshpc.paths import without_cluster
from headgate.dialects.windowshpc.soa.calls import SessionCalls
from headgate.dialects.windowshpc.soa.info import JSON as JSON_TYPE
from headgate.dialects.windowshpc.soa.info import wants_json, write_fault_json
from headgate.dialects.windowshpc.versions import Version, version
from headgate.formats.filters import filled
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.bodies import always_xml
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.lists import CONTINUES
from headgate.formats.hpcpack.openapi import JSON
from headgate.formats.hpcpack.refusals import refusal_headers, status_of
from headgate.formats.hpcpack.serving import caller_of
from headgate.formats.hpcpack.spelling import XML
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
    b"api-version": "version",
    b"content-type": "content_type",
    b"host": "host",
    b"x-ms-as-user": "as_user",
}
DONE: Final = Answer(200)
"""Changes are answered by exactly 200 and nothing else (section 1.4)."""


class WindowsHpcFace:
    """See the module."""

    title = "HPC Pack before 2016"

    def __init__(self, context: Context) -> None:
        self._context = context
        sessions = SessionCalls(context)
        self.drain = sessions.drain
        self._operations = operations(context, sessions)
        self._router = Router(self._operations)
        self._words = frozenset(operation.path.split("/")[1].lower() for operation in self._operations)

    @cached_property
    def _description(self) -> Answer:
        """It says nothing about this installation, so anybody may read it."""
        return Answer(200, description(self._operations, self._context.hpcpack_version), media_type=JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = _Request(scope)
        try:
            answer = await self._answer(request, receive)
        except HeadgateError as error:
            answer = request.refusal(error)
        except Disconnected:
            return
        await send_answer(answer, XML.media_type, scope, send)

    def streams(self, scope: Scope) -> bool:
        """Whether a request carries messages that are taken as they arrive (`http.faces.Face`)."""
        try:
            path = without_cluster(path_of(scope), self._words, self._context.cluster_name)
            return operation_at(self._router, scope, path)[0].streams
        except HeadgateError:
            return False

    async def _answer(self, request: "_Request", receive: Receive) -> Answer:
        scope, headers = request.scope, request.headers
        if path_of(scope).lower() == "/openapi.json" and scope["method"] in ("GET", "HEAD"):
            return self._description
        query = request.read_query()
        caller = await caller_of(self._context, scope, headers["authorization"], headers["as_user"])
        path = without_cluster(path_of(scope), self._words, self._context.cluster_name)
        operation, values = operation_at(self._router, scope, path)
        request.belongs_to(operation)
        if operation.versioned and not request.version.known:
            raise BadRequest(
                "This operation requires an api-version (2011-11-01 or later), as a header or in the query.",
                code="WebAPI_APIVersionIncorrect" if operation.session else "WebService",
            )
        call = Call(caller, values, query, XML, always_xml, headers["content_type"], receive, headers)
        answer = await operation.handler(call)
        if answer.status == 204:
            return DONE
        return _numbered(answer, query) if "QueryId" in operation.query else answer


class _Request:
    """What is known of a request when something is refused."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers = headers_of(scope, _HEADERS)
        self._old = next(("" for name, _ in scope["headers"] if name == b"ccp_version"), None)
        self.version: Version = version(self.headers["version"], "", self._old)
        self._always_faults = False
        self._json = False

    @property
    def faults(self) -> bool:
        """Whether a refusal is a fault."""
        return self._always_faults or self.version.faults

    def read_query(self) -> queries.Query:
        """The parameters; terms of a filter that have no value don't count (section 3). Raises BadRequest."""
        query = queries.query(self.scope["query_string"])
        if "api-version" in query:
            self.version = version(self.headers["version"], query["api-version"], self._old)
        if "$filter" in query:
            query = {**query, "$filter": filled(query["$filter"])}
        return query

    def belongs_to(self, operation: Operation) -> None:
        """From here on it is known which operation refuses (section 1.5)."""
        self._always_faults = operation.versioned or operation.faults
        self._json = operation.session and wants_json(self.headers["accept"])

    def refusal(self, error: HeadgateError) -> Answer:
        """The answer that says no."""
        status, headers = status_of(error), tuple(refusal_headers(error))
        if self._json:
            return Answer(status, write_fault_json(error), headers, media_type=JSON_TYPE)
        return Answer(status, error_body(error, fault=self.faults), headers)


def _numbered(answer: Answer, query: queries.Query) -> Answer:
    """With the older continuation header beside the newer one: how many rows the client has by now."""
    if not any(name == CONTINUES for name, _ in answer.headers):
        return answer
    before = query.get("currentobjectnumber", "").strip()
    # Deprecated, so a strange one is nobody's mistake (section 3).
    had = int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else 0
    number = had + queries.rows_asked(query)
    header = (b"x-ms-continuation-CurrentObjectNumber", b"%d" % number)
    return Answer(answer.status, answer.body, (*answer.headers, header), answer.parts)


def build(context: Context) -> WindowsHpcFace:
    """The ASGI application of this face, to be mounted at `/WindowsHPC`."""
    return WindowsHpcFace(context)
