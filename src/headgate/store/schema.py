"""The schema and its versions: making it new, and bringing an older one up to date.

A new database is made from the tables as declared and marked with the newest version; an older one is brought
there by Alembic's migrations, after a backup. That both ways lead to the same is a test.
"""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, make_url, select, update
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from headgate.core.errors import StartupRefused
from headgate.store import tables

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_WRITTEN_BY = "written_by"

# Alembic's own table, as it makes it.
_VERSION = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True, nullable=False)
)


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


def version_of(connection: Connection) -> str | None:
    """The version of a database; None for an empty one."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def create(connection: Connection, *, installation: str, now: int, program: str) -> None:
    """Make the tables of the newest version, with what is in them from the beginning."""
    cursor = connection.connection.cursor()
    for statement in _statements(connection.dialect.name):
        cursor.execute(statement)
    connection.execute(insert(_VERSION).values(version_num=versions()[-1]))
    numbers = {column.name: 0 for column in tables.counters.columns}
    connection.execute(insert(tables.counters).values({**numbers, "id": 1, "now": now}))
    facts = {"installation": installation, _WRITTEN_BY: program}
    connection.execute(insert(tables.meta), [{"name": name, "value": value} for name, value in facts.items()])


@cache
def _statements(dialect: str) -> tuple[str, ...]:
    """What makes all tables and indexes. Spelled once: that takes longer than SQLite needs to do it."""
    elements: list[ExecutableDDLElement] = []
    for table in (*tables.metadata.sorted_tables, _VERSION):
        elements.append(CreateTable(table))
        elements += [CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))]
    spelling = make_url(f"{dialect}://").get_dialect()()
    return tuple(str(element.compile(dialect=spelling)) for element in elements)


def migrate(connection: Connection, *, to: str = "head", program: str) -> None:
    """Run the migrations from the version it has to the newest (or, in tests, to another)."""
    # Alembic takes a tenth of a second to import and is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415 — needed rarely, see above
    from alembic.config import Config  # noqa: PLC0415 — needed rarely, see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    connection.execute(update(tables.meta).where(tables.meta.c.name == _WRITTEN_BY).values(value=program))


def check_not_newer(connection: Connection, version: str, where: Path, program: str) -> None:
    """Refuse a directory that a later version of Headgate has written."""
    known = versions()
    if version in known:
        return
    writer = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.name == _WRITTEN_BY))
    raise StartupRefused(
        f"the data directory {where} was written by a newer Headgate ({writer}, schema {version}); "
        f"this is Headgate {program}, which knows schemas up to {known[-1]}. "
        "Use that version, or restore a backup made before it."
    )
