"""One request to the server, and its no."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from headgate.client.errors import Refused, Unreachable

VERSION: Final = "2012-11-01.4.0"
JSON: Final = {"Accept": "application/json"}


class Fault(Struct, frozen=True):
    """A refusal."""

    Code: int = 0
    Message: str = ""


@asynccontextmanager
async def opened(http: httpx.AsyncClient, path: str) -> AsyncIterator[httpx.Response]:
    """An answer that is read as it comes. Raises Refused, Unreachable."""
    request = http.build_request("POST", path, headers={**JSON, "Content-Length": "0"})
    try:
        answer = await http.send(request, stream=True)
    except httpx.HTTPError as error:
        raise Unreachable(f"{http.base_url} can't be reached: {error}") from None
    try:
        if not answer.is_success:
            await answer.aread()
            raise refused(answer)
        yield answer
    finally:
        await answer.aclose()


async def ask(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    content: bytes | AsyncIterator[bytes] = b"",
    kind: str = "application/octet-stream",
) -> httpx.Response:
    """One request. Raises Refused, Unreachable."""
    headers = {**JSON, "Content-Type": kind} if method != "GET" else JSON
    try:
        answer = await http.request(method, path, content=content, headers=headers)
    except httpx.HTTPError as error:
        raise Unreachable(f"{http.base_url} can't be reached: {error}") from None
    if not answer.is_success:
        raise refused(answer)
    return answer


def refused(answer: httpx.Response) -> Refused:
    """The server's no. Its code is the number of the fault (7.9), as the pages write it."""
    try:
        fault = msgspec.json.decode(answer.content, type=Fault)
    except msgspec.MsgspecError:
        fault = Fault()
    text = fault.Message or f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    return Refused(text, status=answer.status_code, code=f"{fault.Code & 0xFFFFFFFF:08X}")
