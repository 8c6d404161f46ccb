"""`headgate script …`: job scripts checked and translated here, without a server; what `job submit` sends.

A script is read with the flavours of this program. What it asks of the submitter's environment is found out
by reading it: the environment it is given keeps a list of what was looked at.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from headgate import registry
from headgate.core.scripts import Script, ScriptError, Submitter, guessed

if TYPE_CHECKING:
    from headgate.ports.flavour import Flavour

app = typer.Typer(no_args_is_help=True, help="Job scripts of OpenPBS, PJM and Slurm.")

ALWAYS: Final = ("HOME", "LANG", "LOGNAME", "MAIL", "PATH", "SHELL", "TZ")
"""What flavours pass on under names of their own (`PBS_O_HOME`, `PJM_O_HOME`)."""
_OURS: Final = "HEADGATE_"
"""Variables of this program: a token has no business in a job."""
_ZONE = re.compile(r"zoneinfo/(?:posix/|right/)?(.+)")

File = Annotated[str, typer.Argument(metavar="FILE", help="The script; - reads it from standard input.")]


class Asked(Mapping[str, str]):
    """This process's environment, and which of it was looked at."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {n: v for n, v in variables.items() if not n.startswith(_OURS)}
        self._names: set[str] = {name for name in ALWAYS if name in self._variables}

    def __getitem__(self, name: str) -> str:
        if name in self._variables:
            self._names.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        self._names.update(self._variables)
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def looked_at(self) -> dict[str, str]:
        """The variables that somebody asked for, and those that always go along."""
        return {name: self._variables[name] for name in sorted(self._names)}


def flavours() -> "dict[str, Flavour]":
    """Every script flavour there is, by name."""
    return {name: registry.load(target) for name, target in registry.FLAVOURS.items()}


def read_file(file: str) -> bytes:
    """The bytes of a script. Raises typer.BadParameter."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None


def chosen(name: str, text: bytes, known: "Mapping[str, Flavour]", *, option: str = "--flavour") -> str:
    """The flavour that was named, else the one that the script's directives tell; empty where none do.

    Raises typer.BadParameter.
    """
    if not name:
        return guessed(text, {one: flavour.prefix for one, flavour in known.items()})
    if name not in known:
        raise typer.BadParameter(f"there are: {', '.join(known) or 'none'}", param_hint=option)
    return name


def submitter(file: str, variables: Mapping[str, str]) -> Submitter:
    """Who submits this file: this process, here and now."""
    return Submitter(
        now=time.time_ns() // 1000,  # noqa: TID251 - the command line is where the user's time comes from
        time_zone=_time_zone(),
        file="" if file == "-" else os.path.basename(file),
        directory=_here(),
        host=os.uname().nodename,
        variables=variables,
    )


def _here() -> str:
    """The current directory as the user knows it: by the links that led here (as qsub does)."""
    said, found = os.environ.get("PWD", ""), os.getcwd()
    try:
        return said if said.startswith("/") and os.path.samefile(said, found) else found
    except OSError:
        return found


def _time_zone() -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    link = os.path.realpath("/etc/localtime")
    found = _ZONE.search(link)
    for name in (os.environ.get("TZ", "").lstrip(":"), found[1] if found else ""):
        try:
            if name:
                return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _read(file: str, text: bytes, flavour: "Flavour", by: Submitter) -> Script:
    """What the script says. What is wrong with it is printed, and ends the command with 1."""
    try:
        return flavour.parse(text, by)
    except ScriptError as error:
        typer.echo(f"{file}:{error.note}", err=True)
        raise typer.Exit(1) from None


def submission(file: str, text: bytes, name: str) -> dict[str, Any]:
    """The members of a new job that say what its script needs to be understood by the server."""
    asked = Asked(os.environ)
    by = submitter(file, asked)
    _read(file, text, flavours()[name], by)
    sent = {"directory": by.directory, "host": by.host, "file": by.file, "variables": asked.looked_at()}
    return {"flavour": name, "submitter": sent}


@app.command()
def check(
    file: File,
    flavour: Annotated[str, typer.Option(help="pbs, pjm or slurm; else told by its directives.")] = "",
) -> None:
    """Say what is wrong with a script (then 1), and what of it will not be heeded."""
    text = read_file(file)
    known = flavours()
    name = chosen(flavour, text, known)
    if not name:
        raise typer.BadParameter("no directives of any flavour: say --flavour", param_hint="FILE")
    try:
        script = known[name].parse(text, submitter(file, os.environ))
    except ScriptError as error:
        typer.echo(f"{file}:{error.note}")
        raise typer.Exit(1) from None
    for note in script.notes:
        typer.echo(f"{file}:{note.line}:{note.column}: warning: {note.text}")


@app.command()
def translate(
    file: File,
    to: Annotated[str, typer.Option("--to", help="The flavour to write: pbs, pjm or slurm.")],
    origin: Annotated[str, typer.Option("--from", help="Its flavour; else told by its directives.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="1 if anything is lost or only comes near.")
    ] = False,
) -> None:
    """Write a script in another flavour; what that can't say is told on stderr, a line each."""
    text = read_file(file)
    known = flavours()
    name = chosen(origin, text, known, option="--from")
    target = chosen(to, b"", known, option="--to")
    if not name:
        raise typer.BadParameter("no directives of any flavour: say --from", param_hint="FILE")
    by = submitter(file, os.environ)
    script = _read(file, text, known[name], by)
    rendered = known[target].render(script, by)
    for note in script.notes:
        typer.echo(f"{file}:{note.line}:{note.column}: warning: {note.text}", err=True)
    for loss in rendered.losses:
        typer.echo(str(loss), err=True)
    sys.stdout.flush()
    sys.stdout.buffer.write(rendered.text)
    sys.stdout.buffer.flush()
    if strict and rendered.losses:
        raise typer.Exit(1)
