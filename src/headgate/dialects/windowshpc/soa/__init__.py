"""SOA sessions (spec windowshpc, section 7).

`calls.py` has the operations and their order. What stands in them: `starting.py` (what a session is asked to
be), `info.py` (what is said of one), `parameters.py` (paths and queries). The two long ones: `uploads.py`
takes requests as they arrive, `streams.py` sends answers as they come. Fault codes are in
`headgate.dialects.windowshpc.fault_numbers`.
Envelopes and the generic form are in `headgate.formats.soap`.
"""
