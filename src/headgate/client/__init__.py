"""A typed client of a Headgate server, over its own face `/v1`.

    from headgate.client.api import Client

    with Client.from_environment() as client:
        job = client.submit({"tasks": [{"command": "echo *", "sweep": {"start": 1, "end": 10}}]})

`api.py` has the operations, `answers.py` what they return, `errors.py` what they raise, `tokens.py` where
tokens are kept.
"""
