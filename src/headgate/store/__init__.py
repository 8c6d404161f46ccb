"""What is remembered: the Store port on a relational database. SQLite is embedded; nothing to install or to
run.

Read in this order: `tables.py` (what is kept), `statement.py` and `session.py` (how SQL is built once and
run), `sql/` (every statement there is), `codec.py` (values as text), `reader.py` and `transaction.py` (the
port's two halves, with `entries.py` and `changes.py` for the small tables), `ladders.py` (the counts that
make a page cost the same anywhere in a list), `joblist.py` and `tasklist.py` (lists), `retention.py`
(removal), `writer.py` (one thread, group commit), `store.py` (the store itself), `directory.py` and
`schema.py` (opening, locking, migrating), `sqlite.py` (all that only SQLite can do), `bulk.py` (for
benchmarks).
"""

from headgate.store.store import HeadgateStore, open_store

__all__ = ["HeadgateStore", "open_store"]
