"""The key file and the first user's password file."""

from pathlib import Path

import pytest

from headgate.core.errors import StartupRefused
from headgate.core.vocabulary import Role
from headgate.identity import create_first_admin, derived_key, load_secret_key
from headgate.testing.clock import TestClock
from tests.unit.identity.conftest import World
from tests.unit.store.memory import memory_store


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    key = load_secret_key(tmp_path)
    assert len(key) == 32
    assert load_secret_key(tmp_path) == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_damaged_key_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"short")
    with pytest.raises(StartupRefused, match="damaged"):
        load_secret_key(tmp_path)


def test_keys_for_different_purposes_differ() -> None:
    assert derived_key(b"k", "one") != derived_key(b"k", "two")


async def test_the_first_start_creates_an_admin_and_a_file_with_the_password(
    tmp_path: Path, world: World
) -> None:
    clock = TestClock()
    store = memory_store(clock=clock)
    password = await create_first_admin(store, world.passwords, clock, tmp_path)
    file = tmp_path / "initial-admin-password"
    assert password is not None
    assert file.read_text() == password + "\n"
    assert file.stat().st_mode & 0o777 == 0o600
    admin = store.peek(lambda look: look.user("admin"))
    assert admin.role is Role.ADMIN
    assert await world.passwords.matches(admin.password_hash, password)
    assert await create_first_admin(store, world.passwords, clock, tmp_path) is None
    await store.close()


async def test_where_there_is_a_user_no_admin_is_made(tmp_path: Path, world: World) -> None:
    assert await create_first_admin(world.store, world.passwords, world.clock, tmp_path) is None
    assert list(tmp_path.iterdir()) == []
