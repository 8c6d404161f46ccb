"""The HPC Pack 2016 REST interface, `/hpc` (spec hpcpack-2016), in JSON and XML.

Read `operations.py` (every operation there is) and `face.py` (what each request goes through); how an
operation is done is in `headgate.formats.hpcpack`, which the legacy face shares. `errors.py` is how this face
says no; `openapi.py` and `page.py` describe it all.
"""

from headgate.dialects.hpcpack.errors import refusal_body
from headgate.dialects.hpcpack.face import build
from headgate.formats.hpcpack.context import Context

__all__ = ["Context", "build", "refusal_body"]
