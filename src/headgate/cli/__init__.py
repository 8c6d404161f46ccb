"""The `headgate` command.

`main.py` puts the commands together and turns refusals into exit codes: 0 done, 1 refused, 2 wrong usage, 3
the server can't be reached. Commands that work on the data folder are in `serve.py`, `users.py`,
`settings.py` and `doctor.py`; those that speak to a server over HTTP in `sessions.py`, `jobs.py` and
`nodes.py`. Each imports what it needs when it is called.
"""


def main() -> None:
    """Run the command line."""
    from headgate.cli.main import run

    run()
