"""The HPC REST API of NIFCLOUD and Fugaku, `/jobs` and `/files` (spec nifcloud): signed requests, `#PJM`
scripts from the user's storage, syncs with an object store.

Read `operations.py` (all six operations) and `face.py` (what each request goes through, in which order). A
request goes through `limit.py`, `parse.py` and `calls.py`; a job comes out through `attributes.py` and
`states.py`. `errors.py` says no, `openapi.py` describes it all. Nothing is imported here, so that reading the
settings (`options.py`) loads no face.
"""
