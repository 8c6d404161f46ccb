"""The schema and its versions: making it new, and bringing an older one up to date.

A new database is made from the tables as declared and marked with the newest version; an older one is brought
there by Alembic's migrations, after a backup. That both ways lead to the same is a test.
"""

import re
import sqlite3
from pathlib import Path

from headgate.core.errors import StartupRefused
from headgate.store import sqlite, tables

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def versions() -> list[str]:
    """All versions this program knows, the oldest first. They are the names of the migrations, which start
    with a number.
    """
    names = (
        match[1]
        for match in (re.match(r"(\d{4})_\w+\.py$", path.name) for path in _VERSIONS.iterdir())
        if match
    )
    return sorted(names)


def version_of(connection: sqlite3.Connection) -> str | None:
    """The version of a database; None for an empty one."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise sqlite.SQLite().translate(error) from error
    except sqlite3.Error as error:
        raise sqlite.SQLite().translate(error) from error
    return None if row is None else str(row[0])


def create(connection: sqlite3.Connection, *, installation: str, now: int, program: str) -> None:
    """Make the tables of the newest version, all or nothing."""
    with _all_or_nothing(connection), sqlite.for_schema_work(connection) as alchemy:
        tables.metadata.create_all(alchemy)
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (versions()[-1],))
        connection.execute("INSERT INTO counters VALUES (1, ?, 0, 0, 0, 0, 0, 0)", (now,))
        connection.execute("INSERT INTO meta VALUES ('installation', ?)", (installation,))
        connection.execute("INSERT INTO meta VALUES ('written_by', ?)", (program,))


def migrate(connection: sqlite3.Connection, *, to: str | None = None, program: str) -> None:
    """Run the migrations from the version it has to the newest (or, in tests, to another), all or nothing."""
    # Alembic takes a tenth of a second to import, and is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _all_or_nothing(connection), sqlite.for_schema_work(connection) as alchemy:
        config.attributes["connection"] = alchemy
        command.upgrade(config, to or "head")
        connection.execute("UPDATE meta SET value = ? WHERE name = 'written_by'", (program,))


def check_not_newer(version: str, connection: sqlite3.Connection, where: Path, program: str) -> None:
    """Refuse a directory that a later version of Headgate has written."""
    known = versions()
    if version in known:
        return
    row = connection.execute("SELECT value FROM meta WHERE name = 'written_by'").fetchone()
    writer = "an unknown version" if row is None else str(row[0])
    raise StartupRefused(
        f"the data directory {where} was written by a newer Headgate ({writer}, schema {version}); "
        f"this is Headgate {program}, which knows schemas up to {known[-1]}. "
        f"Use that version, or restore a backup made before it."
    )


class _all_or_nothing:
    """A transaction around changes of the schema."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN EXCLUSIVE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._connection.execute("COMMIT" if error is None else "ROLLBACK")
        except sqlite3.Error as failed:
            raise sqlite.SQLite().translate(failed) from failed
        if isinstance(error, sqlite3.Error):
            raise sqlite.SQLite().translate(error) from error
