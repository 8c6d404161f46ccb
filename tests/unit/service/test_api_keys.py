"""Who may see an API key, and who may end it."""

import pytest

from headgate.core.errors import NotFound, NotPermitted
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADMIN = Caller("boss", Role.ADMIN)
ADA = Caller("ada", Role.USER)
ROOT = Caller("", Role.ADMIN, root=True)


async def test_a_key_is_shown_to_its_user_the_root_key_and_the_command_line(world: World) -> None:
    key = await world.key_ring.show(ADA, "Ada")
    assert key == await world.key_ring.show(ROOT, "ada") == await world.key_ring.show(None, "ada")


async def test_not_even_an_administrator_sees_the_key_of_somebody_else(world: World) -> None:
    for caller in (ADMIN, Caller("bob", Role.USER), Caller("joan", Role.JOBADMIN)):
        with pytest.raises(NotPermitted):
            await world.key_ring.show(caller, "ada")


async def test_only_root_ends_renews_and_lists(world: World) -> None:
    for caller in (ADMIN, ADA):
        for refused in (
            world.key_ring.revoke(caller, "ada"),
            world.key_ring.renew(caller, "ada"),
            world.key_ring.revoke_all(caller, "ada"),
        ):
            with pytest.raises(NotPermitted):
                await refused
        with pytest.raises(NotPermitted):
            world.key_ring.list(caller)


async def test_ending_a_key_that_is_not_there_is_told(world: World) -> None:
    await world.key_ring.show(None, "ada")
    await world.key_ring.revoke(ROOT, "ada")
    with pytest.raises(NotFound) as refused:
        await world.key_ring.revoke(ROOT, "ada")
    assert refused.value.kind == "token"


async def test_a_list_says_who_has_what_and_nothing_to_use_it_by(world: World) -> None:
    await world.key_ring.show(None, "ada")
    await world.tokens.create("ada", lasts_s=60)
    listed = world.key_ring.list(None)
    assert sorted(token.kind for token in listed) == ["api-key", "bearer"]
    assert not any(token.digest or token.sealed for token in listed)
    assert await world.key_ring.revoke_all(None, "ada") == 2
    assert not world.key_ring.list(None)
