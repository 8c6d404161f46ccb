"""store/schema.py: the sum of the migrations is the tables as declared."""

import re
import sqlite3
from pathlib import Path

from sqlalchemy import text

from headgate.core.model import User
from headgate.core.vocabulary import Role
from headgate.store import codec, schema, sqlite


def described(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Every table and index as the SQL that would make it, white space and Alembic's own table aside."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'")
    return {(kind, name): re.sub(r"\s+", " ", sql or "") for kind, name, sql in rows}


def test_the_sum_of_the_migrations_equals_the_declared_tables() -> None:
    declared, migrated = sqlite.connect(sqlite.MEMORY), sqlite.connect(sqlite.MEMORY)
    with sqlite.schema_work(declared) as work:
        schema.create(work, installation="i", now=1, program="p")
    for version in schema.versions():
        with sqlite.schema_work(migrated) as work:
            schema.migrate(work, to=version, program="p")
            assert schema.version_of(work) == version
    assert described(migrated) == described(declared)
    with sqlite.schema_work(declared, looking=True) as work:
        assert schema.version_of(work) == schema.versions()[-1]


def test_migrations_are_numbered_without_gaps() -> None:
    assert schema.versions() == [f"{number:04}" for number in range(1, len(schema.versions()) + 1)]


def test_an_empty_database_has_no_version(tmp_path: Path) -> None:
    connection = sqlite.connect(tmp_path / "x.db")
    with sqlite.schema_work(connection) as work:
        assert schema.version_of(work) is None


def test_the_names_of_open_jobs_are_known_after_the_migration() -> None:
    """Before, there was nothing to look for; those that wait from now on have to find them."""
    connection = sqlite.connect(sqlite.MEMORY)
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, to="0003", program="p")
        for number, state in enumerate((1, 16, 32, 128), 1):
            job = f"""{number}, {state}, 'ann', 1, 0, '{{"spec": {{"name": "n{number}"}}}}'"""
            work.execute(text(f"INSERT INTO jobs (id, state, owner, changed, links, body) VALUES ({job})"))
        work.execute(
            text("INSERT INTO jobs (id, state, owner, changed, links, body) VALUES (5, 16, 'b', 1, 0, '{}')")
        )
        schema.migrate(work, program="p")
        rows = work.execute(text("SELECT id, open_name FROM jobs ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [(1, None), (2, "n2"), (3, "n3"), (4, None), (5, None)]


def test_users_of_before_keep_the_account_that_their_name_meant() -> None:
    """Without this, everybody would lose their OS account by the migration that makes it explicit."""
    connection = sqlite.connect(sqlite.MEMORY)
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, to="0004", program="p")
    rows = {"ada": '{"name":"Ada","role":2}', "bob": '{"name":"bob","os_account":"games"}'}
    connection.executemany("INSERT INTO users (name, body) VALUES (?, ?)", rows.items())
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, program="p")
    bodies = dict(connection.execute("SELECT name, body FROM users"))
    assert codec.USERS.one(bodies["ada"]) == User(name="Ada", role=Role.ADMIN, os_account="Ada")
    assert codec.USERS.one(bodies["bob"]) == User(name="bob", os_account="games")
