"""The description of this face for programs, `/WindowsHPC/openapi.json`."""

from collections.abc import Iterable

from headgate.formats.hpcpack.openapi import AS_USER, QUERY, XML, About, document
from headgate.formats.hpcpack.operation import Operation
from headgate.formats.hpcpack_xml import COMMON, SERIALIZATION

_MORE = {
    "CurrentObjectNumber": {"type": "string", "description": "Not looked at."},
    "durable": {"type": "boolean", "description": "Of the session; it must be said."},
    "genericservice": {
        "type": "boolean",
        "default": False,
        "description": "Messages are `input U+FFFF userdata U+0000`, without XML.",
    },
    "commit": {"type": "boolean", "default": False, "description": "No more requests will come: 201."},
    "count": {"type": "integer", "default": -1, "description": "Answers wanted; -1: all."},
    "action": {"type": "string", "description": "Only answers to requests with this action."},
    "reset": {"type": "boolean", "default": False, "description": "From the first answer again."},
    "clientdata": {"type": "string", "description": "Comes back in every message as callback id."},
    "Render": {"type": "string", "description": "RestPropRender, or HpcJobXml for one job or task."},
}
_VERSION = {
    "name": "api-version",
    "in": "header",
    "description": "2011-11-01 or later; some operations require it. It may stand in the query, too.",
    "schema": {"type": "string"},
}

_REFUSAL = {
    "description": "A fault; without an api-version the text alone.",
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "Code": {"type": "integer", "format": "int32"},
                "Message": {"type": "string"},
                "Values": {"type": "null"},
            },
            "required": ["Code", "Message", "Values"],
            "xml": {"name": "HpcWebServiceFault", "namespace": COMMON},
        },
        {"type": "string", "xml": {"name": "string", "namespace": SERIALIZATION}},
    ],
}


def description(operations: Iterable[Operation], version: str) -> bytes:
    """The description as JSON."""
    about = About(
        title="Headgate: HPC Pack REST API before 2016",
        version=version,
        path="/WindowsHPC",
        done="200",
        media=(XML,),
        query={**QUERY, **_MORE},
        headers=(_VERSION, AS_USER),
        refusal=_REFUSAL,
    )
    return document(operations, about)
