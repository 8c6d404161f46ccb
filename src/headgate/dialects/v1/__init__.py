"""Headgate's own face, `/v1`: typed JSON, RFC 9457 problems, bearer tokens, cursor paging.

Small so far: what the command line needs. `wire.py` is what travels, `parse.py` and `render.py` turn it into
the model's values and back, `routes.py` has an operation each, `openapi.py` describes them, `errors.py` says
no.
"""

from headgate.dialects.v1.context import Context
from headgate.dialects.v1.errors import refusal_body
from headgate.dialects.v1.routes import build

__all__ = ["Context", "build", "refusal_body"]
