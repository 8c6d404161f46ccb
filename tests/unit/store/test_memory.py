from headgate.store import HeadgateStore, open_store
from headgate.store.sqlite import MEMORY
from tests.unit.store.memory import memory_store
from tests.unit.store.worlds import StillClock


def _everything(store: HeadgateStore) -> list[str]:
    """What is in it and what its connection is set to."""
    connection = store._peeking.session.connection
    pragmas = "cache_size synchronous secure_delete journal_mode page_size temp_store auto_vacuum encoding"
    settings = [str((name, *connection.execute(f"PRAGMA {name}").fetchone())) for name in pragmas.split()]
    return [*connection.iterdump(), *settings]


def test_a_store_made_by_copying_is_as_one_that_was_opened() -> None:
    for _ in range(2):
        opened = open_store(MEMORY, clock=StillClock(), new_id=lambda: "id-1")
        copied = memory_store(clock=StillClock(), new_id=lambda: "id-1")
        assert copied.installation == opened.installation == "id-1"
        assert _everything(copied) == _everything(opened)
        opened.shut()
        copied.shut()
