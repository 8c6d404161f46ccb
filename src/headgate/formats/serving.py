"""One request and its answer as bytes, for faces that are plain ASGI: reading one, sending the other.

Which operation a path belongs to is `routing.py`; what stands in a body is each face's own.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from msgspec import Struct

from headgate.core.errors import NotFound
from headgate.formats.routing import MethodNotAllowed, Router, T

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Disconnected(Exception):
    """The client went away before its body was here."""


class Answer(Struct, frozen=True):
    """What is sent.

    A whole body, or the parts of a long one. No body and status 204 for changes (hpcpack-2016, section 2.3).
    media_type: where it is not the one of the format the client asked for.
    """

    status: int = 204
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    parts: AsyncIterator[bytes] | None = None
    media_type: str = ""


def path_of(scope: Scope) -> str:
    """The path behind the face's own."""
    path: str = scope["path"]
    return path[len(scope.get("root_path", "")) :]


def headers_of(scope: Scope, wanted: Mapping[bytes, str]) -> dict[str, str]:
    """The headers that count, by a name of ours; those that are not there are empty."""
    given = dict(scope["headers"])
    return {ours: given.get(name, b"").decode("latin-1") for name, ours in wanted.items()}


def has_body(scope: Scope) -> bool:
    """Whether the headers say that something comes behind them (RFC 9112, section 6)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in scope["headers"]
    )


def is_sending(scope: Scope) -> bool:
    """Whether that is on its way already; who sends `Expect` waits for a word first (RFC 9110, 10.1.1)."""
    return has_body(scope) and all(name != b"expect" for name, _ in scope["headers"])


def operation_at(router: Router[T], scope: Scope, path: str) -> tuple[T, list[str]]:
    """The operation at a path, and the values in it. Raises NotFound, MethodNotAllowed."""
    found = router.find(path)
    whole: str = scope["path"]
    if found is None:
        raise NotFound(f"There is nothing at {whole[:200]}.", kind="path")
    methods, values = found
    method: str = scope["method"]
    operation = methods.get("GET" if method == "HEAD" else method)
    if operation is None:
        allowed = tuple(methods)
        raise MethodNotAllowed(f"{whole[:200]} takes {' and '.join(allowed)}, not {method[:20]}.", allowed)
    return operation, values


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises Disconnected."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


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
        try:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            # A client that has left: what makes the parts lets go of what it holds now, not some time later.
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
    body = b"" if only_headers or parts is not None else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
