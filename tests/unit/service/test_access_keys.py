"""Who may make an access key, and who may end it."""

import pytest

from headgate.core.errors import NotPermitted
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADMIN = Caller("boss", Role.ADMIN)
ADA = Caller("ADA", Role.USER)
BOB = Caller("bob", Role.USER)
ROOT = Caller("", Role.ADMIN, root=True)


async def test_a_key_is_made_by_its_user_the_root_key_and_the_command_line(world: World) -> None:
    for caller in (ADA, ROOT, None):
        key, secret = await world.access_key_ring.create(caller, "ada")
        assert (key.user, len(secret)) == ("ada", 40)
        await world.access_key_ring.remove(caller, key.id)


async def test_not_even_an_administrator_makes_a_key_for_somebody_else(world: World) -> None:
    """The secret is shown to whoever makes it: they would be anybody."""
    for caller in (ADMIN, BOB, Caller("joan", Role.JOBADMIN), Caller("", Role.USER)):
        with pytest.raises(NotPermitted):
            await world.access_key_ring.create(caller, "ada")
    assert not world.access_key_ring.list(None)


async def test_a_key_is_ended_by_its_user_and_by_administrators_alone(world: World) -> None:
    key, _ = await world.access_key_ring.create(None, "ada")
    for refused in (
        world.access_key_ring.set_disabled(BOB, key.id, True),
        world.access_key_ring.remove(BOB, key.id),
    ):
        with pytest.raises(NotPermitted):
            await refused
    for caller in (ADA, ADMIN, ROOT, None):
        assert (await world.access_key_ring.set_disabled(caller, key.id, True)).disabled
        assert not (await world.access_key_ring.set_disabled(caller, key.id, False)).disabled
    await world.access_key_ring.remove(ADMIN, key.id)


async def test_keys_are_listed_for_their_user_and_administrators(world: World) -> None:
    key, _ = await world.access_key_ring.create(None, "ada")
    for caller in (ADA, ADMIN, None):
        assert world.access_key_ring.list(caller, "ada") == [key]
    for whose in ("ada", ""):
        with pytest.raises(NotPermitted):
            world.access_key_ring.list(BOB, whose)
    assert world.access_key_ring.list(ADMIN) == [key]
    assert not world.access_key_ring.list(BOB, "bob")
