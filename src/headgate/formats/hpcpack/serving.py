"""What each request of an HPC Pack face goes through: who is calling, which operation, sending the answer."""

from collections.abc import Mapping

from headgate.core.errors import NotAuthenticated, NotFound
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Answer, Scope, Send
from headgate.formats.hpcpack.operation import Op
from headgate.formats.hpcpack.refusals import MethodNotAllowed
from headgate.formats.hpcpack.routing import Router
from headgate.ports.identity import Caller


def path_of(scope: Scope) -> str:
    """The path behind the face's own."""
    path: str = scope["path"]
    return path[len(scope.get("root_path", "")) :]


def headers_of(scope: Scope, wanted: Mapping[bytes, str]) -> dict[str, str]:
    """The headers that count, by a name of ours; those that are not there are empty."""
    found = dict.fromkeys(wanted.values(), "")
    for name, value in scope["headers"]:
        known = wanted.get(name)
        if known is not None:
            found[known] = value.decode("latin-1")
    return found


async def caller_of(context: Context, scope: Scope, authorization: str, as_user: str) -> Caller:
    """Who is calling, or (hpcpack-2016, section 1.2) in whose name.

    Raises NotAuthenticated, NotPermitted, NotFound (kind user).
    """
    if not authorization:
        raise NotAuthenticated(
            "This request has no Authorization header: send a user name and a password (Basic)."
        )
    caller = context.identity.remembered(authorization)
    if caller is None:
        client = scope.get("client")
        caller = await context.identity.authenticate(authorization, address=client[0] if client else "")
    as_user = as_user.strip()
    if not as_user:
        return caller
    # ASGI gives bytes; clients that send names beyond ASCII send UTF-8.
    try:
        as_user = as_user.encode("latin-1").decode()
    except UnicodeDecodeError:
        pass
    return context.users.act_as(caller, as_user)


def operation_at(router: Router[Op], scope: Scope, path: str) -> tuple[Op, list[str]]:
    """The operation at a path, and the values in it. Raises NotFound, MethodNotAllowed."""
    found = router.find(path)
    if found is None:
        raise NotFound(f"There is nothing at {path[:200]}.", kind="path")
    methods, values = found
    method: str = scope["method"]
    operation = methods.get("GET" if method == "HEAD" else method)
    if operation is None:
        allowed = tuple(methods)
        raise MethodNotAllowed(f"{path[:200]} takes {' and '.join(allowed)}, not {method[:20]}.", allowed)
    return operation, values


async def send_answer(answer: Answer, media_type: str, scope: Scope, send: Send) -> None:
    """Send an answer whose body is of this type unless it says otherwise."""
    headers = list(answer.headers)
    parts = answer.parts
    if answer.status != 204:
        if answer.body or parts is not None:
            headers.append((b"content-type", (answer.media_type or media_type).encode()))
        if parts is None:
            headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    only_headers = scope["method"] == "HEAD"
    if parts is not None and not only_headers:
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    body = b"" if only_headers or parts is not None else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
