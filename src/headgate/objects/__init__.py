"""The object store: what carries files between users' directories and a bucket.

In the server: `settings.py`, `worker.py` (works requests off), `transfers.py` (one of them, by a process with
the account's rights). In that process: `hand.py` (where it begins), `messages.py` (what it is
told and says), `syncing.py` (the order of
things), `comparing.py` and `keys.py` (pure: what is to be copied, which keys are fit to be files),
`tree.py` (the directory), `bucket.py` and `moving.py` (the object store). boto3 is imported there alone.
"""
