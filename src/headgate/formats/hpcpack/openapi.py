"""The OpenAPI 3.1 description of a face, made from its list of operations: `/hpc/openapi.json`.

One schema serves both formats: what XML calls a thing stands beside it in `xml`. Its namespaces are those of
answers; requests are read by local names alone.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from headgate.core.model import INT_MAX
from headgate.formats.hpcpack.operation import Operation, Shape, Typed
from headgate.formats.hpcpack.queries import MOST_ROWS, ROWS
from headgate.formats.hpcpack_xml import ARRAYS, COMMON, SERIALIZATION

JSON: Final = "application/json"
XML: Final = "application/xml"


class About(Struct, frozen=True, kw_only=True):
    """What differs between the faces.

    version: the one the interface claims. done: the status of an answer without a body. query: the parameters
    by name, in any letter case. headers: parameters of every operation. refusal: the schema of a refusal.
    """

    title: str
    version: str
    path: str
    done: str
    media: tuple[str, ...]
    query: Mapping[str, Any]
    headers: tuple[Any, ...]
    refusal: Any


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


ERROR: Final = _reference("Error")
_SCHEMAS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "Property": {
            "type": "object",
            "properties": {"Name": {"type": "string"}, "Value": {"type": "string"}},
            "required": ["Name", "Value"],
            "xml": {"name": "Property"},
        },
        "PropertyGiven": {
            "type": "object",
            "description": "The keys are found in any letter case. No value, null: as if it were not set.",
            "properties": {
                "Name": {"type": "string", "minLength": 1},
                "Value": {"type": ["string", "number", "boolean", "null"]},
            },
            "required": ["Name"],
            "xml": {"name": "Property"},
        },
        "Object": {
            "type": "object",
            "properties": {
                "Properties": {"type": "array", "items": _reference("Property"), "xml": {"wrapped": True}}
            },
            "required": ["Properties"],
            "xml": {"name": "Object"},
        },
        "Error": {
            "type": "object",
            "description": "What went wrong stands behind `Exception:`.",
            "properties": {"Message": {"type": "string"}},
            "required": ["Message"],
        },
    }
)
_SET: Final = {"name": "ArrayOfProperty", "namespace": COMMON, "wrapped": True}
_STRING: Final = {"name": "string", "namespace": SERIALIZATION}
_BODIES: Final[Mapping[Shape, Any]] = MappingProxyType(
    {
        Shape.TEXT: {"type": "string", "xml": _STRING},
        Shape.ID: {"type": "integer", "minimum": 1, "xml": {"name": "int", "namespace": SERIALIZATION}},
        Shape.NAMES: {
            "type": "array",
            "items": {"type": "string", "xml": {"name": "string"}},
            "xml": {"name": "ArrayOfstring", "namespace": ARRAYS, "wrapped": True},
        },
        Shape.PROPERTIES: {"type": "array", "items": _reference("Property"), "xml": _SET},
        Shape.ROWS: {
            "type": "array",
            "items": _reference("Object"),
            "xml": {"name": "ArrayOfObject", "namespace": COMMON, "wrapped": True},
        },
        Shape.MESSAGE: {"type": "string", "maxLength": 128, "xml": _STRING},
        Shape.JOB_XML: {
            "type": "string",
            "description": "Job XML in a string; it may also come as it is.",
            "xml": _STRING,
        },
    }
)
_GIVEN: Final = {"type": "array", "items": _reference("PropertyGiven"), "xml": _SET}

QUERY: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "properties": {
            "type": "string",
            "description": "Comma-separated names of properties, in any letter case.",
        },
        "names": {"type": "string", "description": "Comma-separated names."},
        "$filter": {"type": "string", "description": "`name eq value and name eq value…`"},
        "asc": {"type": "boolean", "default": True, "description": "The direction of the order."},
        "rowsPerRead": {
            "type": "integer",
            "default": ROWS,
            "description": f"Rows of a page; below 1 counts as 1, above {MOST_ROWS} as {MOST_ROWS}.",
        },
        "queryId": {"type": "string", "description": "x-ms-continuation-queryId of the page before."},
        "startRow": {
            "type": "integer",
            "minimum": 0,
            "description": "First row of the page; instead of queryId.",
        },
        "sortJobsBy": {"type": "string", "description": "A property; an unknown one is Id."},
        "sortTasksBy": {"type": "string", "description": "A property; an unknown one is TaskId."},
        "sortNodesBy": {"type": "string", "description": "A property; an unknown one is Id."},
        "owner": {"type": "string", "description": "Only this user's jobs."},
        "expandParametric": {
            "type": "boolean",
            "default": True,
            "description": "A row for each subtask of an expanded sweep, instead of its own.",
        },
        "forced": {"type": "boolean", "default": False, "description": "Without the grace period."},
        "jobs": {
            "type": "string",
            "description": "Comma-separated ids: only nodes on which one of them runs.",
        },
        "group": {"type": "string", "description": "Only nodes of this group."},
        "state": {"type": "string", "description": "Only nodes in this state."},
        "health": {"type": "string", "description": "Only nodes of this health."},
        "metricNames": {"type": "string", "description": "Comma-separated names of metrics."},
        "nodeNames": {"type": "string", "description": "Comma-separated names of nodes."},
        "fromTime": {"type": "string", "format": "date-time", "description": "UTC where it has no zone."},
        "toTime": {"type": "string", "format": "date-time", "description": "UTC where it has no zone."},
        "limit": {"type": "integer", "minimum": 1, "description": "At most so many."},
        "withDetail": {"type": "boolean", "default": False, "description": "With the entries of each."},
    }
)
AS_USER: Final = {
    "name": "x-ms-as-user",
    "in": "header",
    "description": "Act as this user; for administrators and job administrators.",
    "schema": {"type": "string"},
}
_PAGE_HEADERS: Final = {
    "x-ms-continuation-queryId": {
        "description": "Where rows remain (and startRow was not given): the queryId of the next page.",
        "schema": {"type": "string"},
    },
    "x-ms-row-count": {
        "description": "With startRow: the number of all rows that match.",
        "schema": {"type": "integer"},
    },
}
_REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "400": "Malformed, unknown or read-only property, bad value, bad filter, wrong state",
        "401": "Not authenticated",
        "403": "Not permitted",
        "404": "Unknown job, task, subtask, node, group, template or path",
        "413": "Too large",
        "415": "The body is in a format that is not read",
        "503": "Not available now; nothing was changed",
    }
)


_MEANS: Final = {"GET": "Found", "POST": "Created"}


def document(operations: Iterable[Operation], about: About) -> bytes:
    """The description as JSON."""
    operations = tuple(operations)
    query = {name.lower(): schema for name, schema in about.query.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, about, query)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": about.title,
                "version": about.version,
                "description": "Paths and parameter names are case-insensitive. Dates are UTC.",
            },
            "servers": [{"url": about.path}],
            "paths": paths,
            "components": {
                "schemas": {**_SCHEMAS, **_types(operations)},
                "securitySchemes": {
                    "basic": {"type": "http", "scheme": "basic"},
                    "bearer": {"type": "http", "scheme": "bearer"},
                },
            },
            "security": [{"basic": []}, {"bearer": []}],
        }
    )


def purpose(operation: Operation) -> str:
    """What an operation does: the docstring of its handler."""
    return (operation.handler.__doc__ or "").strip()


def _operation(operation: Operation, about: About, query: Mapping[str, Any]) -> dict[str, Any]:
    words = purpose(operation)
    described: dict[str, Any] = {
        "operationId": _identifier(operation),
        "summary": words,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _path_value(name)}
                for name in _values(operation)
            ),
            *(
                {"name": name, "in": "query", "schema": query[name.lower()]}
                | ({"required": True} if name in operation.required else {})
                for name in operation.query
            ),
            *about.headers,
        ],
        "responses": {_success(operation, about): _answer(operation, about)}
        | {
            status: {"description": text, "content": _content(about, about.refusal)}
            for status, text in _REFUSALS.items()
        },
    }
    if operation.takes is not Shape.NOTHING:
        schema = _GIVEN if operation.takes is Shape.PROPERTIES else _body(operation.takes)
        required = isinstance(operation.takes, Typed)
        described["requestBody"] = {"required": required, "content": _content(about, schema)}
    return described


def _body(shape: Shape | Typed) -> Any:
    if isinstance(shape, Shape):
        return _BODIES[shape]
    one = _reference(shape.kind.__name__)
    name = {"name": f"ArrayOf{shape.kind.__name__}", "namespace": COMMON, "wrapped": True}
    return {"type": "array", "items": one, "xml": name} if shape.many else one


def _types(operations: Iterable[Operation]) -> dict[str, Any]:
    """Schemas of all typed bodies, made from the types themselves."""
    kinds = {
        shape.kind
        for operation in operations
        for shape in (operation.answers, operation.takes)
        if isinstance(shape, Typed)
    }
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return dict(sorted(schemas.items()))


def _success(operation: Operation, about: About) -> str:
    if operation.status:
        return operation.status
    return about.done if operation.answers is Shape.NOTHING else "200"


def _answer(operation: Operation, about: About) -> dict[str, Any]:
    if operation.answers is Shape.NOTHING:
        return {"description": "Accepted" if operation.status == "202" else "Done"}
    described: dict[str, Any] = {
        "description": _MEANS.get(operation.method, "Changed"),
        "content": _content(about, _body(operation.answers)),
    }
    if any(name.lower() == "queryid" for name in operation.query):
        described["headers"] = _PAGE_HEADERS
    return described


def _content(about: About, schema: Any) -> dict[str, Any]:
    return {media: {"schema": schema} for media in about.media}


def _values(operation: Operation) -> list[str]:
    return re.findall(r"\{(\w+)\}", operation.path)


_TEXTS: Final = frozenset({"name", "batch", "id", "operation"})
"""Values in paths that are no numbers."""
_NUMBER: Final = {"type": "integer", "format": "int32", "minimum": 1, "maximum": INT_MAX}


def _path_value(name: str) -> dict[str, Any]:
    return {"type": "string"} if name in _TEXTS else _NUMBER


def _identifier(operation: Operation) -> str:
    """`get_jobs_jobId_tasks`: unique, and a name in any language."""
    return "_".join([operation.method.lower(), *re.findall(r"\w+", operation.path)])
