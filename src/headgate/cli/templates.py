"""`headgate template …`: job templates of an installation. Works on the data folder, its server running or
not.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile
from headgate.core.errors import BadRequest

if TYPE_CHECKING:
    from headgate.app import Parts
    from headgate.core.model import Template

app = typer.Typer(no_args_is_help=True, help="Job templates of an installation (works on its data folder).")

Name = Annotated[str, typer.Argument(help="Name of the template.")]


@app.command("list")
def list_templates(data: Data = None, config: ConfigFile = None) -> None:
    """List the templates: what each speaks of, and who may use it."""
    from headgate.cli.tables import table
    from headgate.service.templates import Templates

    async def work(parts: "Parts") -> None:
        rows = [
            (one.name, ", ".join(one.items), ", ".join(one.users) or "everybody", one.description)
            for one in Templates(parts.store).list(None)
        ]
        table(("Name", "Properties", "Users", "Description"), rows)

    on_data(data, config, work)


@app.command()
def show(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Print a template as the file that `template set` reads."""
    from headgate.formats import job_templates
    from headgate.service.templates import Templates

    async def work(parts: "Parts") -> None:
        typer.echo(job_templates.write([Templates(parts.store).get(None, name)]).rstrip("\n"))

    on_data(data, config, work)


@app.command("set")
def set_templates(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files of templates (TOML).")],
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Make or change the templates that these files hold: all of them or, if one is wrong, none."""
    from headgate.core.templates import notes
    from headgate.service.templates import Templates

    found = [one for file in files for one in _read(file)]
    seen: set[str] = set()
    for one in found:
        if one.name.casefold() in seen:
            raise BadRequest(f"The template {one.name} is in more than one of the files.")
        seen.add(one.name.casefold())

    async def work(parts: "Parts") -> None:
        await Templates(parts.store).put(None, found)

    on_data(data, config, work)
    for one in found:
        for note in notes(one):
            typer.echo(f"headgate: template {one.name}: {note}", err=True)


@app.command()
def remove(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Even if jobs that have not ended use it.")] = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Remove a template. Default can be changed, not removed."""
    from headgate.service.templates import Templates

    async def work(parts: "Parts") -> None:
        await Templates(parts.store).remove(None, name, force=force)

    on_data(data, config, work)


def _read(file: Path) -> "list[Template]":
    from headgate.formats import job_templates

    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(job_templates.LONGEST + 1)
    except OSError as error:
        raise BadRequest(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{file} is not UTF-8.") from None
    return job_templates.read(text, str(file))
