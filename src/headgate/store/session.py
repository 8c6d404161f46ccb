"""Running statements on one database connection, with its errors made ours.

`Session` is all that the rest of the store knows of a database driver: named parameters in, tuples out.
Results are fetched whole; a list is one text made by the database (`texts`), because each row fetched gives
the interpreter lock away once.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final, Protocol

from sqlalchemy import Dialect

from headgate.core.errors import BadRequest, StoreUnavailable
from headgate.store.statement import Columns, Statement

_ROWS_TOGETHER: Final = 32
"""Rows of one insert, at most: there is a prepared statement for each number of them."""
Row = tuple[Any, ...]
NOTHING: dict[str, Any] = {}


class Database(Protocol):
    """What differs between databases: the spelling of SQL, the commands around a transaction, the errors."""

    dialect: Dialect
    errors: type[Exception]
    begin_writing: str
    begin_reading: str
    version: str

    def translate(self, error: Exception) -> Exception:
        """The error to raise for a driver's error: StoreUnavailable when it is not the statement's fault."""
        ...


class Held(Protocol):
    """Rows that are not written yet (`held.py`)."""

    def holds(self, tables: frozenset[str]) -> bool:
        """Whether there are any of these tables."""
        ...

    def write_held(self) -> None:
        """Write them."""
        ...


class Session:
    """One connection. Used by one thread at a time."""

    def __init__(self, connection: Any, database: Database) -> None:
        self.connection = connection
        self._database = database
        self._dialect = database.dialect
        self._errors = database.errors
        self._cursor = connection.cursor()
        self.failed: StoreUnavailable | None = None
        """Set when the database has failed, whoever caught the error; the writer clears it to begin anew."""
        self.held: Held | None = None
        """What the transaction under way holds back: written before a statement that names its tables."""

    def _translate(self, error: Exception) -> Exception:
        ours = self._database.translate(error)
        if isinstance(ours, StoreUnavailable):
            self.failed = ours
        return ours

    def _run(self, statement: Statement, parameters: Mapping[str, Any], *, apart: bool = False) -> Any:
        text, constants = statement.spelled(self._dialect)
        if not apart and self.held is not None and self.held.holds(statement.tables):
            self.held.write_held()
        if constants:
            parameters = {**constants, **parameters}
        try:
            return self._cursor.execute(text, parameters)
        except self._errors as error:
            raise self._translate(error) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise BadRequest(f"a value cannot be stored: {error}") from error

    def rows(
        self, statement: Statement, parameters: Mapping[str, Any] = NOTHING, *, apart: bool = False
    ) -> list[Row]:
        """All rows. apart: they are not among those held back, which was asked before."""
        cursor = self._run(statement, parameters, apart=apart)
        try:
            found: list[Row] = cursor.fetchall()
        except self._errors as error:
            raise self._translate(error) from error
        return found

    def row(
        self, statement: Statement, parameters: Mapping[str, Any] = NOTHING, *, apart: bool = False
    ) -> Row | None:
        """The first row, or None."""
        found = self.rows(statement, parameters, apart=apart)
        return found[0] if found else None

    def value(
        self, statement: Statement, parameters: Mapping[str, Any] = NOTHING, *, apart: bool = False
    ) -> Any:
        """The first column of the first row, or None."""
        found = self.rows(statement, parameters, apart=apart)
        return found[0][0] if found else None

    def change(self, statement: Statement, parameters: Mapping[str, Any] = NOTHING) -> int:
        """Run a statement that changes rows. How many it changed."""
        count: int = self._run(statement, parameters).rowcount
        return count

    def change_many(
        self, statement: Statement, parameters: Sequence[Mapping[str, Any]], *, apart: bool = False
    ) -> None:
        """Run a statement that changes rows, once for each set of parameters. apart: they were held back."""
        text, constants = statement.spelled(self._dialect)
        if not apart and self.held is not None and self.held.holds(statement.tables):
            self.held.write_held()
        if constants:
            parameters = [{**constants, **each} for each in parameters]
        try:
            self._cursor.executemany(text, parameters)
        except self._errors as error:
            raise self._translate(error) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise BadRequest(f"a value cannot be stored: {error}") from error

    def add_many(self, statement: Statement, rows: Sequence[Columns], *, apart: bool = False) -> None:
        """Run a statement that inserts a row, for all of these: as few statements as can be, for each gives
        the interpreter away once. apart: they were held back.
        """
        if not apart and self.held is not None and self.held.holds(statement.tables):
            self.held.write_held()
        for start in range(0, len(rows), _ROWS_TOGETHER):
            some = rows[start : start + _ROWS_TOGETHER]
            text, pick = statement.spelled_rows(self._dialect, len(some))
            try:
                self._cursor.execute(text, [*chain.from_iterable(map(pick, some))])
            except self._errors as error:
                raise self._translate(error) from error
            except (OverflowError, UnicodeEncodeError) as error:
                raise BadRequest(f"a value cannot be stored: {error}") from error

    def command(self, text: str) -> Row | None:
        """Run a command of the database itself (BEGIN, a pragma). Its first row, if there is one."""
        try:
            found: list[Row] = self._cursor.execute(text).fetchall()
        except self._errors as error:
            raise self._translate(error) from error
        return found[0] if found else None

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()
