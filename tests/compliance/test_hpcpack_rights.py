"""Who may do what through the HPC Pack faces: four roles, every operation, own jobs and those of others.

With and without `x-ms-as-user` (spec hpcpack-2016, sections 1.2 and 1.3). An operation without a line in
RIGHTS fails here. What is asked are the recorded cases, whose success is known.
"""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec import Struct

from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack.operations import operations as newer_operations
from headgate.formats.routing import Router
from tests.compliance.hpcpack.cases import JSON, Value, every, written
from tests.compliance.hpcpack.world import ROLES
from tests.compliance.windowshpc import test_operations as legacy
from tests.compliance.windowshpc.world import NEW, Legacy, every_operation

ALL = Role.USER | Role.OPERATOR | Role.JOBADMIN | Role.ADMIN
# Who may do it to other people's jobs. Owners may do everything to their own.
ANYBODY, SEEING, STOPPING = ALL, ALL ^ Role.USER, ALL ^ Role.USER
CHANGING = Role.JOBADMIN | Role.ADMIN
NODES = Role.OPERATOR | Role.ADMIN
"""Who may change nodes and their groups; nobody owns those."""
ACTING = Role.JOBADMIN | Role.ADMIN
"""Who may use `x-ms-as-user`."""

_STEPS = {
    "GET": ANYBODY,
    "PUT": CHANGING,
    "GET customProperties": SEEING,
    "POST customProperties": CHANGING,
    "GET envVariables": SEEING,
    "POST envVariables": CHANGING,
    "POST submit": CHANGING,
    "POST cancel": STOPPING,
    "POST finish": STOPPING,
    "POST requeue": CHANGING,
    "GET tasks": ANYBODY,
    "POST tasks": CHANGING,
}
"""What may be done to a job, a task, a subtask: by method and last step."""


def _rights(path: str, names: str) -> dict[tuple[str, str], Role]:
    """The lines of a thing, for these of its operations; the older face spells steps with a capital."""
    found = {}
    for name in names.split(","):
        method, _, step = name.strip().partition(" ")
        place = f"{path}/{step}" if step else path
        found[(method, place)] = _STEPS[f"{method} {step[:1].lower()}{step[1:]}".strip()]
    return found


_PAIRS = "GET customProperties, POST customProperties, GET envVariables, POST envVariables"
_OLD_PAIRS = "GET CustomProperties, POST CustomProperties, GET EnvVariables, POST EnvVariables"
_OLD_ENDS = "GET, PUT, POST Cancel, POST Requeue"
_ENDS = "GET, PUT, POST cancel, POST finish, POST requeue"
_SESSION = "/Session/{sessionId}"

