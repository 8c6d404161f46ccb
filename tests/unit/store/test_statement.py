"""store/statement.py: every statement there is can be spelled, and says what it is for."""

import sqlite3
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pkgutil import iter_modules

import pytest

from headgate.store import schema
from headgate.store import sql as statements_package
from headgate.store.sql import counts, entries, instances, joblists, jobs, jobsearch, ledger, tasklists, tasks
from headgate.store.sqlite import SQLite, connect, schema_work
from headgate.store.statement import Statement

BOTH = (False, True)
SORTS = (("id", True, False), ("spec.name", True, True), ("times.ended", False, False))
STATES = ((), (16,), (1, 16, 32))


def plain() -> Iterator[tuple[str, Statement]]:
    for module in iter_modules(statements_package.__path__):
        for name, value in vars(import_module(f"headgate.store.sql.{module.name}")).items():
            if isinstance(value, Statement):
                yield f"{module.name}.{name}", value


def shaped() -> Iterator[tuple[str, Statement]]:
    for states in STATES:
        yield "tasks.of_job_in", tasks.of_job_in(states)
        yield "counts.between", counts.between(states)
        for flag in BOTH:
            yield "counts.reaching", counts.reaching(states, flag)
            yield "counts.by_owner", counts.by_owner(states, flag)
            yield "joblists.jobs_changed_between", joblists.jobs_changed_between(states, flag)
            yield "tasklists.count", tasklists.count(states, changed_from=flag)
            yield "instances.count", instances.count(states, changed_from=flag)
            yield "instances.numbers", instances.numbers(states, changed_from=flag)
            yield "instances.numbers_unfit", instances.numbers_unfit(states, changed_from=flag)
            for descending in BOTH:
                yield (
                    "tasklists.page",
                    tasklists.page(states, changed_from=flag, descending=descending),
                )
            yield "instances.page", instances.page(states, changed_from=flag)
    for states_or_all in (None, (16,), (1, 16)):
        yield "instances.page", instances.page(states_or_all, changed_from=False)
        for owned, changed_from, last in product(BOTH, repeat=3):
            filters = {"owned": owned, "changed_from": changed_from, "grouped": last}
            yield "jobsearch.count", jobsearch.count(states_or_all, **filters)
            yield "jobsearch.running", jobsearch.running(**filters)
            for place, descending, (sort, has_default, is_text) in product(
                (None, "set", "unset"), BOTH, SORTS
            ):
                yield (
                    "jobsearch.page",
                    jobsearch.page(
                        sort,
                        has_default,
                        states_or_all,
                        is_text=is_text,
                        place=place,
                        descending=descending,
                        **filters,
                    ),
                )
            for order in (joblists.ID, joblists.OWNER, joblists.CHANGE):
                for bounded in BOTH:
                    yield (
                        "joblists.job_page",
                        joblists.job_page(
                            order,
                            states_or_all,
                            owned=owned,
                            changed_from=changed_from,
                            bounded=bounded,
                            descending=last,
                            by_change=changed_from and not last,
                        ),
                    )
    yield "joblists.jobs_in", joblists.jobs_in((16, 32))
    yield "jobs.several", jobs.several(8)
    for table in ledger.OF_A_JOB:
        yield "ledger.clear", ledger.clear(table)
    for table in entries.NAMED:
        yield from (("entries.listed", entries.listed(table)), ("entries.get", entries.get(table)))
        yield "entries.put", entries.put(table)


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    connection = connect(":memory:")
    with schema_work(connection) as work:
        schema.create(work, installation="i", now=1, program="p")
    return connection


def test_sqlite_accepts_each_statement_in_each_shape(database: sqlite3.Connection) -> None:
    for name, statement in (*plain(), *shaped()):
        text, constants = statement.spelled(SQLite.dialect)
        assert "POSTCOMPILE" not in text, name
        assert all(value is not None for value in constants.values()), name
        database.execute(f"EXPLAIN {text}", Anything(constants))


@pytest.mark.parametrize("statement", [jobs.add, tasks.add, ledger.add_event, counts.add])
def test_an_insert_of_several_rows_takes_each_value_to_its_column(
    database: sqlite3.Connection, statement: Statement
) -> None:
    text, pick = statement.spelled_rows(SQLite.dialect, 3)
    one = statement.spelled(SQLite.dialect)[0]
    columns = one.partition("(")[2].partition(")")[0].split(", ")
    assert list(pick({name: name for name in columns})) == columns
    assert text.count("?") == 3 * len(columns)
    database.execute(f"EXPLAIN {text}", range(3 * len(columns)))


class Anything(dict[str, object]):
    """A value for every parameter."""

    def __missing__(self, name: str) -> object:
        return 1


def test_every_statement_says_what_it_is_for() -> None:
    said = {name: (statement.__doc__ or "").strip() for name, statement in plain()}
    bare = [name for name, text in said.items() if not text.endswith((".", "?"))]
    assert not bare, bare


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (
            joblists.job_page(
                joblists.ID, (16,), owned=False, changed_from=False, bounded=True, descending=True
            ),
            "jobs_by_state",
        ),
        (
            joblists.job_page(
                joblists.OWNER, (16, 32), owned=False, changed_from=False, bounded=True, descending=False
            ),
            "jobs_by_owner",
        ),
        (
            joblists.job_page(
                joblists.CHANGE, (16, 32), owned=False, changed_from=True, bounded=True, descending=False
            ),
            "jobs_by_change",
        ),
        (
            joblists.job_page(
                joblists.CHANGE, (16, 32), owned=True, changed_from=False, bounded=True, descending=True
            ),
            "jobs_by_owner_change",
        ),
        (
            joblists.job_page(
                joblists.ID, (16, 32), owned=True, changed_from=False, bounded=True, descending=True
            ),
            "jobs_by_owner",
        ),
        (jobs.queue, "jobs_queue"),
        (jobs.heads, "jobs_queue"),
        (jobs.lines, "jobs_line"),
        (jobs.count_in_lines, "jobs_line"),
        (jobs.held_until, "jobs_held"),
        (jobs.earlier_namesake, "jobs_open_name"),
        (jobs.first_singleton, "jobs_singleton"),
        (jobs.chain_named, "jobs_chain"),
        (jobs.ended, "jobs_ended"),
        (joblists.jobs_in((16, 32)), "jobs_by_state"),
        (tasks.ready, "tasks_ready"),
        (tasklists.expanded, "tasks_expanded"),
        (counts.drop_empty, "counts_empty"),
    ],
)
def test_what_has_to_be_quick_reads_an_index_in_order(
    database: sqlite3.Connection, statement: Statement, index: str
) -> None:
    """No table is scanned and nothing is sorted: the cost is that of the page."""
    text, constants = statement.spelled(SQLite.dialect)
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {text}", Anything(constants))]
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
    made = ("INDEX", "anon", "SCAN lines", "CONSTANT ROW")  # the index itself; what the statement has made
    assert not any(step.startswith("SCAN") and not any(one in step for one in made) for step in plan), plan
