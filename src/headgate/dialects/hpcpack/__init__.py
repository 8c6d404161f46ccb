"""The HPC Pack REST interface of 2016 and 2019, `/hpc` (spec hpcpack-2016), in JSON and XML.

Read `operations.py` (every operation there is) and `face.py` (what each request goes through). How an
operation of 2016 is done is in `headgate.formats.hpcpack`, which the legacy face shares; those of 2019 are
here: `cluster_nodes.py`, `node_groups.py`, `metrics.py`, `operation_log.py`, `jobs_on_nodes.py`, with the
objects they speak of in `typed.py` and `rendering.py`, and their parameters in `parameters.py`.
`signalr` are its events. How this face says no is in `errors.py`; `page.py` describes it all.
"""

from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.errors import refusal_body
from headgate.dialects.hpcpack.face import build

__all__ = ["Context", "build", "refusal_body"]
