"""The OpenAPI 3.1 description of /v1, made from the list of operations and the types in `wire.py`."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from headgate.dialects.v1 import wire

REF: Final = "#/components/schemas/{name}"
PROBLEM: Final = {
    "description": "Refused; says why",
    "content": {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}},
}
QUERY: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
        "cursor": {"schema": {"type": "string"}, "description": "`next` of the page before"},
        "state": {
            "schema": {"type": "string"},
            "description": "States, comma separated",
            "example": "queued,running",
        },
        "owner": {"schema": {"type": "string"}},
        "sort": {
            "schema": {"type": "string", "default": "id"},
            "description": "id, owner, changed, name or state; `-` in front: the other way round",
        },
        "task": {"schema": {"type": "integer", "minimum": 1}, "description": "This task alone"},
        "expand": {
            "schema": {"type": "boolean", "default": False},
            "description": "The instances of a sweep each, instead of the task they belong to",
        },
    }
)


class Operation(Struct, frozen=True):
    """One operation. `answer` None: no content; str: plain text."""

    method: str
    path: str
    endpoint: Callable[[Any, Any], Awaitable[Any]]
    answer: type | None
    status: int = 200
    body: type | None = None
    body_optional: bool = False
    query: tuple[str, ...] = ()
    basic: bool = False


def document(operations: Iterable[Operation], *, version: str) -> dict[str, Any]:
    """The whole description."""
    operations = tuple(operations)
    named = [
        one
        for operation in operations
        for one in (operation.answer, operation.body)
        if one not in (None, str)
    ]
    _, components = msgspec.json.schema_components([*named, wire.Problem], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headgate", "version": version, "summary": "One HTTP front door to HPC."},
        "servers": [{"url": "/v1"}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.endpoint.__name__
        + ("_of_instance" if "{instance}" in operation.path else ""),
        "summary": (operation.endpoint.__doc__ or "").strip(),
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _answer(operation), "default": PROBLEM},
    }
    if operation.basic:
        described["security"] = [{"basic": []}]
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {"application/json": {"schema": _ref(operation.body)}},
        }
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"{(\w+)}", operation.path):
        schema = {"type": "string"} if name == "name" else {"type": "integer", "minimum": 0}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found + [{"name": name, "in": "query", **QUERY[name]} for name in operation.query]


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done"}
    if operation.answer is str:
        return {"description": "Done", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"description": "Done", "content": {"application/json": {"schema": _ref(operation.answer)}}}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
