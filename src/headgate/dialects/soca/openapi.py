"""The OpenAPI 3.1 description of this face, made from its list of operations (spec soca, 1.1).

`/api/doc/swagger.json` and `/api/api.json` are the same document: the first name is where clients look.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from headgate.dialects.soca.errors import OUTCOMES
from headgate.dialects.soca.operation import Field, Level, Operation
from headgate.dialects.soca.parse import FORM, JSON, MULTIPART

_FAILURE: Final = {"$ref": "#/components/schemas/Failure"}
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}

_QUEUE_LIMITS: Final = (
    *("max_running_jobs", "max_running_jobs_per_user"),
    *("max_queued_jobs_per_user", "max_provisioned_instances"),
)
_QUEUE_AMOUNTS: Final = ("defaults", "minima", "maxima")
_QUEUE_NAMES: Final = ("restricted_parameters", "allowed_instance_types", "excluded_instance_types")

AUTHENTICATION: Final = (
    "Every request but those for anybody carries two headers: `X-SOCA-USER`, the name of a user, and "
    "`X-SOCA-TOKEN`, that user's API key, 32 hexadecimal digits. Without them, or with a key that is another "
    "user's, the answer is 401 `Not authorized`. `X-EDH-USER` and `X-EDH-TOKEN` mean the same.",
    "The key comes from an administrator, on the server's machine: `headgate token create NAME --data DIR` "
    "prints it, the same each time.",
    "Or from this interface, for the user's password: `GET /api/user/api_key?user=NAME` with the headers "
    "`X-SOCA-USER: NAME` and `X-SOCA-PASSWORD`, which counts there alone. The key is the message.",
    "Where the server's settings name a file for it (`root_key_file` in `[soca]`), there is a root key too: "
    "alone as `X-SOCA-TOKEN` it passes everywhere, and with `X-SOCA-USER` it acts as that user.",
)
"""How a request says who asks, and where the key comes from (2). Code is in backquotes."""
_HEADERS: Final = (
    ("user", "X-SOCA-USER", "The name of the user who asks"),
    ("token", "X-SOCA-TOKEN", "That user's API key (`headgate token create NAME`), or the root key"),
    ("password", "X-SOCA-PASSWORD", "That user's password, for `GET /user/api_key` alone"),
    ("edhUser", "X-EDH-USER", "As X-SOCA-USER"),
    ("edhToken", "X-EDH-TOKEN", "As X-SOCA-TOKEN"),
    ("edhPassword", "X-EDH-PASSWORD", "As X-SOCA-PASSWORD"),
)

# What the list can't say by itself. Attributes are PBS's; only those that clients read are named (4.3).
SCHEMAS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "Failure": {
            "type": "object",
            "properties": {
                "success": {"const": False},
                "message": {"anyOf": [_TEXT, {"type": "object"}]},
                "code": {"type": "string", "enum": sorted(OUTCOMES)},
                "reason": _TEXT,
                "request_id": _TEXT,
            },
            "required": ["success", "message", "code", "request_id"],
        },
        "Job": {
            "type": "object",
            "description": "The attributes that OpenPBS lists of a job.",
            "properties": {
                "Job_Name": _TEXT,
                "Job_Owner": {"type": "string", "pattern": "@"},
                "job_state": {"type": "string", "enum": list("QHWTRSEBXF")},
                "substate": _NUMBER,
                "queue": _TEXT,
                "project": _TEXT,
                "Resource_List": {
                    "type": "object",
                    "properties": {"ncpus": _NUMBER, "nodect": _NUMBER, "select": _TEXT},
                    "additionalProperties": {"type": ["string", "integer"]},
                },
                "Variable_List": {"type": "object", "additionalProperties": _TEXT},
                "exec_vnode": _TEXT,
                "qtime": _TEXT,
                "stime": _TEXT,
                "Exit_status": _NUMBER,
            },
            "required": ["Job_Name", "Job_Owner", "job_state", "Resource_List", "project"],
        },
        "Group": {
            "type": "object",
            "properties": {"group_dn": _TEXT, "members": {"type": "array", "items": _TEXT}},
            "required": ["group_dn", "members"],
        },
        "Queue": {
            "type": "object",
            "properties": {
                "name": _TEXT,
                "default": {"type": "boolean"},
                "enabled": {"type": "boolean"},
                "started": {"type": "boolean"},
                "priority": _NUMBER,
                "usable": {"type": "boolean"},
                "description": _TEXT,
                "type": {"type": "string", "enum": ["alwayson", "ondemand"]},
                "waiting": _NUMBER,
                "running": _NUMBER,
                **{name: {"type": ["integer", "null"]} for name in _QUEUE_LIMITS},
                **{name: {"type": "object", "additionalProperties": _TEXT} for name in _QUEUE_AMOUNTS},
                **{name: {"type": "array", "items": _TEXT} for name in _QUEUE_NAMES},
            },
            "required": ["name", "default", "enabled", "started", "usable"],
        },
    }
)
_SECURITY: Final[Mapping[Level, list[dict[str, list[str]]]]] = MappingProxyType(
    {
        Level.OPEN: [],
        Level.PRIVATE: [{"user": [], "token": []}, {"edhUser": [], "edhToken": []}, {"token": []}],
        Level.ADMIN: [{"user": [], "token": []}, {"edhUser": [], "edhToken": []}, {"token": []}],
        Level.RESTRICTED: [{"token": []}, {"edhToken": []}],
        Level.KEY: [{"user": [], "password": []}, {"edhUser": [], "edhPassword": []}, {"token": []}],
    }
)
_ALWAYS: Final = ("UNKNOWN_ERROR", "UNAVAILABLE")
_OF_THE_LET_IN: Final = ("NOT_AUTHORIZED", "CLIENT_INVALID_PARAMETER", "UNSUPPORTED_MEDIA", "TOO_LARGE")


def document(operations: Iterable[Operation], version: str, *, strict: bool) -> bytes:
    """The description as JSON. strict: with the strict set of statuses (3)."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, strict)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Headgate: SOCA Web API",
                "version": version,
                "description": "Fields are taken from the query, a form or a JSON object, on every method; "
                "passwords, payloads and contents of files never from the query. A failure has `success` "
                "false and its name as `code`, whatever its status.\n\n" + "\n\n".join(AUTHENTICATION),
            },
            "servers": [{"url": "/api"}],
            "paths": paths,
            "components": {
                "schemas": dict(SCHEMAS),
                "securitySchemes": {
                    name: {"type": "apiKey", "in": "header", "name": header, "description": about}
                    for name, header, about in _HEADERS
                },
            },
        }
    )