RIGHTS: dict[str, dict[tuple[str, str], Role]] = {
    "/hpc": {
        ("GET", "/cluster/version"): ANYBODY,
        ("GET", "/cluster/activeHeadNode"): ANYBODY,
        ("GET", "/cluster/info/dateTimeFormat"): ANYBODY,
        ("GET", "/nodes"): ANYBODY,
        ("GET", "/nodes/{name}"): ANYBODY,
        ("GET", "/nodes/groups"): ANYBODY,
        ("GET", "/nodes/groups/{name}"): ANYBODY,
        ("GET", "/jobs"): ANYBODY,
        ("POST", "/jobs"): ANYBODY,
        ("POST", "/jobs/jobFile"): ANYBODY,
        ("GET", "/jobs/templates"): ANYBODY,
        ("GET", "/cluster/userRoles"): ANYBODY,
        ("GET", "/cluster/info"): ANYBODY,
        ("GET", "/cluster/nodes"): ANYBODY,
        ("GET", "/cluster/nodes/{name}"): ANYBODY,
        ("POST", "/cluster/nodes/{name}/operations/{operation}"): NODES,
        ("GET", "/cluster/nodes/stats/state"): ANYBODY,
        ("GET", "/cluster/nodes/stats/health"): ANYBODY,
        ("GET", "/cluster/nodes/metrics"): ANYBODY,
        ("GET", "/cluster/metrics/definitions"): ANYBODY,
        ("GET", "/cluster/metrics/history/{name}"): ANYBODY,
        ("GET", "/cluster/metrics/jobs"): ANYBODY,
        ("GET", "/cluster/operations"): ANYBODY,
        ("GET", "/cluster/operations/first"): ANYBODY,
        ("GET", "/cluster/operations/{id}"): ANYBODY,
        ("GET", "/cluster/nodeGroups"): ANYBODY,
        ("POST", "/cluster/nodeGroups"): NODES,
        ("GET", "/cluster/nodeGroups/{name}"): ANYBODY,
        ("PUT", "/cluster/nodeGroups/{name}"): NODES,
        ("DELETE", "/cluster/nodeGroups/{name}"): NODES,
        ("GET", "/cluster/nodeGroups/{name}/nodes"): ANYBODY,
        ("PATCH", "/cluster/nodeGroups/{name}/nodes"): NODES,
        **_rights("/jobs/{jobId}", f"{_ENDS}, {_PAIRS}, POST submit, GET tasks, POST tasks"),
        **_rights("/jobs/{jobId}/tasks/{taskId}", f"{_ENDS}, {_PAIRS}"),
        **_rights("/jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}", _ENDS),
    },
    "/WindowsHPC": {
        ("GET", "/Clusters"): ANYBODY,
        ("GET", "/Version"): ANYBODY,
        ("GET", "/ActiveHeadnode"): ANYBODY,
        ("GET", "/Info/DateTimeFormat"): ANYBODY,
        ("GET", "/JobTemplates"): ANYBODY,
        ("GET", "/NodeGroups"): ANYBODY,
        ("GET", "/NodeGroup/{name}"): ANYBODY,
        ("GET", "/Nodes"): ANYBODY,
        ("GET", "/Node/{name}"): ANYBODY,
        ("GET", "/Jobs"): ANYBODY,
        ("POST", "/Jobs"): ANYBODY,
        ("POST", "/Jobs/JobFile"): ANYBODY,
        **_rights(
            "/Job/{jobId}", f"{_OLD_ENDS}, {_OLD_PAIRS}, POST Submit, POST Finish, GET Tasks, POST Tasks"
        ),
        **_rights("/Job/{jobId}/Task/{taskId}", f"{_OLD_ENDS}, {_OLD_PAIRS}"),
        **_rights("/Job/{jobId}/Task/{taskId}/SubTask/{subtaskId}", _OLD_ENDS),
        # Of a session that is not there. Who may use one that is: test_sessions.py.
        ("POST", "/Sessions/Create"): ANYBODY,
        ("GET", f"{_SESSION}/Attach"): ANYBODY,
        ("POST", f"{_SESSION}/Close"): ANYBODY,
        ("GET", "/SoaService/{name}/Versions"): ANYBODY,
        ("POST", f"{_SESSION}/batch/{{batch}}"): ANYBODY,
        ("POST", f"{_SESSION}/batch/{{batch}}/Commit"): ANYBODY,
        ("GET", f"{_SESSION}/batch/{{batch}}/Status"): ANYBODY,
        ("POST", f"{_SESSION}/batch/{{batch}}/Purge"): ANYBODY,
        ("POST", f"{_SESSION}/batch/{{batch}}/Response"): ANYBODY,
    },
}


class Request(Struct, frozen=True):
    """What is asked of an operation, and what comes of it when it is permitted."""

    method: str
    target: str
    body: bytes = b""
    status: int = 200
    before: tuple[tuple[str, Value], ...] = ()


def _newer() -> Iterator[Request]:
    for case in every():
        media = case.formats[0]
        yield Request(case.method, case.target, written(case.sent, media), case.status, case.before)


