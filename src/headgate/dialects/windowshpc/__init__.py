"""The HPC Pack REST interface before 2016, `/WindowsHPC` (spec windowshpc), in XML.

Read `operations.py` (every operation there is) and `face.py` (what each request goes through). Particular to
this face are `versions.py` (api-version), `errors.py` (its two error formats), `paths.py` (the cluster in the
path), `rendering.py` (jobs and tasks as job XML), `clusters.py`, `subtasks.py` and, for sessions, `soa/` with
`fault_numbers.py`. How an operation is done is in `headgate.formats.hpcpack`, which the newer face shares.
"""

from headgate.dialects.windowshpc.context import Context
from headgate.dialects.windowshpc.errors import refusal_body
from headgate.dialects.windowshpc.face import build

__all__ = ["Context", "build", "refusal_body"]
