"""The commands put together, and what becomes of their errors."""

import sys
from typing import Annotated

import typer

from headgate import __version__
from headgate.cli import (
    doctor,
    groups,
    jobs,
    keys,
    nodes,
    queues,
    scripts,
    serve,
    services,
    sessions,
    settings,
    syncs,
    templates,
    tokens,
    users,
)
from headgate.client.errors import ClientError, Unreachable
from headgate.core.errors import HeadgateError

REFUSED = 1
UNREACHABLE = 3

app = typer.Typer(
    name="headgate",
    help="One HTTP front door to HPC.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.add_typer(users.app, name="user")
app.add_typer(groups.app, name="group")
app.add_typer(tokens.app, name="token")
app.add_typer(keys.app, name="key")
app.add_typer(templates.app, name="template")
app.add_typer(queues.app, name="queue")
app.add_typer(syncs.app, name="sync")
app.add_typer(services.app, name="service")
app.add_typer(settings.app, name="config")
app.command("doctor")(doctor.doctor)
app.command("login")(sessions.login)
app.command("logout")(sessions.logout)
app.add_typer(jobs.app, name="job")
app.add_typer(nodes.app, name="node")
app.add_typer(scripts.app, name="script")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headgate {__version__}")
        raise typer.Exit


@app.callback()
def headgate(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """One HTTP front door to HPC."""


def run() -> None:
    """Run the command line; refusals become one line on stderr and an exit code."""
    try:
        app()
    except Unreachable as unreachable:
        _end(str(unreachable), UNREACHABLE)
    except (HeadgateError, ClientError) as refused:
        _end(str(refused), REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`headgate job list | head`).
        sys.stderr.close()
        sys.exit(0)


def _end(text: str, code: int) -> None:
    typer.echo(f"headgate: {text}", err=True)
    sys.exit(code)
