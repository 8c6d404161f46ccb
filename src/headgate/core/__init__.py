"""The inside of Headgate: pure values and rules. No I/O, no clock, no randomness.

Read `model.py` first (what a job is), then `lifecycle.py` (what can happen to it), `properties.py`
(every property by name) and `errors.py` (everything that can be refused).
"""
