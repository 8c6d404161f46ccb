"""The broker of SOA sessions: keeps requests, gives them to hosts of services, keeps answers for readers.

Read `open_session.py` first (the way of a request), then `batch.py` and `answers.py` (what a batch is),
`host.py` (one host), `broker.py` (all sessions, and what time asks), `scaling.py` (how many hosts),
`depot.py` (what does not stay in memory), `registrations.py` (which services there are).
"""
