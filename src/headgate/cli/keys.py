"""`headgate key …`: access keys, with which programs sign. Works on the data folder, as `user` does."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile

if TYPE_CHECKING:
    from headgate.app import Parts

app = typer.Typer(
    no_args_is_help=True,
    help="Access keys, with which programs sign for a user (works on its data folder).",
)

Name = Annotated[str, typer.Argument(help="Name of the user.")]
KeyId = Annotated[str, typer.Argument(help="Id of the access key.")]


@app.command()
def create(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Make an access key, and print it with its secret as a line of JSON. The secret is shown this once."""
    import json

    async def work(parts: "Parts") -> None:
        key, secret = await parts.access_keys.create(None, name)
        typer.echo(json.dumps({"access_key": key.id, "secret_key": secret}))

    on_data(data, config, work)


@app.command("list")
def list_keys(
    name: Annotated[str, typer.Argument(help="Name of the user; none: all.")] = "",
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """List access keys, without their secrets."""
    from headgate.cli.tables import date, table

    async def work(parts: "Parts") -> None:
        rows = [
            (
                key.id,
                key.user,
                date(datetime.fromtimestamp(key.created / 1e6, UTC)),
                "disabled" if key.disabled else "",
            )
            for key in parts.access_keys.list(None, name)
        ]
        table(("Key", "User", "Created", ""), rows)

    on_data(data, config, work)


@app.command()
def disable(key: KeyId, data: Data = None, config: ConfigFile = None) -> None:
    """Let an access key prove nothing any longer."""
    on_data(data, config, lambda parts: parts.access_keys.set_disabled(None, key, True))


@app.command()
def enable(key: KeyId, data: Data = None, config: ConfigFile = None) -> None:
    """Let a disabled access key be good again."""
    on_data(data, config, lambda parts: parts.access_keys.set_disabled(None, key, False))


@app.command()
def remove(key: KeyId, data: Data = None, config: ConfigFile = None) -> None:
    """Forget an access key and its secret."""
    on_data(data, config, lambda parts: parts.access_keys.remove(None, key))
