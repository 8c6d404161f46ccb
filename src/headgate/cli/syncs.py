"""`headgate sync …`: syncs with the object store. Works on the data folder, its server running or not."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.installation import Data, on_data
from headgate.cli.serve import ConfigFile

if TYPE_CHECKING:
    from headgate.app import Parts
    from headgate.core.syncs import Progress, Sync

app = typer.Typer(
    no_args_is_help=True, help="Syncs of users' files with the object store (works on the data folder)."
)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the sync.")]


@app.command("list")
def list_syncs(data: Data = None, config: ConfigFile = None) -> None:
    """List the last syncs, of all users."""
    from headgate.cli.tables import table

    async def work(parts: "Parts") -> None:
        rows = [
            (
                sync.id,
                sync.owner,
                sync.direction.value,
                sync.path or ".",
                _state(sync),
                _files(sync.progress),
                _bytes(sync.progress),
                _when(sync.created),
            )
            for sync in await parts.syncs.list(None)
        ]
        table(("ID", "User", "Direction", "Path", "State", "Files", "Bytes", "Asked"), rows)

    on_data(data, config, work)


@app.command()
def show(number: Number, data: Data = None, config: ConfigFile = None) -> None:
    """Show a sync, and what could not be synced."""
    from headgate.cli.tables import fields

    async def work(parts: "Parts") -> None:
        sync = parts.syncs.get(None, number)
        fields(
            {
                "ID": sync.id,
                "User": sync.owner,
                "Direction": sync.direction.value,
                "Path": sync.path or ".",
                "Delete": "yes" if sync.delete else "no",
                "State": _state(sync),
                "Reason": sync.reason,
                "Asked": _when(sync.created),
                "Started": _when(sync.started),
                "Ended": _when(sync.ended),
                "Files": _files(sync.progress),
                "Bytes": _bytes(sync.progress),
                "Same": sync.progress.same,
                "Deleted": sync.progress.deleted,
                "Skipped": sync.progress.skipped,
                "Failed": sync.progress.failed,
            }
        )
        for complaint in sync.complaints:
            fields({complaint.name or "(the directory itself)": complaint.reason})

    on_data(data, config, work)


def _state(sync: "Sync") -> str:
    return f"{sync.state.value} ({sync.result})" if sync.state.value == "complete" else sync.state.value


def _files(progress: "Progress") -> str:
    return f"{progress.files_done}/{progress.files_total}"


def _bytes(progress: "Progress") -> str:
    return f"{progress.bytes_done}/{progress.bytes_total}"


def _when(at: int | None) -> str:
    from headgate.cli.tables import date

    return date(None if at is None else datetime.fromtimestamp(at / 1e6, UTC))
