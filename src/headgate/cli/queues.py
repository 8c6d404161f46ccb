"""`headgate queue …`: the queues of an installation. Works on the data folder, its server running or not."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile
from headgate.core.errors import BadRequest

if TYPE_CHECKING:
    from headgate.app import Parts
    from headgate.core.model import Queue

app = typer.Typer(no_args_is_help=True, help="Queues of an installation (works on its data folder).")

NONE = "none"
Name = Annotated[str, typer.Argument(help="Name of the queue.")]
Names = list[str] | None
Force = Annotated[
    bool, typer.Option("--force", help="Even if jobs are in it: those that wait go on waiting.")
]
Description = Annotated[str | None, typer.Option(help="What it is for, in a line.")]
Priority = Annotated[int | None, typer.Option(help="0 to 4000; the higher goes first (2000).")]
Default = Annotated[bool, typer.Option("--default", help="Jobs that name no queue come here, from now on.")]
AllowUser = Annotated[Names, typer.Option(help="A user who may use it, even if denied.")]
DenyUser = Annotated[Names, typer.Option(help="A user who may not; '*': all but those who are allowed.")]
AllowGroup = Annotated[Names, typer.Option(help="A group of users who may.")]
DenyGroup = Annotated[Names, typer.Option(help="A group of users who may not.")]
Give = Annotated[
    Names, typer.Option("--give", metavar="NAME=VALUE", help="What jobs get that do not say it.")
]
Min = Annotated[Names, typer.Option("--min", metavar="NAME=VALUE", help="The least a job may ask for.")]
Max = Annotated[
    Names, typer.Option("--max", metavar="NAME=VALUE", help="The most (walltime=24:00:00, mem=4gb).")
]
MaxRunning = Annotated[str | None, typer.Option(help="Jobs that run at once.")]
MaxRunningPerUser = Annotated[str | None, typer.Option(help="Jobs of one user that run at once.")]
MaxQueuedPerUser = Annotated[str | None, typer.Option(help="Jobs of one user that wait.")]
MaxNodesRunning = Annotated[str | None, typer.Option(help="Nodes its running jobs ask for, in all.")]
Restrict = Annotated[Names, typer.Option(help="A resource that jobs may not set themselves.")]
AllowType = Annotated[Names, typer.Option(help="An instance_type or family that jobs may ask for.")]
ExcludeType = Annotated[Names, typer.Option(help="One that they may not.")]


@app.command("list")
def list_queues(data: Data = None, config: ConfigFile = None) -> None:
    """List the queues, the most urgent first."""
    from headgate.cli.tables import table
    from headgate.service.queues import Queues

    async def work(parts: "Parts") -> None:
        rows = [
            (
                one.queue.name,
                one.queue.priority,
                _state(one.queue),
                one.waiting,
                one.running,
                one.queue.description,
            )
            for one in await Queues(parts.store).list(None)
        ]
        table(("Name", "Priority", "State", "Waiting", "Running", "Description"), rows)

    on_data(data, config, work)


def _state(queue: "Queue") -> str:
    words = ["default"] if queue.default else []
    words += [] if queue.enabled else ["disabled"]
    words += [] if queue.started else ["stopped"]
    return ", ".join(words) or "open"


@app.command()
def show(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Show what a queue is set to, its limits and its load."""
    from headgate.cli.tables import fields
    from headgate.core import amounts
    from headgate.service.queues import Queues

    async def work(parts: "Parts") -> None:
        view = await Queues(parts.store).get(None, name)
        queue = view.queue
        lists = {
            heading: ", ".join(getattr(queue, field))
            for heading, field in {
                "Allowed users": "allowed_users",
                "Denied users": "denied_users",
                "Allowed groups": "allowed_groups",
                "Denied groups": "denied_groups",
                "Restricted": "restricted",
                "Allowed types": "allowed_types",
                "Excluded types": "excluded_types",
            }.items()
        }
        fields(
            {
                "Name": queue.name,
                "Description": queue.description,
                "Priority": queue.priority,
                "State": _state(queue),
                "Waiting": view.waiting,
                "Running": view.running,
                **lists,
                "Gives": _said(amounts.defaults_said(queue.defaults)),
                "Minima": _said(amounts.limits_said(queue.minima)),
                "Maxima": _said(amounts.limits_said(queue.maxima)),
                "Max running": queue.max_running,
                "Max running per user": queue.max_running_per_user,
                "Max queued per user": queue.max_queued_per_user,
                "Max nodes running": queue.max_nodes_running,
            }
        )

    on_data(data, config, work)


def _said(amounts: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in amounts.items())


