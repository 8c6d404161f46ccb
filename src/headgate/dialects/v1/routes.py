"""The operations of /v1, an endpoint each: bytes in, parse, one call of the service, render, bytes out.

`OPERATIONS` is the one list; routes and the OpenAPI page are both made from it. There is no page that shows
it: such a page loads foreign scripts, and they would run beside our users' passwords. `/v1/openapi.json` is
for programs.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from headgate.core.errors import BadRequest, HeadgateError, NotAuthenticated, NotFound, NotPermitted
from headgate.core.launch import CAPTURE_LIMIT
from headgate.core.model import Job
from headgate.core.scripts import Script
from headgate.core.vocabulary import HoldKind, NodeState, Origin
from headgate.dialects.v1 import parse, render, wire
from headgate.dialects.v1.context import Context
from headgate.dialects.v1.errors import TITLES, headers_of, refusal_body, status_of
from headgate.dialects.v1.openapi import Operation, document
from headgate.ports.identity import Caller
from headgate.service.views import TaskView

JSON: Final = "application/json"
CUT: Final = "X-Headgate-Cut"
"""Header of an output of which no more was kept: so many bytes."""


class Face:
    """The endpoints, over one context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._jobs = context.jobs
        self._tasks = context.tasks
        self._nodes = context.nodes

    async def caller(self, request: Request) -> Caller:
        """Who is asking. Raises NotAuthenticated."""
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise NotAuthenticated(
                "This request has no Authorization header: send a bearer token, which POST /v1/tokens gives"
                " for a user name and a password, or these themselves (Basic)."
            )
        known = self._context.identity.remembered(authorization) if authorization else None
        if known is not None:
            return known
        address = request.client.host if request.client else ""
        return await self._context.identity.authenticate(authorization, address=address)

    # ---- who

    async def create_token(self, request: Request) -> Response:
        """Exchange a password for a token that does not show it with every request."""
        if not request.headers.get("authorization", "").lower().startswith("basic "):
            raise NotAuthenticated("A token is given for a user name and a password (Basic) alone.")
        caller = await self.caller(request)
        asked = parse.body(await request.body(), wire.NewToken, empty=wire.NewToken())
        most = self._context.token_lasts_s or None
        lasts = most if asked.lasts_s is None else min(asked.lasts_s, most or asked.lasts_s)
        text, token = await self._context.tokens.create(caller.name, lasts_s=lasts)
        return _json(wire.Token(token=text, user=token.user, expires=render.maybe(token.expires)), 201)

    async def revoke_token(self, request: Request) -> Response:
        """End the token this request came with."""
        await self.caller(request)
        if not await self._context.revoke(request.headers["authorization"]):
            raise BadRequest("This request came with a password, not with a token.")
        return Response(status_code=204)

    async def me(self, request: Request) -> Response:
        """Say who the caller is."""
        return _json(render.me(await self.caller(request)))

    # ---- jobs

    async def create_job(self, request: Request) -> Response:
        """Make a job with its tasks and submit it, in one step: when this is answered, it is on disk."""
        caller = await self.caller(request)
        asked = parse.body(await request.body(), wire.NewJob)
        new = parse.new_job(asked, self._context.clock.now(), self._script(asked))
        with parse.naming_job():
            job_id = (await self._jobs.create_whole(caller, new)).id
        return self._job(
            caller, job_id, 201, {"Location": f"{request.scope.get('root_path', '')}/jobs/{job_id}"}
        )

    def _script(self, asked: wire.NewJob) -> Script | None:
        """What the job's script says, where it is one with directives."""
        if not asked.flavour:
            return None
        by = asked.submitter or wire.Submitter()
        return self._context.scripts.read(
            parse.script_text(asked),
            asked.flavour,
            file=by.file,
            directory=by.directory,
            host=by.host,
            variables=by.variables,
        )

    async def list_jobs(self, request: Request) -> Response:
        """A page of jobs, whoever owns them."""
        caller = await self.caller(request)
        parse.check_query(request.query_params, ("limit", "cursor", "state", "owner", "sort"))
        query, order = parse.job_query(request.query_params)
        page = parse.page(request.query_params, order)
        found = await self._jobs.list(caller, query, limit=page.limit, after=page.after)
        following = parse.write_cursor(found.end, order) if found.more and found.end else None
        return _json(wire.JobPage(jobs=[render.summary(job) for job in found.jobs], next=following))

    async def get_job(self, request: Request) -> Response:
        """One job."""
        return self._job(await self.caller(request), _number(request, "job_id"))

    async def cancel_job(self, request: Request) -> Response:
        """Begin to cancel a job; it is over when its state says so."""
        caller = await self.caller(request)
        asked = parse.body(await request.body(), wire.Cancel, empty=wire.Cancel())
        job_id = _number(request, "job_id")
        await self._jobs.cancel(caller, job_id, message=asked.message, forced=asked.forced)
        return self._job(caller, job_id, 202)

    async def hold_job(self, request: Request) -> Response:
        """Hold a job: nothing (more) of it is started."""
        caller, job_id = await self.caller(request), _number(request, "job_id")
        asked = parse.body(await request.body(), wire.Hold, empty=wire.Hold())
        await self._jobs.hold(caller, job_id, HoldKind(asked.kind))
        return self._job(caller, job_id)

    async def release_job(self, request: Request) -> Response:
        """Release a hold."""
        caller, job_id = await self.caller(request), _number(request, "job_id")
        asked = parse.body(await request.body(), wire.Hold, empty=wire.Hold())
        await self._jobs.release(caller, job_id, HoldKind(asked.kind))
        return self._job(caller, job_id)

    async def requeue_job(self, request: Request) -> Response:
        """Run again what failed or was cancelled."""
        caller = await self.caller(request)
        job_id = _number(request, "job_id")
        await self._jobs.requeue(caller, job_id)
        return self._job(caller, job_id, 202)

    def _job(
        self, caller: Caller, job_id: int, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        view = self._jobs.get(caller, job_id)
        hindrance = self._context.queues.waiting(caller, (view.job,)).get(job_id)
        return _json(render.job(view.job, full=view.full, hindrance=hindrance), status, headers)

    # ---- tasks

    async def list_tasks(self, request: Request) -> Response:
        """A page of a job's tasks; with `expand=true` the instances of a sweep each."""
        caller = await self.caller(request)
        query = request.query_params
        parse.check_query(query, ("limit", "cursor", "state", "task", "expand"))
        wanted, order = parse.task_query(query, _number(request, "job_id"))
        page = parse.page(query, order)
        _, full, found = await self._tasks.list(caller, wanted, limit=page.limit, after=page.after)
        rows = [render.task(row.task, row.instance, full=full) for row in found.rows]
        following = parse.write_cursor(found.end, order) if found.more and found.end else None
        return _json(wire.TaskPage(tasks=rows, next=following))

    async def get_task(self, request: Request) -> Response:
        """One task or instance."""
        caller = await self.caller(request)
        place = _place(request)
        view = self._tasks.get(caller, *place)
        streams = self._streams(self._jobs.get(caller, place[0]).job, view) if view.full else ("", "")
        return _json(render.task(view.task, view.instance, full=view.full, streams=streams))

    def _streams(self, job: Job, view: TaskView) -> tuple[str, str]:
        """The files that a task or instance writes to."""
        if job.origin is not Origin.OURS or (view.instance is None and view.task.spec.type.has_instances):
            return "", ""
        facts = view.instance or view.task
        try:
            account = self._context.account_of(job.owner)
        except NotPermitted:  # it has none, or none any more
            account = None
        number = 0 if view.instance is None else view.instance.number
        return self._context.scripts.streams(job, view.task, number, facts.run, account)

    async def get_output(self, request: Request) -> Response:
        """What the task wrote, as far as it was captured (the first 64 KiB)."""
        caller = await self.caller(request)
        place = _place(request)
        view = self._tasks.get(caller, *place)
        if not view.full:
            raise NotPermitted("The output is for the owner of the job, operators and administrators.")
        cut = {CUT: str(len(view.output))} if len(view.output) >= CAPTURE_LIMIT else {}
        return PlainTextResponse(view.output.decode("utf-8", "replace"), headers=cut)

    # ---- queues

    async def list_queues(self, request: Request) -> Response:
        """All queues, the most urgent first."""
        caller = await self.caller(request)
        found = await self._context.queues.list(caller)
        return _json(wire.QueueList(queues=[render.queue(one) for one in found]))

    async def get_queue(self, request: Request) -> Response:
        """One queue."""
        caller = await self.caller(request)
        return _json(render.queue(await self._context.queues.get(caller, request.path_params["name"])))

    # ---- nodes

    async def list_nodes(self, request: Request) -> Response:
        """All nodes."""
        caller = await self.caller(request)
        return _json(wire.NodeList(nodes=[render.node(node) for node in self._nodes.list(caller)]))

    async def change_node(self, request: Request) -> Response:
        """Bring a node online, or take it offline: draining until what runs there has ended."""
        caller = await self.caller(request)
        asked = parse.body(await request.body(), wire.ChangeNode)
        name = request.path_params["name"]
        await self._nodes.set_state(caller, name, NodeState[asked.state.upper()])
        return _json(render.node(self._nodes.get(caller, name)))


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, JSON)


