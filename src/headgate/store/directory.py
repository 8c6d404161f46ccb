"""The data directory: who may open it, what lies in it, which version it is.

    headgate.db (-wal, -shm)    the database
    serve.lock                  held by the one server
    schema.lock                 held for a moment by whoever makes or migrates the database
    backups/                    copies made before a migration

Locks are `flock`s: the kernel gives them back when their holder dies, however it dies.
"""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from headgate.core.errors import StartupRefused
from headgate.ports.clock import Clock
from headgate.store import schema, sqlite

DATABASE = "headgate.db"
_SERVE_LOCK = "serve.lock"
_SCHEMA_LOCK = "schema.lock"
_BACKUPS = "backups"


class Lock:
    """A lock file, held until it is released or the process ends."""

    def __init__(self, path: Path, *, wait: bool) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)


class Directory:
    """An opened data directory."""

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        self.path = path
        self.database = path / DATABASE
        self._serving: Lock | None = None
        try:
            _prepare(path)
            if exclusive:
                self._serving = self._serve_lock()
            sqlite.create_file(self.database)
        except OSError as error:
            self.close()
            raise StartupRefused(
                f"the data directory {path} can't be used: {error.strerror or error}"
            ) from error

    def _serve_lock(self) -> Lock:
        try:
            return Lock(self.path / _SERVE_LOCK, wait=False)
        except BlockingIOError as error:
            raise StartupRefused(
                f"another headgate server is running on the data directory {self.path}; "
                "stop it first, or give this one a directory of its own (--data)"
            ) from error

    def open_database(self, *, clock: Clock, new_id: Callable[[], str], program: str) -> sqlite3.Connection:
        """The connection to write by, to tables that are made or brought up to date."""
        # Two processes that find a new file would both turn it into a database with a write-ahead log.
        guard = Lock(self.path / _SCHEMA_LOCK, wait=True)
        try:
            connection = sqlite.connect(self.database)
            try:
                self._prepare_schema(connection, clock, new_id, program)
            except BaseException:
                connection.close()
                raise
        finally:
            guard.release()
        return connection

    def _prepare_schema(
        self, connection: sqlite3.Connection, clock: Clock, new_id: Callable[[], str], program: str
    ) -> None:
        with sqlite.schema_work(connection, looking=True) as work:
            version = schema.version_of(work)
            if version is not None:
                schema.check_not_newer(work, version, self.path, program)
        if version is None:
            with sqlite.schema_work(connection) as work:
                schema.create(work, installation=new_id(), now=clock.now(), program=program)
        elif version != schema.versions()[-1]:
            self._migrate(connection, version, clock.now(), program)

    def _migrate(self, connection: sqlite3.Connection, version: str, now: int, program: str) -> None:
        """Back up, then migrate; not under a running server, which would go on with the tables it knows."""
        serving = self._serving or self._serve_lock()
        try:
            backups = self.path / _BACKUPS
            backups.mkdir(mode=0o700, exist_ok=True)
            when = datetime.fromtimestamp(now / 1_000_000, UTC).strftime("%Y%m%dT%H%M%S")
            sqlite.back_up(connection, backups / f"headgate-{version}-{when}.db")
            with sqlite.schema_work(connection) as work:
                schema.migrate(work, program=program)
        except OSError as error:
            raise StartupRefused(f"the data directory {self.path} could not be migrated: {error}") from error
        finally:
            if self._serving is None:
                serving.release()

    def close(self) -> None:
        """Let another server have it."""
        if self._serving is not None:
            self._serving.release()
            self._serving = None


def _prepare(path: Path) -> None:
    """Make the directory, or make ours private. A directory with other things in it is left as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = set(os.listdir(path))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode != 0o700 and (not names or DATABASE in names):
        path.chmod(0o700)
