"""All that only SQLite can do: connections and their pragmas, transactions, error codes, backup.

Write-ahead log with `synchronous=FULL`: a commit is one fsync of the log, and readers neither wait for the
writer nor make it wait. (sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous)
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Dialect, Insert, Table, create_engine, func, literal_column
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from headgate.core.errors import HeadgateError, StoreUnavailable

MEMORY: Final = ":memory:"
BUSY_TIMEOUT_S = 10.0
"""How long to wait for another process (an administration command) that is writing."""

_WRITER_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 8 * 1024
# 16 MiB of log before its pages are copied into the database file: a page changed often is copied once.
_CHECKPOINT_PAGES = 4096
_JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024


def connect(where: Path | str, *, reading: bool = False) -> sqlite3.Connection:
    """A connection with our pragmas. Transactions are begun and ended by us alone."""
    try:
        connection = sqlite3.connect(
            where,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB if reading else _WRITER_CACHE_KIB}")
        connection.execute("PRAGMA synchronous = FULL")
        # Zeroing what is deleted would write pages that are only unlinked otherwise; no secret is here
        # but as a hash.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
        if reading:
            # What a reader sorts may be as large as the store: it goes to a file when it outgrows the cache.
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA temp_store = MEMORY")
        if not reading and where != MEMORY:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except sqlite3.Error as error:
        raise SQLite().translate(error) from error
    return connection


def create_file(path: Path) -> None:
    """Make an empty database file that nobody else can read; SQLite gives its log files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database to a new file."""
    create_file(target)
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    except sqlite3.Error as error:
        raise SQLite().translate(error) from error
    finally:
        copy.close()


def upsert(table: Table, *, keys: tuple[str, ...], adding: tuple[str, ...] = ()) -> Insert:
    """Insert a row, or set the columns of the one with these keys; those in `adding` are added to what they
    are.
    """
    made = insert(table)
    changes: dict[str, Any] = {
        column.name: (column + made.excluded[column.name])
        if column.name in adding
        else made.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    return made.on_conflict_do_update(index_elements=list(keys), set_=changes)


def json_value(column: ColumnElement[str], path: str) -> ColumnElement[Any]:
    """A field within a JSON text, by its dotted path: text and numbers as such, arrays as text, else null."""
    # A literal, for the path is part of the statement; it is the name of a field of ours.
    return func.json_extract(column, literal_column(f"'$.{path}'"))


@contextmanager
def schema_work(connection: sqlite3.Connection, *, looking: bool = False) -> Iterator[Connection]:
    """The same connection as SQLAlchemy and Alembic want it, within one transaction: all or nothing.

    looking: nothing will be changed, so there is no waiting for another process that writes.
    """
    engine = create_engine(
        "sqlite://", creator=lambda: connection, poolclass=StaticPool, pool_reset_on_return=None
    )
    # Otherwise they would end our transaction with theirs, and half a migration could be kept.
    engine.dialect.do_commit = _leave  # type: ignore[assignment,method-assign]  # a hook, see above
    engine.dialect.do_rollback = _leave  # type: ignore[assignment,method-assign]  # a hook, see above
    try:
        connection.execute("BEGIN" if looking else "BEGIN EXCLUSIVE")
        try:
            with engine.connect() as alchemy:
                yield alchemy
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise SQLite().translate(error) from error
    except DBAPIError as error:
        raise (SQLite().translate(error.orig) if isinstance(error.orig, sqlite3.Error) else error) from error


def _leave(connection: object) -> None:
    """Our transaction goes on."""


class SQLite:
    """What `session.Database` asks of a database."""

    dialect: Dialect = SQLiteDialect_pysqlite(paramstyle="named")
    errors: type[Exception] = sqlite3.Error

    # IMMEDIATE takes the write lock at once, so that what is read stays true until the commit.
    begin_writing = "BEGIN IMMEDIATE"
    begin_reading = "BEGIN"
    # Changes whenever another connection has committed (sqlite.org/pragma.html#pragma_data_version).
    version = "PRAGMA data_version"

    def translate(self, error: Exception) -> Exception:
        """A refused value or a broken statement is itself; everything else means that the store can't be used
        now.
        """
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
            return error
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_ERROR":  # the SQL itself is wrong
            return error
        return _unavailable(error, name)


def _unavailable(error: Exception, name: str) -> HeadgateError:
    """The sentence for people behind an error code (sqlite.org/rescode.html)."""
    if name.startswith("SQLITE_FULL"):
        text = "the disk with the data directory is full"
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        text = "another process keeps the database locked"
    elif name.startswith("SQLITE_READONLY"):
        text = "the data directory is read-only"
    else:
        text = f"the database does not work: {error} ({name or type(error).__name__})"
    return StoreUnavailable(text, parameters=(text,))
