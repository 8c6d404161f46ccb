"""Which server a command speaks to."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headgate.client.api import Client

Url = Annotated[
    str, typer.Option("--url", envvar="HEADGATE_URL", help="The server (the one of the latest login).")
]


def connect(url: str) -> "Client":
    """A client with the token of `headgate login`."""
    from headgate.client.api import Client

    return Client.from_environment(url)
