"""Telling people what becomes of their jobs: by mail, later by webhooks.

Read `settings.py` (the table `[mail]`), `mails.py` (which events make a mail, and what it says), `outbox.py`
(what is still to be sent, and the text that remembers it), `limits.py`, `smtp.py` (how a mail is handed
over), `notifier.py` (the loop).
"""
