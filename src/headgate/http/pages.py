"""What belongs to no face: `/`, `/ping`, `/healthz`, `/readyz`, `/metrics`, and a 404 for the rest."""

import html
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from headgate.core.errors import HeadgateError, NotAuthenticated, NotPermitted, Unavailable
from headgate.core.vocabulary import Role
from headgate.http.faces import Application, problem_body
from headgate.http.metrics import MEDIA_TYPE
from headgate.ports.identity import Identity

MAY_SCRAPE = Role.OPERATOR | Role.JOBADMIN | Role.ADMIN
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headgate</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}</style></head>
<body><h1>Headgate {version}</h1><p>One HTTP front door to HPC. What is where:</p><ul>
{items}
</ul></body></html>
"""


class Signpost(Struct, frozen=True):
    """A line of the page at `/`."""

    path: str
    what: str
    readable: bool = False
    """Whether a browser is shown something there."""

    def line(self) -> str:
        """As HTML."""
        path = f"<code>{html.escape(self.path)}</code>"
        if self.readable:
            path = f'<a href="{html.escape(self.path)}">{path}</a>'
        return f"<li>{path} {html.escape(self.what)}</li>"


class Pages(Struct, frozen=True, kw_only=True):
    """What the pages need to know."""

    version: str
    signposts: Sequence[Signpost]
    identity: Identity
    is_ready: Callable[[], bool]
    metrics: Callable[[], Awaitable[bytes]]

    def app(self) -> Application:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.root, methods=["GET"]),
                Route("/ping", self.ping, methods=["GET"]),
                Route("/healthz", self.health, methods=["GET"]),
                Route("/readyz", self.readiness, methods=["GET"]),
                Route("/metrics", self.scrape, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _http_error},
        )

    async def root(self, _request: Request) -> Response:
        """Say what is where."""
        items = "\n".join(one.line() for one in self.signposts)
        return HTMLResponse(PAGE.format(version=html.escape(self.version), items=items))

    async def ping(self, _request: Request) -> Response:
        """What SOCA clients and their load balancers ask (spec soca, section 1)."""
        return PlainTextResponse("Alive")

    async def health(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok\n")

    async def readiness(self, _request: Request) -> Response:
        """Jobs are being dispatched: what was running before the start has been found again."""
        if self.is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("starting\n", status_code=503)

    async def scrape(self, request: Request) -> Response:
        """Metrics, for operators."""
        try:
            authorization = request.headers.get("authorization", "")
            address = request.client.host if request.client else ""
            caller = self.identity.remembered(authorization)
            if caller is None:
                caller = await self.identity.authenticate(authorization, address=address)
            if not caller.role & MAY_SCRAPE:
                raise NotPermitted("Metrics are for operators and administrators.")
        except NotAuthenticated as error:
            headers = {"WWW-Authenticate": 'Basic realm="Headgate", charset="UTF-8"'}
            if error.retry_after_s is not None:
                headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
            return _refusal(request, 401, error, headers)
        except NotPermitted as error:
            return _refusal(request, 403, error)
        except Unavailable as error:
            return _refusal(request, 503, error)
        return Response(await self.metrics(), media_type=MEDIA_TYPE)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = "There is nothing at this address." if status == 404 else "This is not possible here."
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _refusal(request, status, HeadgateError(text), headers)


def _refusal(
    request: Request, status: int, error: HeadgateError, headers: dict[str, str] | None = None
) -> Response:
    media_type, body = problem_body(status, error, request.state.request_id)
    return Response(body, status_code=status, media_type=media_type, headers=headers)
