"""The description of this face for programs, `/WindowsHPC/openapi.json`."""

from collections.abc import Iterable

from headgate.formats.hpcpack.openapi import AS_USER, QUERY, XML, About, document
from headgate.formats.hpcpack.operation import Operation
from headgate.formats.hpcpack_xml import COMMON, SERIALIZATION

_MORE = {
    "CurrentObjectNumber": {"type": "string", "description": "Not looked at."},
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
