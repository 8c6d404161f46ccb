"""`headgate config show`: the effective settings, and where each came from."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.serve import ConfigFile

app = typer.Typer(no_args_is_help=True, help="Settings.")


@app.command()
def show(
    config: ConfigFile = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the installation.")] = None,
    only_set: Annotated[bool, typer.Option("--set", help="Leave out what is as by default.")] = False,
) -> None:
    """Show the settings that `serve` would use here, as TOML with their sources."""
    from headgate.app import plugin_options
    from headgate.config import DEFAULT, load

    flags = {} if data is None else {"server.data": str(data)}
    table = ""
    for one in load(config, os.environ, flags, plugin_options()).shown():
        if only_set and one.source == DEFAULT:
            continue
        where, _, name = one.path.rpartition(".")
        if where != table:
            typer.echo(f"{'' if not table else chr(10)}[{where}]")
            table = where
        typer.echo(f"{f'{name} = {one.value}':<46}  # {one.source}")
