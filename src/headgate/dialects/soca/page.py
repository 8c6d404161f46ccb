"""The page for people at `/api/doc`: every operation with a form that sends it, made from the same list as
the OpenAPI description.

Its script and style come from here and from nowhere else, and the policy it is sent with says so: the usual
viewers load theirs from other sites, and would run beside the keys of whoever reads them here. What is typed
into it stays in the page until that is closed.
"""

import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final

from headgate.dialects.soca.openapi import AUTHENTICATION, in_body, purpose
from headgate.dialects.soca.operation import Field, Operation

CSP: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
)
_FOLDER: Final = files("headgate.dialects.soca")
JAVASCRIPT: Final = (_FOLDER / "page.js").read_bytes()
CSS: Final = (_FOLDER / "page.css").read_bytes()
ENCODED: Final = frozenset({"payload", "file_name", "file_content"})
"""Fields that travel in base64: here they are typed as text, and the page encodes them."""

_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headgate: SOCA Web API</title>
<link rel="stylesheet" href="/api/doc/page.css"><script src="/api/doc/page.js" defer></script></head><body>
<h1>SOCA Web API</h1>
<p>Every answer is <code>{"success": …, "message": …}</code>; a failure has its name as <code>code</code>. For
programs: <a href="/api/api.json">api.json</a>. What you send from here really happens.</p>
<h2>Who is asking</h2>
{authentication}
<pre>curl -H 'X-SOCA-USER: NAME' -H 'X-SOCA-TOKEN: KEY' --form payload="$(base64 job.sh)" <span id="origin">http://127.0.0.1:8080</span>/api/scheduler/job</pre>
<p>Every form below is sent with these:</p>
<form id="who"><label>X-SOCA-USER <input name="X-SOCA-USER" autocomplete="off"></label>
<label>X-SOCA-TOKEN <input name="X-SOCA-TOKEN" type="password" autocomplete="off"></label>
<label>X-SOCA-PASSWORD <input name="X-SOCA-PASSWORD" type="password" autocomplete="off"></label></form>
<noscript><p>Without JavaScript this page only shows what there is.</p></noscript>
<h2>Operations</h2>
"""
_CODE: Final = re.compile("`([^`]*)`")


def page(operations: Iterable[Operation]) -> bytes:
    """The page, as UTF-8."""
    head = _HEAD.replace("{authentication}", "\n".join(map(_paragraph, AUTHENTICATION)))
    return (head + "\n".join(map(_section, operations)) + "\n</body></html>\n").encode()


def _paragraph(text: str) -> str:
    return f"<p>{_marked_up(text)}</p>"


def _marked_up(text: str) -> str:
    """As HTML, what is in backquotes as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _section(operation: Operation) -> str:
    place = "body" if in_body(operation) else "query"
    rows = "\n".join(map(_row, operation.fields))
    return (
        f"<details><summary><code>{operation.method} /api{escape(operation.path)}</code> "
        f"{_marked_up(purpose(operation))}</summary>\n"
        f'<form class="operation" data-method="{operation.method}" data-path="/api{escape(operation.path)}" '
        f'data-place="{place}"><p>For {escape(operation.level.value)}.</p>\n{rows}\n'
        f"<button>Try it out</button><output></output></form></details>"
    )


def _row(field: Field) -> str:
    name, about = escape(field.name), _marked_up(field.about)
    shown = f"<code>{name}</code>{' (required)' if field.required else ''}: {about}"
    if field.name in ENCODED:
        text = f'<textarea name="{name}" data-encode="base64" rows="4" spellcheck="false"></textarea>'
        return f"<label>{shown}; typed as text, the page encodes it {text}</label>"
    kind = "password" if field.name == "password" else "text"
    # Only shown where it may be left out: as a value it would be sent unasked, as a filter say.
    example = f'{"value" if field.required else "placeholder"}="{escape(field.example)}"'
    return f'<label>{shown} <input name="{name}" type="{kind}" {example} autocomplete="off"></label>'
