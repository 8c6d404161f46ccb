"""`headgate login` and `logout`: exchange a password for a token, and give it back."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.connection import Url, connect


def login(
    url: Url = "",
    user: Annotated[str, typer.Option(help="Your name there (asked otherwise).")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(help="The server's certificate, where it signed it itself (DATA/tls/cert.pem)."),
    ] = None,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Take any certificate.")] = False,
) -> None:
    """Log in to a server; its token is kept in a file that is yours alone."""
    from headgate.client import tokens
    from headgate.client.api import Client

    address = tokens.tidy(url or tokens.LOCAL)
    if not user or not password_stdin:
        _need_terminal()
    name = user or typer.prompt("User")
    password = (
        sys.stdin.readline().rstrip("\r\n") if password_stdin else typer.prompt("Password", hide_input=True)
    )
    trusted = str(certificate.absolute()) if certificate else ""
    with Client(address, user=(name, password), verify=trusted or not no_verify) as client:
        token = client.create_token()
    tokens.remember(
        tokens.path(os.environ),
        tokens.Known(
            url=address,
            user=token.user,
            token=token.token,
            expires=token.expires,
            certificate=trusted,
            verify=not no_verify,
        ),
    )
    until = f" until {token.expires:%Y-%m-%d}" if token.expires else ""
    typer.echo(f"Logged in to {address} as {token.user}{until}.", err=True)


def logout(url: Url = "") -> None:
    """End the token and forget it."""
    from headgate.client import tokens
    from headgate.client.errors import ClientError, Refused

    file = tokens.path(os.environ)
    known = tokens.read(file).find(url)
    if known is None:
        raise ClientError("You are not logged in.")
    try:
        with connect(known.url) as client:
            client.revoke_token()
    except Refused:
        pass  # it had ended already
    finally:
        tokens.forget(file, known.url)


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on; give --user and --password-stdin")
