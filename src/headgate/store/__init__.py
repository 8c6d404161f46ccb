"""What is remembered: the Store port on a relational database. SQLite is embedded; nothing to install or run.

Read in this order:

    tables.py      what is kept
    statement.py   SQL built once by SQLAlchemy, run as text by session.py; every statement is in sql/
    codec.py       values as text
    reader.py      what can be looked up; transaction.py: what can be changed
                   (of the small tables: entries.py, changes.py)
    ladders.py     the counts that make a page cost the same anywhere in a list
    joblist.py     lists of jobs; jobsearch.py: in any other order; sortkeys.py: by what
    tasklist.py    lists of tasks, made of taskparts.py and sweeplist.py, which counts by stretches.py
    retention.py   removal
    writer.py      one thread, group commit
    store.py       the store itself
    directory.py   opening and locking; schema.py, migrations/: making the tables, bringing them up to date
    sqlite.py      all that only SQLite can do
    bulk.py        many jobs at once, for benchmarks
"""

from headgate.store.store import HeadgateStore, open_store

__all__ = ["HeadgateStore", "open_store"]
