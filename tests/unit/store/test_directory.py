"""store/directory.py: one server on a directory, private files, backups before migrations."""

import fcntl
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

import headgate
from headgate.core.errors import StartupRefused
from headgate.core.model import Job, JobSpec
from headgate.core.states import JobState
from headgate.ports.store import JobQuery
from headgate.store import open_store, schema, sqlite
from headgate.store.codec import encode
from tests.unit.store.worlds import NOON, StillClock, World


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_private(on_disk: World) -> None:
    on_disk.add()
    data = Path(on_disk.where)
    assert mode(data) == 0o700
    files = [path for path in data.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {
        "headgate.db",
        "headgate.db-wal",
        "headgate.db-shm",
        "serve.lock",
    }
    assert {path.name: mode(path) for path in files} == {path.name: 0o600 for path in files}


def test_an_empty_directory_is_made_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    World(data).close()
    assert mode(data) == 0o700


def test_a_directory_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "letter").touch()
    World(data).close()
    assert mode(data) == 0o755
    assert mode(data / "headgate.db") == 0o600


def test_a_second_server_is_refused_until_the_first_has_ended(on_disk: World) -> None:
    with pytest.raises(StartupRefused, match="another headgate server is running on the data directory"):
        World(on_disk.where)
    on_disk.store.shut()
    World(on_disk.where).close()


def test_commands_work_beside_a_server_and_numbers_do_not_collide(on_disk: World) -> None:
    on_disk.add("ann")
    command = World(on_disk.where, exclusive=False)
    assert command.store.installation == on_disk.store.installation
    assert command.add("bob").id == 2
    assert on_disk.add("ann").id == 3
    command.clock.time = NOON + 7
    assert command.add("bob").times.created == NOON + 7
    assert on_disk.add("ann").times.created == NOON + 7
    page = on_disk.look(lambda look: look.list_jobs(JobQuery(sort="owner"), limit=10, count=True))
    assert ([job.id for job in page.jobs], page.total) == ([1, 3, 5, 2, 4], 5)
    command.close()


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupRefused, match=r"file.* can't be used"):
        World(tmp_path / "file")


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "headgate.db").write_bytes(b"something else entirely " * 100)
    with pytest.raises(StartupRefused, match="not a database"):
        World(tmp_path)
    assert (tmp_path / "headgate.db").read_bytes() == b"something else entirely " * 100
    (tmp_path / "headgate.db").unlink()
    World(tmp_path).close()


def test_a_newer_directory_is_refused_and_both_versions_are_named(on_disk: World) -> None:
    on_disk.store.shut()
    change(on_disk, "UPDATE alembic_version SET version_num = '0999'")
    change(on_disk, "UPDATE meta SET value = '9.8.7' WHERE name = 'written_by'")
    with pytest.raises(StartupRefused) as refused:
        World(on_disk.where)
    newest = schema.versions()[-1]
    for part in ("newer Headgate (9.8.7, schema 0999)", headgate.__version__, newest, str(on_disk.where)):
        assert part in refused.value.text


def test_an_older_directory_is_backed_up_and_migrated(tmp_path: Path) -> None:
    made_by_an_older_version(tmp_path)
    world = World(tmp_path)
    page = world.look(lambda look: look.list_jobs(JobQuery(sort="owner"), limit=2, offset=1, count=True))
    assert ([job.id for job in page.jobs], page.total) == ([3, 2], 3)
    assert world.look(lambda look: look.count_jobs()) == {JobState.QUEUED: 1, JobState.FINISHED: 2}
    assert world.add().id == 2001
    assert world.look(lambda look: look.meta("written_by")) == headgate.__version__
    world.close()
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name == "headgate-0001-20300317T174640.db"
    assert mode(backup) == 0o600
    assert mode(tmp_path / "backups") == 0o700
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert old.execute("SELECT count(*) FROM jobs").fetchall() == [(3,)]


def test_a_command_does_not_migrate_under_a_running_server(tmp_path: Path) -> None:
    made_by_an_older_version(tmp_path)
    server = os.open(tmp_path / "serve.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(server, fcntl.LOCK_EX)
    with pytest.raises(StartupRefused, match="another headgate server is running"):
        World(tmp_path, exclusive=False)
    os.close(server)
    World(tmp_path, exclusive=False).close()
    World(tmp_path).close()


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    made_by_an_older_version(tmp_path)
    connection = sqlite.connect(tmp_path / "headgate.db")
    connection.execute("CREATE TABLE counts (x)")
    connection.close()
    with pytest.raises(Exception, match="already exists"):
        World(tmp_path)
    connection = sqlite.connect(tmp_path / "headgate.db")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    connection.execute("DROP TABLE counts")
    connection.close()
    World(tmp_path).close()


def change(world: World, statement: str) -> None:
    with closing(sqlite3.connect(Path(world.where) / "headgate.db")) as connection, connection:
        connection.execute(statement)


def made_by_an_older_version(data: Path) -> None:
    """A directory of schema 0001 with three jobs in it, the last id being 2000."""
    connection = sqlite.connect(data / "headgate.db")
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, to="0001", program="0.0.1")
    connection.execute("INSERT INTO counters VALUES (1, ?, 2000, 0, 0, 0, 0, 0)", (NOON,))
    connection.execute("INSERT INTO meta VALUES ('installation', 'old'), ('written_by', '0.0.1')")
    for job_id, owner, state in ((1, "ann", 16), (2, "bob", 128), (3, "ann", 128)):
        job = Job(id=job_id, owner=owner, state=JobState(state), spec=JobSpec(name="old"))
        connection.execute(
            "INSERT INTO jobs VALUES (?, ?, ?, 0, NULL, NULL, NULL, 0, ?)",
            (job_id, state, owner, encode(job)),
        )
    connection.close()


def test_the_store_finds_what_was_kept_after_it_was_closed(on_disk: World) -> None:
    job = on_disk.add("ann", name="x")
    on_disk.reopen()
    assert on_disk.look(lambda look: look.job(job.id)) == job


def test_a_new_installation_has_a_random_id(tmp_path: Path) -> None:
    found = set()
    for name in ("a", "b"):
        store = open_store(tmp_path / name, clock=StillClock())
        found.add(store.installation)
        store.shut()
    assert len(found) == 2
    assert all(len(each) == 36 for each in found)
