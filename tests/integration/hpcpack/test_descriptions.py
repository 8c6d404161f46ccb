"""What the descriptions of `/hpc` and `/WindowsHPC` allow, and much that they do not: answered as said."""

import asyncio
import json
import time
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from headgate.testing.server import Server
from tests.compliance.hpcpack.world import exchange
from tests.compliance.windowshpc.world import Legacy

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 10
"""For each operation: what these find is found early, and there are over a hundred operations."""


def described(face: str) -> Any:
    """The description of a face, as it is served."""

    async def read() -> bytes:
        world = Legacy()
        asked = world.face if face == "/hpc" else world.legacy
        answer = await exchange(asked, face, "GET", "/openapi.json", b"", {})
        await world.close()
        return answer.body

    return json.loads(asyncio.run(read()))


DESCRIPTIONS = {face: described(face) for face in ("/hpc", "/WindowsHPC")}


def schema(face: str) -> BaseSchema:
    """The description as what draws requests from it."""
    loaded = schemathesis.openapi.from_dict(DESCRIPTIONS[face])
    loaded.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return loaded


NEWER, LEGACY = schema("/hpc"), schema("/WindowsHPC")
BOUNDED = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def furnished(server: Server) -> Server:
    """A server with a job that ends, one that is held, and one that is being configured."""
    with server.http() as http:
        for number in range(3):
            job = http.post("/hpc/jobs", json=[]).raise_for_status().json()
            sweep = {"Type": "ParametricSweep", "EndValue": "3", "CommandLine": "true", "WorkDirectory": "/"}
            tasks = [sweep, {"CommandLine": "true", "WorkDirectory": "/"}]
            for task in tasks:
                body = [{"Name": name, "Value": value} for name, value in task.items()]
                http.post(f"/hpc/jobs/{job}/tasks", json=body).raise_for_status()
            later = time.strftime("%m/%d/%Y %H:%M:%S", time.gmtime(time.time() + 86400))
            said = [] if number == 0 else [{"Name": "HoldUntil", "Value": later}]
            if number < 2:
                http.post(f"/hpc/jobs/{job}/submit", json=said).raise_for_status()
    return server


def judge(case: "schemathesis.Case[Any]", server: Server, face: str) -> None:
    """Send it as an administrator; its answer is as described."""
    case.headers.pop("Authorization", None)
    answer = case.call(base_url=server.url + face, auth=server.admin)
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.timeout(180)  # all operations are one test
@NEWER.parametrize()
@BOUNDED
def test_the_answers_of_hpc_are_those_described(case: "schemathesis.Case[Any]", furnished: Server) -> None:
    judge(case, furnished, "/hpc")


@pytest.mark.timeout(180)
@LEGACY.parametrize()
@BOUNDED
def test_the_answers_of_windowshpc_are_those_described(
    case: "schemathesis.Case[Any]", furnished: Server
) -> None:
    judge(case, furnished, "/WindowsHPC")


@pytest.mark.parametrize("face", DESCRIPTIONS)
def test_the_description_is_valid_openapi(face: str) -> None:
    OpenAPIV31SpecValidator(DESCRIPTIONS[face]).validate()