def _number(request: Request, name: str) -> int:
    """A number in the path. What is none, or too large for an id, is the id of nothing."""
    text: str = request.path_params[name]
    if not _DIGITS.fullmatch(text):
        kind = _KINDS[name]
        raise NotFound(f"There is no {kind} {text[:40]!r}.", kind=kind)
    return int(text)


def _place(request: Request) -> tuple[int, int, int | None]:
    """Job, task and (if the path has one) instance."""
    instance = _number(request, "instance") if "instance" in request.path_params else None
    if instance == 0:
        raise NotFound("Instances are numbered from 1.", kind="instance")
    return _number(request, "job_id"), _number(request, "number"), instance


_DIGITS = re.compile(r"[0-9]{1,18}")
_KINDS = {"job_id": "job", "number": "task", "instance": "instance"}
_JOB = "/jobs/{job_id}"
_TASK = _JOB + "/tasks/{number}"
_INSTANCE = _TASK + "/instances/{instance}"
OPERATIONS: Final = (
    Operation(
        "POST",
        "/tokens",
        Face.create_token,
        wire.Token,
        201,
        body=wire.NewToken,
        body_optional=True,
        basic=True,
    ),
    Operation("DELETE", "/tokens/current", Face.revoke_token, None, 204),
    Operation("GET", "/me", Face.me, wire.Me),
    Operation("POST", "/jobs", Face.create_job, wire.Job, 201, body=wire.NewJob),
    Operation(
        "GET", "/jobs", Face.list_jobs, wire.JobPage, query=("limit", "cursor", "state", "owner", "sort")
    ),
    Operation("GET", _JOB, Face.get_job, wire.Job),
    Operation("POST", _JOB + "/cancel", Face.cancel_job, wire.Job, 202, body=wire.Cancel, body_optional=True),
    Operation("POST", _JOB + "/hold", Face.hold_job, wire.Job, body=wire.Hold, body_optional=True),
    Operation("POST", _JOB + "/release", Face.release_job, wire.Job, body=wire.Hold, body_optional=True),
    Operation("POST", _JOB + "/requeue", Face.requeue_job, wire.Job, 202),
    Operation(
        "GET",
        _JOB + "/tasks",
        Face.list_tasks,
        wire.TaskPage,
        query=("limit", "cursor", "state", "task", "expand"),
    ),
    Operation("GET", _TASK, Face.get_task, wire.Task),
    Operation("GET", _TASK + "/output", Face.get_output, str),
    Operation("GET", _INSTANCE, Face.get_task, wire.Task),
    Operation("GET", _INSTANCE + "/output", Face.get_output, str),
    Operation("GET", "/queues", Face.list_queues, wire.QueueList),
    Operation("GET", "/queues/{name}", Face.get_queue, wire.Queue),
    Operation("GET", "/nodes", Face.list_nodes, wire.NodeList),
    Operation("POST", "/nodes/{name}/state", Face.change_node, wire.Node, body=wire.ChangeNode),
)


