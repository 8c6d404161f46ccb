"""Whatever the description of /v1 allows, and much that it does not, gets an answer that is no fault."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode

from headgate.dialects.v1.openapi import document
from headgate.dialects.v1.routes import OPERATIONS
from headgate.testing.server import Server
from tests.integration.http.conftest import ADA

DESCRIBED = schemathesis.openapi.from_dict(json.loads(json.dumps(document(OPERATIONS, version="test"))))
DESCRIBED.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.mark.parametrize("server", [0], indirect=True)
@DESCRIBED.parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_may_arrive_is_a_fault(case: schemathesis.Case[Any], server: Server) -> None:
    case.headers.pop("Authorization", None)
    answer = case.call(base_url=server.url + "/v1", auth=ADA)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] in ("application/problem+json", "text/plain; charset=utf-8")
