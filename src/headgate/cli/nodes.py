"""`headgate node …`: over HTTP, with the token of `headgate login`."""

from typing import Annotated

import typer

from headgate.cli.connection import Url, connect
from headgate.cli.tables import table

app = typer.Typer(no_args_is_help=True, help="Nodes, on a server you are logged in to.")

Names = Annotated[list[str], typer.Argument(help="Names of the nodes.")]


@app.command("list")
def list_nodes(url: Url = "") -> None:
    """List the nodes."""
    with connect(url) as client:
        found = client.nodes()
    rows = (
        (
            n.name,
            n.state if n.reachable else f"{n.state}, unreachable",
            n.cores,
            n.gpus,
            n.memory_mb,
            ",".join(n.groups),
            n.reason,
        )
        for n in found
    )
    table(("Node", "State", "Cores", "GPUs", "Memory (MiB)", "Groups", "Reason"), rows)


@app.command()
def online(names: Names, url: Url = "") -> None:
    """Give nodes work again."""
    _set(names, "online", url)


@app.command()
def offline(names: Names, url: Url = "") -> None:
    """Give nodes no more work; what runs there ends first."""
    _set(names, "offline", url)


def _set(names: list[str], state: str, url: str) -> None:
    with connect(url) as client:
        for name in names:
            typer.echo(f"{name} is {client.set_node_state(name, state).state}", err=True)
