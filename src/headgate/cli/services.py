"""`headgate service …`: the services that are registered for SOA sessions, and trying one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data
from headgate.cli.serve import ConfigFile
from headgate.core.errors import BadRequest

if TYPE_CHECKING:
    from headgate.broker.registrations import Registrations
    from headgate.core.soa import Registration

app = typer.Typer(
    no_args_is_help=True, help="Services for SOA sessions (works on the files that register them)."
)


@app.command("list")
def list_services(data: Data = None, config: ConfigFile = None) -> None:
    """List the services that are registered, and the files that can't be used."""
    from headgate.cli.tables import table

    rows = []
    for found in _registrations(data, config).all():
        one = found.registration
        if one is None:
            rows.append((Path(found.file).stem, "", f"can't be used: {found.wrong}", found.file))
            continue
        started = one.python or " ".join(one.command)
        rows.append((one.name, one.version, started, found.file or "built in"))
    table(("Name", "Version", "Started as", "File"), rows)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE…]", help="Files; without any, the whole folder.")
    ] = None,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Check registrations: whether they can be used, and if not why. Ends with 1 if one can't."""
    from headgate.broker.registrations import Found, read_file

    if files:
        found = []
        for file in files:
            try:
                found.append(Found(str(file), read_file(file)))
            except BadRequest as error:
                found.append(Found(str(file), wrong=error.text))
    else:
        found = [one for one in _registrations(data, config).all() if one.file]
    for one in found:
        typer.echo(f"{one.file}: {one.wrong or 'good'}")
    if any(one.wrong for one in found):
        raise typer.Exit(1)


@app.command()
def run(
    service: Annotated[str, typer.Argument(help="Name of a service, or the file of a registration.")],
    version: Annotated[str, typer.Option(help="Version; the newest if none is named.")] = "",
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Start a service here and ask it what comes on standard input, line by line: the XML of a request's
    body, or text for the generic operation. Answers go to standard output.
    """
    from headgate.soa.trying import converse

    registration = _registration(service, version, data, config)
    asyncio.run(converse(registration, _lines(), typer.echo))


def _registration(service: str, version: str, data: Path | None, config: Path | None) -> "Registration":
    from headgate.broker.registrations import Registrations, read_file

    if service.endswith(".toml"):
        return read_file(Path(service))
    known = (
        Registrations(Path(os.devnull)) if data is None and config is None else _registrations(data, config)
    )
    return known.find(service, version)


async def _lines() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        yield line.rstrip("\n")


def _registrations(data: Path | None, config: Path | None) -> "Registrations":
    """The folder of the installation. Raises BadRequest where none is named."""
    from headgate.app import plugin_options
    from headgate.app.faces import registrations
    from headgate.config import load

    flags = {} if data is None else {"server.data": str(data)}
    settings = load(config, os.environ, flags, plugin_options()).settings
    if not (settings.server.data or settings.soa.registrations):
        raise BadRequest("Name the folder of the installation: --data DIR.")
    return registrations(Path(settings.server.data), settings)
