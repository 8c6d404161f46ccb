"""The page for people at `/hpc/docs`: every operation, made from the same list as the OpenAPI description.

One static page without scripts: the usual viewers load theirs from elsewhere, and would run beside the
passwords of whoever reads them here.
"""

from collections.abc import Iterable
from html import escape

from msgspec.structs import fields

from headgate.formats.hpcpack.openapi import QUERY, purpose
from headgate.formats.hpcpack.operation import Operation, Shape, Typed

_SHAPES = {
    Shape.NOTHING: "204, nothing",
    Shape.TEXT: "a JSON string",
    Shape.ID: "a number: the new id",
    Shape.NAMES: "a JSON array of names",
    Shape.PROPERTIES: '[{"Name":…,"Value":…}, …]',
    Shape.ROWS: '[{"Properties":[{"Name":…,"Value":…}, …]}, …]',
    Shape.MESSAGE: "a JSON string, or nothing",
    Shape.JOB_XML: "job XML, as it is or in a JSON string",
}
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headgate: HPC Pack 2016 REST API</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0
1rem;color:#1a1a1a;background:#fff} table{border-collapse:collapse;width:100%} td,th{border-top:1px solid
#ccc;padding:.4rem .6rem;text-align:left;vertical-align:top} code{font:13px/1.4
ui-monospace,monospace;overflow-wrap:anywhere} .operations{table-layout:fixed} .operations
th:first-child{width:34%} </style></head><body> <h1>HPC Pack 2016 REST API</h1> <p>Basic
authentication. Paths and names of parameters in any letter case; a blank in a query is <code>+</code> or
<code>%20</code>. Every operation takes the header <code>x-ms-as-user</code>. A refusal is <code>{"Message":"…
Exception: why"}</code>. XML is written for <code>Accept: application/xml</code>, and read where the
<code>Content-Type</code> says so. For programs: <a href="openapi.json">openapi.json</a>.</p>
<table class="operations"><thead>
<tr><th>Operation</th><th>What it does</th><th>Takes</th><th>Answers</th></tr></thead><tbody>
"""


def page(operations: Iterable[Operation]) -> bytes:
    """The page, as UTF-8."""
    return (
        _HEAD + "\n".join(map(_row, operations)) + "\n</tbody></table>\n" + _parameters() + "</body></html>\n"
    ).encode()


def _row(operation: Operation) -> str:
    path = f"<code>{operation.method}&nbsp;/hpc{escape(operation.path)}</code>"
    takes = [f"<code>{escape(name)}</code>" for name in operation.query]
    if operation.takes is not Shape.NOTHING:
        takes.append(f"body: {escape(_shown(operation.takes))}")
    answers = f"{operation.status}, nothing" if operation.status else _shown(operation.answers)
    cells = (path, escape(purpose(operation)), ", ".join(takes), escape(answers))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _shown(shape: Shape | Typed) -> str:
    if isinstance(shape, Shape):
        return _SHAPES[shape]
    keys = ", ".join(f'"{field.encode_name}":…' for field in fields(shape.kind))
    return f"[{{{keys}}}, …]" if shape.many else f"{{{keys}}}"


def _parameters() -> str:
    rows = "\n".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(schema['type'])}</td>"
        f"<td>{escape(schema['description'])}</td></tr>"
        for name, schema in QUERY.items()
    )
    return f"<h2>Parameters</h2><table><tbody>\n{rows}\n</tbody></table>\n"
