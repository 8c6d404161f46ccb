"""Whose folder, and which paths stay in it."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest, NotPermitted
from headgate.core.launch import OsAccount
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.ports.transfers import Place
from headgate.service.storage import Storage, below
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADA = Caller("ada", Role.USER)


class Remembering:
    """Files that say what was asked of them."""

    def __init__(self) -> None:
        self.read: list[tuple[str, str, str]] = []
        self.made: list[tuple[str, str, str]] = []

    async def read_below(self, account: OsAccount | None, folder: str, path: str, *, limit: int) -> bytes:
        assert account is not None
        self.read.append((account.name, folder, path))
        return b"content"

    async def make_folder(self, account: OsAccount | None, parent: str, name: str) -> None:
        assert account is not None
        self.made.append((account.name, parent, name))


def storage(world: World, files: Remembering, root: str = "") -> Storage:
    def account_of(user: str) -> OsAccount:
        account = world.authority.os_account(user)
        assert account is not None
        return account

    return Storage(files, world.authority, account_of, root=root)


async def test_without_a_root_it_is_the_home_of_the_account(world: World) -> None:
    files = Remembering()
    place = await storage(world, files).of("ada")
    assert place.account is not None
    assert place == Place(place.account, place.account.home)
    assert files.made == []


@pytest.mark.parametrize("home", ["/", "//", "", "home", "/."])
async def test_all_of_the_machine_is_nobodys_storage(world: World, home: str) -> None:
    account = OsAccount("ada", 1000, 1000, home)
    service = Storage(Remembering(), world.authority, lambda user: account)
    with pytest.raises(NotPermitted):
        await service.of("ada")


async def test_below_the_root_each_user_has_a_folder_which_is_made_for_the_account(world: World) -> None:
    files = Remembering()
    await world.users.set_os_account(None, "ada", "worker")
    place = await storage(world, files, "/srv/hpc/").of("ada")
    assert place.root == "/srv/hpc/ada"
    assert files.made == [("worker", "/srv/hpc", "ada")]


async def test_a_file_is_read_as_the_callers_account_from_below_its_folder(world: World) -> None:
    files = Remembering()
    service = storage(world, files, "/srv/hpc")
    assert (await service.read(ADA, "/srv/hpc/ada/inner//run.sh", limit=10))[1:] == (
        "inner/run.sh",
        b"content",
    )
    assert files.read == [("ada", "/srv/hpc/ada", "inner/run.sh")]
    for nothing in (".", "/srv/hpc/ada/"):
        with pytest.raises(BadRequest):
            await service.read(ADA, nothing, limit=10)


@pytest.mark.parametrize("name", ["", "..", ".new", "a/b", "a\0"])
async def test_names_that_are_no_folders_have_no_storage(world: World, name: str) -> None:
    files = Remembering()
    with pytest.raises(NotPermitted):
        await storage(world, files, "/srv/hpc").read(Caller(name, Role.ADMIN), "x", limit=10)
    assert files.made == files.read == []


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("run.sh", "run.sh"),
        ("./a//b/./c", "a/b/c"),
        ("a/..b/...", "a/..b/..."),
        (".", ""),
        ("/srv/ada", ""),
        ("/srv/./ada//x", "x"),
        ("-n", "-n"),
        ("ä b", "ä b"),
    ],
)
def test_a_path_is_taken_relative_to_the_root(path: str, inside: str) -> None:
    assert below("/srv/ada", path) == inside


@pytest.mark.parametrize(
    "path",
    [
        *("", "..", "a/..", "../ada/x", "a/../b", "/srv/ada/../ben/x", "/srv/ada/.."),
        *("/", "/srv", "/srv/adam/x", "/etc/passwd", "//etc/passwd"),
        *("a\0b", "\0", "a" * 4096, "ä" * 2048, "\udcff"),
    ],
)
def test_what_leads_out_of_the_root_or_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        below("/srv/ada", path)


@given(st.lists(st.sampled_from(["..", ".", "", "a", "srv", "ada", "-"]), max_size=8).map("/".join))
def test_what_is_taken_is_always_below_the_root(path: str) -> None:
    try:
        inside = below("/srv/ada", path)
    except BadRequest:
        return
    assert posixpath.normpath(posixpath.join("/srv/ada", inside)).startswith("/srv/ada")
    assert ".." not in inside.split("/")
