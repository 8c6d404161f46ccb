"""How access keys are kept."""

import asyncio
import re

import msgspec
import pytest
from msgspec.structs import replace

from headgate.core.errors import NotFound, WrongState
from headgate.core.vocabulary import Role
from headgate.identity import AccessKeys
from headgate.identity.sealing import SealBroken
from tests.unit.identity.conftest import World


async def test_a_key_has_20_characters_its_secret_40_and_no_two_are_alike(world: World) -> None:
    (one, first), (two, second) = [await world.access_keys.create("ADA") for _ in range(2)]
    for key, secret in ((one, first), (two, second)):
        assert re.fullmatch("[A-Z0-9]{20}", key.id)
        assert re.fullmatch("[A-Za-z0-9]{40}", secret)
        assert (key.user, key.created, key.disabled, key.sealed) == ("ada", world.clock.now(), False, b"")
    assert one.id != two.id
    assert first != second


async def test_the_secret_is_read_again_and_is_not_in_what_is_stored(world: World) -> None:
    key, secret = await world.access_keys.create("ada")
    stored = world.store.peek(lambda look: look.access_key(key.id))
    assert world.access_keys.secret(stored) == secret
    assert secret.encode() not in msgspec.json.encode(stored) + stored.sealed


async def test_a_row_that_is_moved_to_another_user_or_key_opens_for_nobody(world: World) -> None:
    """Whoever can write the database, but has no key file, can't sign as somebody else."""
    key, _ = await world.access_keys.create("ada")
    stored = world.store.peek(lambda look: look.access_key(key.id))
    for moved in (replace(stored, user="root"), replace(stored, id="HG" + "0" * 18)):
        with pytest.raises(SealBroken):
            world.access_keys.secret(moved)


async def test_another_key_file_opens_nothing(world: World) -> None:
    key, _ = await world.access_keys.create("ada")
    stored = world.store.peek(lambda look: look.access_key(key.id))
    with pytest.raises(SealBroken):
        AccessKeys(world.store, world.clock, b"another key file, of 32 bytes ..").secret(stored)


async def test_a_user_has_two_live_keys_and_any_number_of_disabled_ones(world: World) -> None:
    made = await asyncio.gather(*(world.access_keys.create("ada") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, WrongState) for one in made) == 3
    first, second = world.access_keys.list("ada")
    assert (await world.access_keys.set_disabled(first.id, True)).disabled
    third, _ = await world.access_keys.create("ada")
    with pytest.raises(WrongState, match="2 access keys"):
        await world.access_keys.set_disabled(first.id, False)
    await world.access_keys.set_disabled(third.id, False)  # it is enabled: nothing changes
    await world.access_keys.remove(second.id)
    assert not (await world.access_keys.set_disabled(first.id, False)).disabled


async def test_no_key_for_who_is_unknown_or_disabled(world: World) -> None:
    for _ in range(2):
        with pytest.raises(NotFound) as refused:
            await world.access_keys.create("nobody-here")
        assert refused.value.kind == "user"
    await world.users.set_disabled(None, "ada", True)
    with pytest.raises(NotFound, match="disabled"):
        await world.access_keys.create("ada")
    assert not world.access_keys.list()


async def test_a_key_that_is_not_there_is_neither_changed_nor_shown(world: World) -> None:
    for refused in (world.access_keys.set_disabled("HG0", True), world.access_keys.remove("HG0")):
        with pytest.raises(NotFound) as error:
            await refused
        assert error.value.kind == "access key"
    with pytest.raises(NotFound):
        world.access_keys.get("HG0")


async def test_keys_are_listed_by_user_and_age_and_without_secrets(world: World) -> None:
    await world.users.add(None, "Abe", Role.USER, "x")
    first, _ = await world.access_keys.create("ada")
    world.clock.pass_time(1)
    second, _ = await world.access_keys.create("ada")
    third, _ = await world.access_keys.create("abe")
    assert world.access_keys.list() == [third, first, second]
    assert world.access_keys.list("ABE") == [third]
    assert world.access_keys.get(second.id) == second


async def test_the_keys_of_a_user_go_with_the_user(world: World) -> None:
    key, _ = await world.access_keys.create("ada")
    await world.users.remove(None, "Ada")
    await world.users.add(None, "ada", Role.USER, "engine")
    assert not world.access_keys.list()
    with pytest.raises(NotFound):
        world.access_keys.get(key.id)
