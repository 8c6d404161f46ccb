"""`headgate group …`: groups of users. Works on the data folder, its server running or not."""

from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile

if TYPE_CHECKING:
    from headgate.app import Parts

app = typer.Typer(no_args_is_help=True, help="Groups of users of an installation (works on its data folder).")

Name = Annotated[str, typer.Argument(help="Name of the group.")]
Users = Annotated[list[str], typer.Argument(metavar="USER…", help="Names of users.")]


@app.command("list")
def list_groups(data: Data = None, config: ConfigFile = None) -> None:
    """List the groups."""
    from headgate.cli.tables import table

    async def work(parts: "Parts") -> None:
        rows = [
            (group.name, group.gid, ", ".join(group.members), group.description)
            for group in parts.user_groups.list(None)
        ]
        table(("Name", "gid", "Members", "Description"), rows)

    on_data(data, config, work)


@app.command()
def show(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Show a group."""
    from headgate.cli.tables import fields

    async def work(parts: "Parts") -> None:
        group = parts.user_groups.get(None, name)
        members = ", ".join(group.members)
        fields({"Name": group.name, "gid": group.gid, "Members": members, "Description": group.description})

    on_data(data, config, work)


@app.command()
def add(
    name: Name,
    members: Annotated[list[str] | None, typer.Argument(metavar="[USER]…", help="Its members.")] = None,
    gid: Annotated[int | None, typer.Option(help="Its number (a free one).")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Add a group."""

    async def work(parts: "Parts") -> None:
        await parts.user_groups.create(None, name, gid=gid, members=members or (), description=description)

    on_data(data, config, work)


@app.command()
def remove(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Remove a group. Its members stay users."""
    on_data(data, config, lambda parts: parts.user_groups.remove(None, name))


@app.command()
def join(name: Name, users: Users, data: Data = None, config: ConfigFile = None) -> None:
    """Bring users into a group."""
    on_data(data, config, lambda parts: parts.user_groups.join(None, name, *users))


@app.command()
def leave(name: Name, users: Users, data: Data = None, config: ConfigFile = None) -> None:
    """Take users out of a group."""
    on_data(data, config, lambda parts: parts.user_groups.leave(None, name, *users))
