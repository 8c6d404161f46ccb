"""`headgate user …`: who may use an installation. Works on the data folder, its server running or not."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile
from headgate.core.errors import NotPermitted

if TYPE_CHECKING:
    from headgate.app import Parts

app = typer.Typer(no_args_is_help=True, help="Users of an installation (works on its data folder).")

Name = Annotated[str, typer.Argument(help="Name of the user.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")]


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="user, operator, jobadmin or admin.")] = "user",
    password_stdin: PasswordStdin = False,
    os_account: Annotated[
        str, typer.Option(help="OS account the user's tasks run under, where the server is root (NAME).")
    ] = "",
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Add a user."""
    from headgate.service.users import role_named

    wanted = role_named(role)
    password = _password(password_stdin)

    async def work(parts: "Parts") -> None:
        await parts.users.add(None, name, wanted, password, os_account)
        _warn_about_account(parts, name)

    on_data(data, config, work)


@app.command()
def passwd(
    name: Name, password_stdin: PasswordStdin = False, data: Data = None, config: ConfigFile = None
) -> None:
    """Give a user another password. Tokens that were made with the old one end."""
    password = _password(password_stdin)

    async def work(parts: "Parts") -> None:
        from headgate.identity import first_start

        await parts.users.set_password(None, name, password)
        if name.casefold() == first_start.NAME:
            (parts.data / first_start.FILE).unlink(missing_ok=True)  # it is true no longer

    on_data(data, config, work)


@app.command()
def disable(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Let a user in no longer. The user's jobs stay as they are."""
    on_data(data, config, lambda parts: parts.users.set_disabled(None, name, True))


@app.command()
def enable(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Let a disabled user in again."""
    on_data(data, config, lambda parts: parts.users.set_disabled(None, name, False))


@app.command()
def account(
    name: Name,
    os_account: Annotated[str, typer.Argument(help="OS account that the user's tasks run under.")] = "",
    none: Annotated[bool, typer.Option("--none", help="No account: the user's tasks are refused.")] = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Say under which OS account a user's tasks run, where the server is root."""
    if bool(os_account) is none:
        raise typer.BadParameter("name the account, or say --none", param_hint="account")

    async def work(parts: "Parts") -> None:
        await parts.users.set_os_account(None, name, os_account)
        if os_account:
            _warn_about_account(parts, name)

    on_data(data, config, work)


@app.command()
def remove(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Remove a user, with tokens and memberships. Jobs and files stay."""
    on_data(data, config, lambda parts: parts.users.remove(None, name))


@app.command("list")
def list_users(data: Data = None, config: ConfigFile = None) -> None:
    """List the users."""
    from headgate.cli.tables import table
    from headgate.service.users import role_name

    async def work(parts: "Parts") -> None:
        rows = [
            (
                user.name,
                role_name(user.role),
                user.os_account,
                "disabled" if user.disabled else "",
            )
            for user in parts.users.list(None)
        ]
        table(("Name", "Role", "OS account", ""), rows)

    on_data(data, config, work)


def _password(from_stdin: bool) -> str:
    """The new password: the first line of stdin, or asked twice on the terminal. Never an argument."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask on; use --password-stdin", param_hint="password"
        )
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _warn_about_account(parts: "Parts", name: str) -> None:
    try:
        parts.identity.os_account(name)
    except NotPermitted as why:
        typer.echo(f"headgate: tasks of {name} will fail: {why.text} (--os-account names another)", err=True)
