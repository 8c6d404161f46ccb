"""store/sqlite.py: errors in the words of people, and what is whose fault."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from headgate.core.errors import StoreUnavailable
from headgate.store.sqlite import SQLite, back_up, connect, schema_work


def failed(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("message of SQLite")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SQLITE_FULL", "the disk with the data directory is full"),
        ("SQLITE_BUSY_SNAPSHOT", "another process keeps the database locked"),
        ("SQLITE_READONLY_DBMOVED", "the data directory is read-only"),
        ("SQLITE_IOERR_WRITE", "the database does not work: message of SQLite (SQLITE_IOERR_WRITE)"),
        ("SQLITE_CORRUPT", "the database does not work: message of SQLite (SQLITE_CORRUPT)"),
    ],
)
def test_a_database_that_does_not_work_is_unavailable(name: str, text: str) -> None:
    found = SQLite().translate(failed(name))
    assert isinstance(found, StoreUnavailable)
    assert found.text == text


@pytest.mark.parametrize(
    "error", [sqlite3.IntegrityError("x"), sqlite3.ProgrammingError("x"), failed("SQLITE_ERROR")]
)
def test_a_wrong_statement_is_its_own_fault(error: sqlite3.Error) -> None:
    assert SQLite().translate(error) is error


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    connect(tmp_path / "x.db").execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connect(tmp_path / "x.db", reading=True).execute("INSERT INTO t VALUES (1)")


def test_a_backup_is_a_copy_that_nobody_else_can_read(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (7)")
    back_up(connection, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT x FROM t").fetchall() == [(7,)]


def test_a_directory_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        connect(tmp_path / "missing" / "x.db")


def test_work_on_the_schema_is_all_or_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.db")

    def interrupted() -> None:
        with schema_work(connection) as work:
            work.exec_driver_sql("CREATE TABLE t (x)")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        interrupted()
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with schema_work(connection) as work:
        work.exec_driver_sql("CREATE TABLE t (x)")
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
