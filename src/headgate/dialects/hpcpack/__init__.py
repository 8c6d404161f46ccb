"""The HPC Pack 2016 REST interface, `/hpc` (spec hpcpack-2016), in JSON.

Read `operations.py` (every operation there is), `face.py` (what each request goes through), then the handlers
in `cluster.py`, `nodes.py`, `jobs.py`, `tasks.py` and what they share in `lists.py`. Pure: `parse.py`
(requests to values), `render.py` (values to bytes; another format is another `Spelling`), `errors.py`
(refusals), `paging.py` (continuation tokens), `routing.py` (paths). `openapi.py` and `page.py` describe it
all.

It is plain ASGI, without a framework: its bodies are lists of names and values, which a schema could not
check, and its requests are the busiest there are.
"""

from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.errors import refusal_body
from headgate.dialects.hpcpack.face import build

__all__ = ["Context", "build", "refusal_body"]
