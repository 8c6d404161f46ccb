"""SQL that is built by SQLAlchemy once and then run as text.

`@statement` turns a function that builds a statement into that `Statement`; `@statements` does the same for a
function with arguments that change the shape of the SQL (which states, which direction). Parameters are
named. Executing a statement through SQLAlchemy's own connection costs some 50 µs of Python each, which is
more than all the rest of a write; so it is used for what it is best at, spelling SQL for a dialect
(`docs/decisions`).
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, update_wrapper
from operator import itemgetter
from typing import Any, ParamSpec

from sqlalchemy import ColumnElement, Dialect, Executable, func, literal_column
from sqlalchemy.sql.compiler import SQLCompiler

from headgate.store.tables import metadata

_WORD = re.compile(r"\w+")
_VALUES = re.compile(r"(.* VALUES )\(([^()]*)\)(.*)", re.DOTALL)
"""An insert of one row, as it is spelled: what is before and behind the values."""
Columns = Mapping[str, Any]
"""The columns of a row by name."""
P = ParamSpec("P")


def joined(column: ColumnElement[str]) -> ColumnElement[str]:
    """All texts of a column as one, with commas between: an aggregate. None over no rows."""
    # A literal, because a parameter here would be filled in only by SQLAlchemy's own connection.
    return func.aggregate_strings(column, literal_column("','"))  # type: ignore[arg-type]  # str is declared


def among(column: ColumnElement[int], numbers: tuple[int, ...]) -> ColumnElement[bool]:
    """Whether a column holds one of these numbers, which are part of the statement's shape."""
    # Of no numbers SQLAlchemy would make a parameter that only its own connection fills in.
    return column.in_([literal_column(str(number)) for number in numbers or ("NULL",)])


class Statement:
    """One SQL statement, compiled when it is first run on a dialect."""

    def __init__(self, build: Callable[[], Executable], name: str) -> None:
        self._build = build
        self._spelled: dict[str, tuple[str, dict[str, Any]]] = {}
        self._rows: dict[tuple[str, int], tuple[str, Callable[[Columns], tuple[Any, ...]]]] = {}
        self.name = name
        self.tables: frozenset[str] = frozenset()
        """The tables that it names. Known once it has been spelled."""

    def spelled(self, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """The text for a dialect, and the parameters that are constants of the statement."""
        found = self._spelled.get(dialect.name)
        if found is None:
            # `compile` belongs to all that can be executed, but is not declared there.
            compiled = self._build().compile(dialect=dialect)  # type: ignore[attr-defined]
            assert isinstance(compiled, SQLCompiler)  # noqa: S101 — Executable.compile is untyped
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            # By words, not by the expression's parts: one too many does no harm, one too few would. Set
            # before the text, which another thread may take as soon as it is there.
            self.tables = frozenset(_WORD.findall(compiled.string)) & metadata.tables.keys()
            found = self._spelled[dialect.name] = (compiled.string, constants)
        return found

    def spelled_rows(self, dialect: Dialect, count: int) -> tuple[str, Callable[[Columns], tuple[Any, ...]]]:
        """The text of an insert of so many rows, whose parameters are positional; and what takes those of one
        row out of its columns.
        """
        found = self._rows.get((dialect.name, count))
        if found is None:
            parts = _VALUES.fullmatch(self.spelled(dialect)[0])
            assert parts is not None, self.name  # noqa: S101 — it is an insert of ours
            names = [name.strip().removeprefix(":") for name in parts[2].split(",")]
            row = f"({', '.join('?' * len(names))})"
            text = f"{parts[1]}{', '.join([row] * count)}{parts[3]}"
            found = self._rows[dialect.name, count] = (text, itemgetter(*names))
        return found


def statement(build: Callable[[], Executable]) -> Statement:
    """The statement that `build` describes."""
    made = Statement(build, build.__name__)
    update_wrapper(made, build)  # type: ignore[arg-type]  # made is no function, but described like one
    return made


def statements(build: Callable[P, Executable]) -> Callable[P, Statement]:
    """A family of statements: one for each combination of arguments, the recent ones kept."""

    @lru_cache(maxsize=256)
    def shaped(*args: P.args, **kwargs: P.kwargs) -> Statement:
        return Statement(lambda: build(*args, **kwargs), build.__name__)

    return update_wrapper(shaped, build)  # type: ignore[return-value]  # the cache takes any arguments
