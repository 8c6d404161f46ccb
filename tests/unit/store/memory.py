"""Stores in memory for tests of what is around the store.

SQLite needs ten times as long to make all tables and indexes as to copy them, so that is done once. Tests
of the store itself open theirs by `open_store`.
"""

import atexit
import sqlite3
from collections.abc import Callable
from functools import cache

import headgate
from headgate.ports.clock import Clock
from headgate.store import HeadgateStore, schema
from headgate.store.session import Session
from headgate.store.sqlite import MEMORY, SQLite, connect, schema_work
from headgate.store.store import random_id


def memory_store(*, clock: Clock, new_id: Callable[[], str] = random_id) -> HeadgateStore:
    """What `open_store(":memory:")` makes; `test_memory.py` compares them."""
    connection = connect(MEMORY)
    _empty().backup(connection)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'installation'", [new_id()])
    connection.execute("UPDATE counters SET now = ?", [clock.now()])
    return HeadgateStore(Session(connection, SQLite()), (), directory=None, clock=clock, new_id=new_id)


@cache
def _empty() -> sqlite3.Connection:
    connection = connect(MEMORY)
    atexit.register(connection.close)
    with schema_work(connection) as work:
        schema.create(work, installation="", now=0, program=headgate.__version__)
    return connection
