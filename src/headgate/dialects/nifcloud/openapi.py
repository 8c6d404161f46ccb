"""The OpenAPI 3.1 description of this face, made from its list of operations."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from headgate.core.model import INT_MAX
from headgate.dialects.nifcloud.errors import JSON, OUTCOMES
from headgate.dialects.nifcloud.operation import Operation

_TEXT: Final = {"type": "string"}
STATES: Final = (
    *("ACC", "RJT", "QUE", "RNA", "RNP", "RUN", "RNE", "RNO", "SPP", "SPD", "RSM", "EXT", "CCL", "HLD"),
    "ERR",
)
JOB: Final = (
    "job_id",
    "job_name",
    "status",
    "user",
    "group",
    "start_date",
    "elapse_time",
    "elapsed_time",
    "node_require",
    "priority",
    "accept",
    "queue",
    "Fugaku:elapse_limit",
    "Fugaku:elapsed_limit",
    "Fugaku:md",
    "Fugaku:vnode",
    "Fugaku:core",
    "Fugaku:v_mem",
    "Fugaku:v_pol",
    "Fugaku:e_pol",
    "Fugaku:rank",
    "Fugaku:lst",
    "Fugaku:ec",
    "Fugaku:pc",
    "Fugaku:sn",
    "Fugaku:reason",
)
"""The members of a job (spec nifcloud, 5.2)."""

SCHEMAS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "CommonErrorFormat": {
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT},
            "required": ["code", "message"],
            "additionalProperties": False,
        },
        "HTTPValidationError": {
            "type": "object",
            "properties": {
                "detail": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"loc": {"type": "array", "items": _TEXT}, "msg": _TEXT, "type": _TEXT},
                        "required": ["loc", "msg", "type"],
                    },
                }
            },
            "required": ["detail"],
            "additionalProperties": False,
        },
        "Job": {
            "type": "object",
            "description": "All values are text; `-` stands for what does not apply.",
            "properties": {
                **dict.fromkeys(JOB, _TEXT),
                "job_id": {"type": "string", "pattern": "^[0-9]+$"},
                "status": {"type": "string", "enum": list(STATES)},
                "Fugaku:lst": {"type": "string", "enum": [*STATES, "-"]},
                "Fugaku:md": {"type": "string", "enum": ["NM", "BU", "ST", "MW"]},
            },
            "required": list(JOB),
            "additionalProperties": False,
        },
        "Sync": {
            "type": "object",
            "properties": {
                "status": {
                    "type": "string",
                    "enum": ["waiting", "complete", "error: parameter error", "error: no such ID"],
                },
                "result": {
                    "type": "string",
                    "pattern": "^[0-9]+$",
                    "description": "There when it is complete; 0: all was done.",
                },
            },
            "required": ["status"],
            "additionalProperties": False,
        },
    }
)
_ALWAYS: Final = (
    *("AUTHENTICATION", "NO_ACCESS_KEY", "NO_SIGNATURE", "EXPIRED", "NOT_ENTITLED"),
    *("NO_SUCH_URL", "METHOD", "BODY", "INTERNAL", "UNAVAILABLE", "MAINTENANCE"),
)


def document(operations: Iterable[Operation], version: str) -> bytes:
    """The description as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Headgate: HPC REST API",
                "version": version,
                "description": "Requests are signed: AWS Signature Version 4, in the Authorization header.",
            },
            "servers": [{"url": "/"}],
            "security": [{"SigV4": []}],
            "paths": paths,
            "components": {
                "schemas": dict(SCHEMAS),
                "securitySchemes": {"SigV4": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            },
        }
    )


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": "_".join([*re.findall(r"\w+", operation.path), operation.method.lower()]),
        "summary": (operation.handler.__doc__ or "").strip(),
        "parameters": [
            {
                "name": "X-Amz-Date",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": "^[0-9]{8}T[0-9]{6}Z$"},
            },
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0, "maximum": INT_MAX},
                }
                for name in re.findall(r"\{(\w+)\}", operation.path)
            ),
        ],
        "responses": _responses(operation),
    }
    if operation.members is not None:
        schema = {
            "type": "object",
            "properties": {name: dict(member.schema) for name, member in operation.members.items()},
            "required": [name for name, member in operation.members.items() if member.required],
        }
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for name in dict.fromkeys((*operation.names.values(), *_ALWAYS)):
        by_status.setdefault(OUTCOMES[name].status, []).append(OUTCOMES[name].message)
    if operation.members is not None:
        by_status[400].append(OUTCOMES["CONTENT_TYPE"].message)
    success: dict[str, Any] = {"description": "Done"}
    if operation.answer is not None:
        success["content"] = {JSON: {"schema": operation.answer}}
    if operation.status == 201:
        success["headers"] = {"Location": {"schema": _TEXT, "description": "The path of the job"}}
    answers: dict[str, Any] = {str(operation.status): success}
    for status, texts in sorted(by_status.items()):
        answers[str(status)] = _refusal(" ".join(texts), "CommonErrorFormat")
    if operation.members is not None:
        answers["422"] = _refusal("A member of the body is not what it has to be.", "HTTPValidationError")
    return answers


def _refusal(text: str, schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": text, "content": {JSON: {"schema": reference}}}
