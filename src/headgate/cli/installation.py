"""A data folder for a command that works on it, its server running or not."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.core.errors import BadRequest

if TYPE_CHECKING:
    from headgate.app import Parts

Data = Annotated[Path | None, typer.Option(help="Folder of the installation.")]


def on_data(data: Path | None, config: Path | None, work: "Callable[[Parts], Awaitable[object]]") -> None:
    """Open the installation, do it, close. Raises BadRequest where no folder is named."""
    from headgate.app import opened, plugin_options
    from headgate.config import load

    flags = {} if data is None else {"server.data": str(data)}
    settings = load(config, os.environ, flags, plugin_options()).settings
    if not settings.server.data:
        raise BadRequest("Name the folder of the installation: --data DIR.")

    async def run() -> None:
        async with opened(Path(settings.server.data), settings) as parts:
            await work(parts)

    asyncio.run(run())
