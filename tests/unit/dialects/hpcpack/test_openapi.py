"""formats/hpcpack/openapi.py and dialects/hpcpack/page.py: the description tells of every operation."""

import asyncio
import json
import re
from typing import Any

import pytest

from headgate.formats.hpcpack.openapi import QUERY
from tests.compliance.hpcpack.world import World

# Spec hpcpack-2016, section 4: every operation of the 2016 set.
PUBLISHED = """
GET /cluster/version, GET /cluster/activeHeadNode, GET /cluster/info/dateTimeFormat, GET /nodes, GET
/nodes/{name}, GET /nodes/groups, GET /nodes/groups/{name}, GET /jobs, POST /jobs, POST /jobs/jobFile, GET
/jobs/templates, GET /jobs/{jobId}, PUT /jobs/{jobId}, GET /jobs/{jobId}/customProperties, POST
/jobs/{jobId}/customProperties, GET /jobs/{jobId}/envVariables, POST /jobs/{jobId}/envVariables, POST
/jobs/{jobId}/submit, POST /jobs/{jobId}/cancel, POST /jobs/{jobId}/finish, POST /jobs/{jobId}/requeue, GET
/jobs/{jobId}/tasks, POST /jobs/{jobId}/tasks, GET /jobs/{jobId}/tasks/{taskId}, PUT
/jobs/{jobId}/tasks/{taskId}, GET /jobs/{jobId}/tasks/{taskId}/customProperties, POST
/jobs/{jobId}/tasks/{taskId}/customProperties, GET /jobs/{jobId}/tasks/{taskId}/envVariables, POST
/jobs/{jobId}/tasks/{taskId}/envVariables, POST /jobs/{jobId}/tasks/{taskId}/cancel, POST
/jobs/{jobId}/tasks/{taskId}/finish, POST /jobs/{jobId}/tasks/{taskId}/requeue, GET
/jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}, PUT /jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}, POST
/jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}/cancel, POST
/jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}/finish, POST
/jobs/{jobId}/tasks/{taskId}/subtasks/{subtaskId}/requeue
"""
# Section 6: what 2019 added.
ADDED = """
GET /cluster/userRoles, GET /cluster/nodes, GET /cluster/nodes/{name}, POST
/cluster/nodes/{name}/operations/{operation}, GET /cluster/nodes/metrics, GET /cluster/nodes/stats/state, GET
/cluster/nodes/stats/health, GET /cluster/metrics/definitions, GET /cluster/metrics/history/{name}, GET
/cluster/metrics/jobs, GET /cluster/operations, GET /cluster/operations/first, GET /cluster/operations/{id},
GET /cluster/nodeGroups, POST /cluster/nodeGroups, GET /cluster/nodeGroups/{name}, PUT
/cluster/nodeGroups/{name}, DELETE /cluster/nodeGroups/{name}, GET /cluster/nodeGroups/{name}/nodes, PATCH
/cluster/nodeGroups/{name}/nodes, GET /cluster/info
"""


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    async def ask() -> dict[str, bytes]:
        world = await World().open()
        paths = ("/openapi.json", "/docs")
        found = {path: (await world.ask("GET", path, user=None)).body for path in paths}
        await world.close()
        return found

    return asyncio.run(ask())


@pytest.fixture
def document(bodies: dict[str, bytes]) -> Any:
    return json.loads(bodies["/openapi.json"])


def test_the_description_has_the_published_operations(document: Any) -> None:
    described = {
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    }
    assert described == {" ".join(found) for found in re.findall(r"([A-Z]+)\s+(/[^\s,]+)", PUBLISHED + ADDED)}


def test_every_operation_is_told_well(document: Any) -> None:
    identifiers = []
    for path, methods in document["paths"].items():
        for operation in methods.values():
            identifiers.append(operation["operationId"])
            assert operation["summary"].endswith(".")
            in_path = [entry["name"] for entry in operation["parameters"] if entry["in"] == "path"]
            assert in_path == re.findall(r"\{(\w+)\}", path)
            assert set(operation["responses"]) & {"200", "202", "204"}
    assert len(identifiers) == len(set(identifiers))


def answer_of(document: Any, method: str, path: str, status: str) -> Any:
    answer = document["paths"][path][method]["responses"][status]
    return answer["content"]["application/json"]["schema"] if "content" in answer else None


def test_typed_answers_are_described_by_the_types_they_are_made_of(document: Any) -> None:
    nodes = answer_of(document, "get", "/cluster/nodes", "200")
    assert nodes["items"] == {"$ref": "#/components/schemas/Node"}
    assert nodes["xml"]["name"] == "ArrayOfNode"
    node = document["components"]["schemas"]["Node"]
    assert list(node["properties"])[:3] == ["Name", "State", "Health"]
    assert "Location" in node["required"]
    assert "Online" in node["properties"]["State"]["enum"]
    log = document["components"]["schemas"]["OperationLog"]
    assert log["properties"]["UpdateTime"] == {"type": "string", "format": "date-time"}


def test_successes_have_their_published_statuses(document: Any) -> None:
    operate, group = "/cluster/nodes/{name}/operations/{operation}", "/cluster/nodeGroups/{name}"
    assert answer_of(document, "post", operate, "202") is None
    assert answer_of(document, "delete", group, "204") is None
    for method, path in (("post", "/cluster/nodeGroups"), ("put", group)):
        assert answer_of(document, method, path, "200") == {"$ref": "#/components/schemas/NodeGroup"}
    assert answer_of(document, "patch", f"{group}/nodes", "200")["type"] == "array"


def test_parameters_that_must_be_given_say_so(document: Any) -> None:
    required = {
        (path, entry["name"])
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for entry in operation["parameters"]
        if entry["in"] == "query" and entry.get("required")
    }
    history = "/cluster/metrics/history/{name}"
    assert required == {
        ("/cluster/nodes/metrics", "metricNames"),
        (history, "fromTime"),
        (history, "toTime"),
    }


def test_every_reference_leads_somewhere(document: Any) -> None:
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


def test_every_parameter_is_used(document: Any) -> None:
    used = {
        entry["name"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for entry in operation["parameters"]
        if entry["in"] == "query"
    }
    assert used == set(QUERY)


def test_the_page_tells_of_every_operation_and_loads_nothing(bodies: dict[str, bytes], document: Any) -> None:
    page = bodies["/docs"].decode()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()}&nbsp;/hpc{path}<" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "http" not in page
