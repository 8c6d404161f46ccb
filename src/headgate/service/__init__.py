"""What a user can ask, one file per area, and every change of a job, whoever asks.

`rights.py` holds the permission checks; `edit.py` is how a job is changed inside a store transaction;
`endings.py` says what follows when something ends; `jobs.py`, `tasks.py`, `nodes.py`, `users.py`,
`templates.py` are what faces call; `sightings.py` is what the dispatcher calls with an engine's reports.
"""
