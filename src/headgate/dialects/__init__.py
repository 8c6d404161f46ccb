"""The interfaces that client programs speak, one folder each. None knows another; all ask the same service.

In each: `routes.py` (thin), `wire.py` or `parse.py`/`render.py` (pure), `errors.py` (a total table from our
errors), and its way of authenticating. What a face is built from is its `Context`; `headgate.app` fills it in
by the names of its fields.
"""
