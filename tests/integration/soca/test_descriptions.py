"""What the description of `/api` allows, and much that it does not: answered as said."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from headgate.dialects.soca.options import Options
from tests.compliance.soca.world import World
from tests.integration.soca.conftest import Site

# A failure may well be a 500 here (spec soca, section 3): those have a schema, too.
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 10


def described(path: str) -> Any:
    """A description, as it is served to anybody."""

    async def read() -> Any:
        world = World(Options())
        answer = await world.ask("GET", path, user=None)
        await world.close()
        return answer.json

    return asyncio.run(read())


DESCRIPTION = described("/api.json")
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
SCHEMA.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
BOUNDED = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def furnished(site: Site) -> Site:
    """With a job that is held, one that has ended, and a group."""
    with site.http("boss") as http:
        for script in (b"#PBS -h\ntrue\n", b"true\n"):
            http.post("/scheduler/job", data={"payload": b64encode(script).decode()}).raise_for_status()
        http.post("/ldap/group", data={"group": "crew", "members": "ada"}).raise_for_status()
    return site


@pytest.mark.timeout(180)  # all operations are one test
@SCHEMA.parametrize()
@BOUNDED
def test_the_answers_are_those_described(case: "schemathesis.Case[Any]", furnished: Site) -> None:
    case.headers.update({"X-SOCA-USER": "boss", "X-SOCA-TOKEN": furnished.keys["boss"]})
    answer = case.call(base_url=furnished.server.url + "/api")
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 500:
        assert answer.json()["code"] != "UNKNOWN_ERROR", answer.text
    else:
        case.validate_response(answer, checks=[not_a_server_error])


def test_the_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_both_addresses_have_the_same_description() -> None:
    assert described("/doc/swagger.json") == DESCRIPTION
    names = {scheme["name"] for scheme in DESCRIPTION["components"]["securitySchemes"].values()}
    assert names == {
        f"X-{family}-{word}" for family in ("SOCA", "EDH") for word in ("USER", "TOKEN", "PASSWORD")
    }
