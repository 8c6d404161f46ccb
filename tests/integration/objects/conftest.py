"""An S3 server, a user's directory, and syncs between them by the process that is the user."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.core.launch import OsAccount
from headgate.core.syncs import Complaint, Direction, Progress
from headgate.engines.local.account_processes import LocalProcesses
from headgate.objects.settings import ObjectStorageSettings
from headgate.objects.transfers import AccountTransfers
from headgate.ports.transfers import Done, Order
from headgate.testing.object_store import ACCESS_KEY, BUCKET, SECRET_KEY, ObjectStore, object_store
from tests.integration.objects.liar import Liar


def someone() -> OsAccount | None:
    """`nobody`; where the tests are not root, nobody else than we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return OsAccount("nobody", entry.pw_uid, entry.pw_gid, "/")


class Ended:
    """What one sync said."""

    def __init__(self) -> None:
        self.done = Done(-1)
        self.progress = Progress()
        self.complaints: dict[str, str] = {}


class Sides:
    """A user's storage and a bucket. What a test puts into the storage belongs to the user."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.store = store
        self.ca_file = ""
        self.root = folder / "home"
        self.root.mkdir()
        self.account = someone()
        self.give(self.root)

    def give(self, path: Path) -> None:
        """Make it the user's."""
        if self.account is not None:
            for one in (path, *path.rglob("*")):
                os.chown(one, self.account.uid, self.account.gid, follow_symlinks=False)

    def put(self, name: str, content: bytes = b"x", mtime: int = 1_600_000_000) -> Path:
        """A file in the storage."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
        if self.account is not None:
            for one in (path, *path.parents):
                if one.is_relative_to(self.root):
                    os.chown(one, self.account.uid, self.account.gid)
        return path

    def store_object(self, key: str, content: bytes = b"x", mtime: int = 1_600_000_000) -> Path:
        """An object, made before the server first looks."""
        path = self.store.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
        return path

    def kept(self, key: str) -> bytes:
        """The content of an object."""
        return (self.store.bucket / key).read_bytes()

    def names(self, path: str = "data") -> set[str]:
        """The files there are below a directory of the storage."""
        top = self.root / path
        return {str(one.relative_to(top)) for one in top.rglob("*") if not one.is_dir()}

    def order(
        self, direction: Direction, path: str = "data", *, delete: bool = False, prefix: str = ""
    ) -> Order:
        """A sync of this storage."""
        return Order(
            account=self.account,
            root=str(self.root),
            path=path,
            prefix=prefix,
            direction=direction,
            delete=delete,
        )

    def transfers(self, endpoint: str = "") -> AccountTransfers:
        """What carries syncs out."""
        settings = ObjectStorageSettings(
            endpoint=endpoint or self.store.url,
            bucket=BUCKET,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            ca_file=self.ca_file,
        )
        return AccountTransfers(LocalProcesses(1000), settings)

    async def up(self, path: str = "data", *, delete: bool = False, endpoint: str = "") -> Ended:
        """Sync to the bucket."""
        return await self.run(self.order(Direction.TO_ONLINE, path, delete=delete), endpoint)

    async def down(self, path: str = "data", *, delete: bool = False, endpoint: str = "") -> Ended:
        """Sync from the bucket."""
        return await self.run(self.order(Direction.FROM_ONLINE, path, delete=delete), endpoint)

    async def run(self, order: Order, endpoint: str = "") -> Ended:
        """Sync."""
        ended = Ended()
        async for report in self.transfers(endpoint).carry_out(order):
            if isinstance(report, Done):
                ended.done = report
            elif isinstance(report, Complaint):
                ended.complaints[report.name] = report.reason
            else:
                ended.progress = report
        return ended


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can enter."""
    made = Path(tempfile.mkdtemp(prefix="headgate-objects-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def sides(folder: Path) -> Iterator[Sides]:
    """Both sides, empty."""
    with object_store(folder / "s3") as store:
        yield Sides(folder, store)


@pytest.fixture
def liar(sides: Sides) -> Iterator[Liar]:
    """A proxy in front of the object store that lies when it is told to."""
    made = Liar(sides.store.port)
    yield made
    made.stop()