def _legacy() -> Iterator[Request]:
    for method, target, body, _ in legacy.CASES:
        yield Request(method, target, body.encode())
    yield Request("POST", "/Job/2/Task/2/Requeue", before=(("/jobs/2/tasks/2/cancel", None),))
    # Subtasks have nothing to be changed; the sweep of job 2 was submitted.
    yield Request("PUT", "/Job/2/Task/1/SubTask/2", legacy.TYPED.encode(), 400)
    for operation in every_operation(Legacy()):
        if operation.session:
            status = 400 if "durable" in operation.query else 404
            yield Request(operation.method, re.sub(r"\{\w+\}", "1", operation.path), status=status)


def _requests(face: str) -> dict[tuple[str, str], Request]:
    """The first request there is for each operation."""
    world = Legacy()
    every_one = newer_operations(world.context) if face == "/hpc" else every_operation(world)
    router = Router(every_one)
    found: dict[tuple[str, str], Request] = {}
    for request in _newer() if face == "/hpc" else _legacy():
        at = router.find(request.target.partition("?")[0])
        assert at is not None, request
        operation = at[0][request.method]
        if b"UserName" not in request.body:  # which is right for one owner alone
            found.setdefault((operation.method, operation.path), request)
    return found


REQUESTS = {face: _requests(face) for face in RIGHTS}


@pytest.mark.parametrize("face", RIGHTS)
def test_every_operation_has_a_line_and_a_request(face: str) -> None:
    world = Legacy()
    every_one = newer_operations(world.context) if face == "/hpc" else every_operation(world)
    known = {(operation.method, operation.path) for operation in every_one}
    assert set(RIGHTS[face]) == known
    assert set(REQUESTS[face]) == known


@pytest.fixture
async def world() -> AsyncIterator[Legacy]:
    world = Legacy()
    await world.open()
    yield world
    await world.close()


@pytest.mark.parametrize("through", ["itself", "as the owner", "as another"])
@pytest.mark.parametrize("owner", ["own", "other's"])
@pytest.mark.parametrize("caller", ["ann", "op", "planner", "boss"])
@pytest.mark.parametrize("face", RIGHTS)
async def test_who_may_do_what(world: Legacy, face: str, caller: str, owner: str, through: str) -> None:
    """Acting as somebody is doing it with that user's rights, and takes the right to."""
    whose = caller if owner == "own" else "ben"
    as_user = {"itself": "", "as the owner": whose, "as another": "ann" if whose != "ann" else "ben"}[through]
    doer = as_user or caller
    # What is lent is never more than the caller's own role holds.
    role = ROLES[doer] if doer == caller else (ROLES[doer] & ROLES[caller]) | Role.USER
    wrong: list[str] = []
    base = await world.furnish(whose)
    for place, request in REQUESTS[face].items():
        owned = place[1].lower().startswith("/job")
        permitted = (owned and doer == whose) or bool(role & RIGHTS[face][place])
        may_act = not as_user or bool(ROLES[caller] & ACTING)
        expected = request.status if permitted and may_act else 403
        for target, value in request.before:
            sent = written(value, JSON)
            assert (await world.ask("POST", _of(target, base), sent, user="boss")).status < 300
        got = await ask(world, face, request, base, caller, as_user)
        if got != expected:
            wrong.append(f"{' '.join(place)}: {got} instead of {expected}")
        if request.method != "GET" and (got < 300 or request.before):
            base = await world.furnish(whose)
    assert not wrong


def _of(target: str, base: int) -> str:
    """The target, about the jobs that are there now."""
    return re.sub(r"(?<=/[Jj]ob/)\d|(?<=/jobs/)\d", lambda found: str(base + int(found[0])), target)


async def ask(world: Legacy, face: str, request: Request, base: int, caller: str, as_user: str) -> int:
    """The status of the answer."""
    headers = {"x-ms-as-user": as_user} if as_user else {}
    target = _of(request.target, base)
    if face == "/hpc":
        kind = JSON if request.body else None
        got = await world.ask(
            request.method, target, request.body, user=caller, headers=headers, content_type=kind
        )
    else:
        got = await world.old(request.method, target, request.body, user=caller, headers={**NEW, **headers})
    return got.status
