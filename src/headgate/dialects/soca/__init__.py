"""The REST interface of SOCA (Scale-Out Computing on AWS), `/api` (spec soca): PBS scripts in base64, queues,
users and groups.

Read `operations.py` (every operation there is) and `face.py` (what each request goes through). A script goes
through `parse.py`, `naming.py` and `submission.py`; a job comes out through `attributes.py`, with `states.py`
and `times.py`. `scheduler.py`, `queues.py`, `directory.py`, `credentials.py` and `system.py` do the
operations, `errors.py` says no, `openapi.py` and `page.py` describe it all. Nothing is imported here, so that
reading the settings (`options.py`) loads no face.
"""