def build(context: Context) -> FastAPI:
    """The ASGI application of this face."""
    app = FastAPI(title="Headgate", version=context.version, docs_url=None, redoc_url=None)
    face = Face(context)
    for path in dict.fromkeys(operation.path for operation in OPERATIONS):
        # One route for each path, so that a 405 lists all its methods.
        there = {one.method: one.endpoint for one in OPERATIONS if one.path == path}
        app.add_route(path, _bound(face, there), methods=list(there))
    described = document(OPERATIONS, version=context.version)
    app.openapi = lambda: described  # type: ignore[method-assign]  # how FastAPI wants it replaced
    app.add_exception_handler(HeadgateError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)
    return app


def _bound(
    face: Face, there: Mapping[str, Callable[[Any, Request], Awaitable[Response]]]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await there["GET" if request.method == "HEAD" else request.method](face, request)

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    refused = error if isinstance(error, HeadgateError) else HeadgateError(str(error))
    status = status_of(refused)
    media_type, content = refusal_body(status, refused, request.state.request_id)
    return Response(content, status, headers_of(refused), media_type)


async def _fault(request: Request, _error: Exception) -> Response:
    """Nobody foresaw this. Starlette raises it again behind this answer, and the gate logs it."""
    request_id = request.state.request_id
    text = f"Something is wrong in the server; its log says more (request {request_id})."
    media_type, content = refusal_body(500, HeadgateError(text), request_id)
    return Response(content, 500, None, media_type)


async def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: unknown paths and wrong methods."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    text = {404: "There is nothing at this address.", 405: "This address does not take this method."}
    refused = HeadgateError(text.get(status, TITLES.get(status, "Error")), code="Operation_InvalidOperation")
    media_type, content = refusal_body(status, refused, request.state.request_id)
    return Response(content, status, headers, media_type)
