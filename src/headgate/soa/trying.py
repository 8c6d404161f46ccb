"""Trying a service without a cluster: requests by lines, answers by lines (`headgate service run`).

A line that begins with `<` is the body of a request, and its element's name the operation; any other line is
the text of a generic request. Answers come in the order of the requests.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

from headgate.core.errors import BadRequest, HeadgateError
from headgate.core.soa import GENERIC_ACTION, Registration
from headgate.formats import soa_bodies as bodies
from headgate.formats.soa_link import Outcome, Task
from headgate.scripts.safe_xml import local_name, tree
from headgate.soa.program import Program, ServiceEnded, start


class ServiceFailed(HeadgateError):
    """The service did not start, or has ended."""

    code = "Service_InitializeFailed"


async def converse(
    registration: Registration, lines: AsyncIterable[str], answer: Callable[[str], None]
) -> None:
    """Start the service, ask it line by line. Raises ServiceFailed; BadRequest for a line that is no XML."""
    waiting: dict[int, asyncio.Future[Outcome]] = {}
    ended = asyncio.get_running_loop().create_future()

    def done(outcomes: list[Outcome]) -> None:
        for one in outcomes:
            waiting.pop(one.id).set_result(one)

    def end(reason: str) -> None:
        if not ended.done():
            ended.set_result(reason)

    try:
        program = await start(registration, done, end)
    except ServiceEnded as reason:
        raise ServiceFailed(str(reason)) from None
    try:
        try:
            program.given.concurrency = await program.ready(registration.limits.start_s)
        except ServiceEnded as reason:
            raise ServiceFailed(str(reason)) from None
        number = 0
        async for line in lines:
            number += 1
            waiting[number] = asyncio.get_running_loop().create_future()
            answer(await _ask(program, request(number, line), waiting[number], ended))
    finally:
        await program.end(at_once=False)


def request(number: int, line: str) -> Task:
    """The request that a line stands for. Raises BadRequest."""
    if not line.startswith("<"):
        return Task(number, GENERIC_ACTION, bodies.generic_request(line))
    return Task(number, f"{bodies.TEMPURI}{local_name(tree(line))}", line.encode())


async def _ask(
    program: Program, task: Task, outcome: "asyncio.Future[Outcome]", ended: "asyncio.Future[str]"
) -> str:
    program.given.waiting.append(task)
    program.given.feed()
    either: list[asyncio.Future[Any]] = [outcome, ended]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not outcome.done():
        raise ServiceFailed(ended.result() or await program.obituary())
    body = outcome.result().body
    if outcome.result().action.endswith("GenericOperationResponse"):
        try:
            return str(bodies.result(body, str))
        except BadRequest:
            pass
    return body.decode("utf-8", "replace")