@app.command()
def add(
    name: Name,
    description: Description = None,
    priority: Priority = None,
    default: Default = False,
    allow_user: AllowUser = None,
    deny_user: DenyUser = None,
    allow_group: AllowGroup = None,
    deny_group: DenyGroup = None,
    give: Give = None,
    least: Min = None,
    most: Max = None,
    max_running: MaxRunning = None,
    max_running_per_user: MaxRunningPerUser = None,
    max_queued_per_user: MaxQueuedPerUser = None,
    max_nodes_running: MaxNodesRunning = None,
    restrict: Restrict = None,
    allow_type: AllowType = None,
    exclude_type: ExcludeType = None,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Make a queue: enabled, started, and open to everybody where nothing else is said."""
    from headgate.core.model import Queue
    from headgate.service.queues import Queues

    changed = changes(locals())

    async def work(parts: "Parts") -> None:
        await Queues(parts.store).create(None, changed(Queue(name=name)))

    on_data(data, config, work)


@app.command("set")
def set_queue(
    name: Name,
    description: Description = None,
    priority: Priority = None,
    default: Default = False,
    allow_user: AllowUser = None,
    deny_user: DenyUser = None,
    allow_group: AllowGroup = None,
    deny_group: DenyGroup = None,
    give: Give = None,
    least: Min = None,
    most: Max = None,
    max_running: MaxRunning = None,
    max_running_per_user: MaxRunningPerUser = None,
    max_queued_per_user: MaxQueuedPerUser = None,
    max_nodes_running: MaxNodesRunning = None,
    restrict: Restrict = None,
    allow_type: AllowType = None,
    exclude_type: ExcludeType = None,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Change a queue. What is not named stays; a list that is named takes the place of the present one.

    `none` as the value takes a limit away, or empties a list.
    """
    from headgate.service.queues import Queues

    changed = changes(locals())

    async def work(parts: "Parts") -> None:
        await Queues(parts.store).change(None, name, changed)

    on_data(data, config, work)


@app.command()
def remove(name: Name, force: Force = False, data: Data = None, config: ConfigFile = None) -> None:
    """Remove a queue that no job is in. The default can't be removed."""
    from headgate.service.queues import Queues

    async def work(parts: "Parts") -> None:
        await Queues(parts.store).remove(None, name, force=force)

    on_data(data, config, work)


@app.command()
def enable(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Let a queue take new jobs."""
    _switch(data, config, name, enabled=True)


@app.command()
def disable(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Let a queue take no new jobs; those it has stay."""
    _switch(data, config, name, enabled=False)


@app.command()
def start(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Start the jobs of a queue, again."""
    _switch(data, config, name, started=True)


@app.command()
def stop(name: Name, data: Data = None, config: ConfigFile = None) -> None:
    """Start nothing more of a queue; what runs goes on."""
    _switch(data, config, name, started=False)


def _switch(data: Data, config: ConfigFile, name: str, **fields: bool) -> None:
    from msgspec.structs import replace

    from headgate.service.queues import Queues

    async def work(parts: "Parts") -> None:
        await Queues(parts.store).change(None, name, lambda queue: replace(queue, **fields))

    on_data(data, config, work)


# ---- what was said

_LISTS = {
    "allow_user": "allowed_users",
    "deny_user": "denied_users",
    "allow_group": "allowed_groups",
    "deny_group": "denied_groups",
    "restrict": "restricted",
    "allow_type": "allowed_types",
    "exclude_type": "excluded_types",
}
_COUNTS = ("max_running", "max_running_per_user", "max_queued_per_user", "max_nodes_running")


def changes(said: dict[str, Any]) -> "Callable[[Queue], Queue]":
    """What the options make of a queue. Raises BadRequest for those that can't be understood."""
    from msgspec.structs import replace

    from headgate.core import amounts

    fields: dict[str, Any] = {}
    for name in ("description", "priority"):
        if said[name] is not None:
            fields[name] = said[name]
    if said["default"]:
        fields["default"] = True
    for name, field in _LISTS.items():
        if said[name] is not None:
            fields[field] = () if said[name] == [NONE] else tuple(dict.fromkeys(said[name]))
    for name in _COUNTS:
        if said[name] is not None:
            fields[name] = _count(name, said[name])
    give, least, most = (_pairs(said[name] or ()) for name in ("give", "least", "most"))

    def changed(queue: "Queue") -> "Queue":
        return replace(
            queue,
            defaults=amounts.defaults(_merged(amounts.defaults_said(queue.defaults), give)),
            minima=amounts.limits(_merged(amounts.limits_said(queue.minima), least)),
            maxima=amounts.limits(_merged(amounts.limits_said(queue.maxima), most)),
            **fields,
        )

    return changed


def _merged(present: dict[str, str], said: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**present, **said}.items() if value != NONE}


def _count(name: str, text: str) -> int | None:
    if text == NONE:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(f"--{name.replace('_', '-')} is a whole number or {NONE}, not {text!r}.")
    return int(text)


def _pairs(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise BadRequest(f"{word!r} is not NAME=VALUE.")
        found[name.strip()] = value.strip()
    return found
