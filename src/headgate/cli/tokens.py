"""`headgate token …`: API keys of users. Works on the data folder, its server running or not."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile

if TYPE_CHECKING:
    from headgate.app import Parts

app = typer.Typer(
    no_args_is_help=True, help="API keys of an installation's users (works on its data folder)."
)

Name = Annotated[str, typer.Argument(help="Name of the user.")]


@app.command()
def create(
    name: Name,
    new: Annotated[bool, typer.Option("--new", help="Another one, if there is one; that one ends.")] = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Print a user's API key, alone on a line. One is made where there is none."""

    async def work(parts: "Parts") -> None:
        keys = parts.api_keys
        typer.echo(await (keys.renew(None, name) if new else keys.show(None, name)))

    on_data(data, config, work)


@app.command("list")
def list_tokens(data: Data = None, config: ConfigFile = None) -> None:
    """List what stands for users: API keys, and logins of `headgate login`. Not their texts."""
    from headgate.cli.tables import date, table

    def when(at: int | None) -> str:
        return date(None if at is None else datetime.fromtimestamp(at / 1e6, UTC))

    async def work(parts: "Parts") -> None:
        rows = [
            (token.user, token.kind, when(token.created), when(token.expires))
            for token in parts.api_keys.list(None)
        ]
        table(("User", "Kind", "Created", "Expires"), rows)

    on_data(data, config, work)


@app.command()
def revoke(
    name: Name,
    everything: Annotated[bool, typer.Option("--all", help="What they are logged in with, too.")] = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """End a user's API key."""

    async def work(parts: "Parts") -> None:
        if everything:
            await parts.api_keys.revoke_all(None, name)
        else:
            await parts.api_keys.revoke(None, name)

    on_data(data, config, work)
