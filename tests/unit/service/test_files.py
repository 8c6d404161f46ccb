"""Whose files, and which paths."""

import pytest

from headgate.core.errors import BadRequest, NotPermitted
from headgate.core.launch import OsAccount
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.service.files import LARGEST, UserFiles
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADA = Caller("ada", Role.USER)


class Remembering:
    """Files that say as whom they were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def read(self, account: OsAccount | None, path: str, *, limit: int) -> bytes:
        assert account is not None
        self.asked.append((account.name, path))
        return b"content"

    async def write(self, account: OsAccount | None, path: str, content: bytes) -> None:
        await self.read(account, path, limit=len(content))


async def test_files_are_reached_as_the_callers_account_whatever_the_role(world: World) -> None:
    files = Remembering()
    await world.users.set_os_account(None, "ada", "worker")
    service = UserFiles(files, world.authority)
    assert await service.read(ADA, "/a") == b"content"
    await service.write(Caller("ada", Role.USER | Role.ADMIN, root=True), "/b", b"x")
    assert files.asked == [("worker", "/a"), ("worker", "/b")]


async def test_who_has_no_account_has_no_files(world: World) -> None:
    service = UserFiles(Remembering(), world.authority)
    boss = Caller("boss", Role.ADMIN)
    await world.users.add(boss, "postgres", Role.USER, "x")
    for caller in (Caller("postgres", Role.ADMIN), boss, Caller("", Role.ADMIN, root=True)):
        with pytest.raises(NotPermitted):
            await service.read(caller, "/etc/hostname")
        with pytest.raises(NotPermitted):
            await service.write(caller, "/tmp/x", b"x")


@pytest.mark.parametrize("path", ["", "a", "./a", "~/a", "/a\0b", "/" * 4096, "/\udcff", "/" + "ä" * 2048])
async def test_what_is_no_absolute_path_is_refused(world: World, path: str) -> None:
    service = UserFiles(Remembering(), world.authority)
    with pytest.raises(BadRequest):
        await service.read(ADA, path)
    with pytest.raises(BadRequest):
        await service.write(ADA, path, b"x")


async def test_too_much_is_refused(world: World) -> None:
    with pytest.raises(BadRequest, match="more than"):
        await UserFiles(Remembering(), world.authority).write(ADA, "/a", b"x" * (LARGEST + 1))