def purpose(operation: Operation) -> str:
    """What an operation does: the docstring of its handler."""
    return (operation.handler.__doc__ or "").strip()


def in_body(operation: Operation) -> bool:
    """Whether the fields of an operation are described as its body: they may stand elsewhere all the same."""
    return operation.method in ("POST", "PUT")


def _operation(operation: Operation, strict: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": "_".join([operation.method.lower(), *re.findall(r"\w+", operation.path)]),
        "summary": purpose(operation),
        "description": f"For {operation.level.value}.",
        "security": _SECURITY[operation.level],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in re.findall(r"\{(\w+)\}", operation.path)
        ],
        "responses": _responses(operation, strict),
    }
    if not in_body(operation):
        described["parameters"] += [
            {
                "name": field.name,
                "in": "query",
                "required": field.required,
                "description": field.about,
                "schema": _schema(field),
            }
            for field in operation.fields
        ]
    elif operation.fields:
        schema = {
            "type": "object",
            "properties": {
                field.name: {**_schema(field), "description": field.about} for field in operation.fields
            },
            "required": [field.name for field in operation.fields if field.required],
        }
        described["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media in (FORM, MULTIPART, JSON)},
        }
    return described


def _schema(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": field.kind}
    if field.required and field.kind == "string":
        schema["minLength"] = 1
    if field.example:
        schema["examples"] = [int(field.example) if field.kind == "integer" else field.example]
    return schema


def _responses(operation: Operation, strict: bool) -> dict[str, Any]:
    let_in = () if operation.level is Level.OPEN else _OF_THE_LET_IN
    by_status: dict[int, list[str]] = {}
    for name in dict.fromkeys((*operation.failures, *let_in, *_ALWAYS)):
        outcome = OUTCOMES[name]
        by_status.setdefault(outcome.strict if strict and outcome.strict else outcome.status, []).append(name)
    answers: dict[str, Any] = {}
    if operation.level is not Level.OPEN:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {
                "success": {"const": True},
                "message": operation.message or _TEXT,
                "warnings": {"type": "array", "items": _TEXT},
            },
            "required": ["success", "message"],
        }
        also = by_status.pop(200, [])
        answers["200"] = {
            "description": "Done" + (f"; or {', '.join(also)}, with success false" if also else ""),
            "content": {JSON: {"schema": {"anyOf": [schema, _FAILURE]} if also else schema}},
        }
    for status, names in sorted(by_status.items()):
        answers[str(status)] = {
            "description": ", ".join(names),
            "content": {JSON: {"schema": _FAILURE}},
        }
    return answers
