"""What the two HPC Pack faces share: requests to values, the operations, values to answers.

Read `exchange.py` (one request, one answer), `serving.py` (what each request goes through) and the operations
in `cluster.py`, `nodes.py`, `jobs.py`, `tasks.py`, with what they share in `lists.py` and `documents.py` (job
XML). Pure: `queries.py` (parameters), `bodies.py` (JSON and XML to values), `spelling.py` (values to JSON and
XML), `paging.py` (continuation tokens), `routing.py` (paths), `refusals.py` (errors to statuses),
`openapi.py` (descriptions).

Plain ASGI, without a framework: the bodies are lists of names and values, which a schema could not check, and
the requests are the busiest there are.
"""
