"""Groups of users."""

import asyncio

import pytest

from headgate.core.errors import BadRequest, NotFound, NotPermitted, Taken, WrongState
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.service.numbers import FIRST, LAST
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADMIN = Caller("boss", Role.ADMIN)
ADA = Caller("ada", Role.USER)


async def test_a_group_has_a_number_and_members_by_their_stored_names(world: World) -> None:
    made = await world.user_groups.create(ADMIN, "Physics", members=["ADA", "ada"])
    assert (made.name, made.members) == ("Physics", ("ada",))
    assert FIRST <= made.gid <= LAST
    assert world.user_groups.get(ADMIN, "PHYSICS") == made
    assert world.user_groups.list(ADA) == [made]


async def test_only_administrators_make_look_into_and_change_groups(world: World) -> None:
    await world.user_groups.create(None, "physics")
    for refused in (
        world.user_groups.create(ADA, "mine"),
        world.user_groups.remove(ADA, "physics"),
        world.user_groups.join(ADA, "physics", "ada"),
        world.user_groups.leave(ADA, "physics", "ada"),
    ):
        with pytest.raises(NotPermitted):
            await refused
    with pytest.raises(NotPermitted):
        world.user_groups.get(ADA, "physics")


@pytest.mark.parametrize("name", ["", "a b", "a-b", "ä", "x" * 65, "a\n", "a,b", "٣"])
async def test_a_name_is_of_letters_and_digits(world: World, name: str) -> None:
    with pytest.raises(BadRequest):
        await world.user_groups.create(None, name)


async def test_names_and_numbers_are_given_once_private_groups_included(world: World) -> None:
    ada = world.users.get(None, "ada")
    made = await world.user_groups.create(None, "physics", gid=7000)
    assert made.gid == 7000
    for name, gid, kind in (("PHYSICS", None, "group"), ("other", 7000, "gid"), ("other", ada.gid, "gid")):
        with pytest.raises(Taken) as refused:
            await world.user_groups.create(None, name, gid=gid)
        assert refused.value.kind == kind
    with pytest.raises(BadRequest):
        await world.user_groups.create(None, "other", gid=0)
    assert [group.name for group in world.user_groups.list(None)] == ["physics"]


async def test_one_of_two_who_make_the_same_group_at_once_is_refused(world: World) -> None:
    made = await asyncio.gather(
        *(world.user_groups.create(None, "physics") for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(one, Taken) for one in made) == [False, True]


async def test_an_unknown_member_makes_no_group_and_changes_none(world: World) -> None:
    with pytest.raises(NotFound) as refused:
        await world.user_groups.create(None, "physics", members=["ada", "ghost"])
    assert refused.value.kind == "user"
    assert not world.user_groups.list(None)
    await world.user_groups.create(None, "physics")
    with pytest.raises(NotFound):
        await world.user_groups.join(None, "physics", "ada", "ghost")
    assert not world.user_groups.get(None, "physics").members


async def test_members_join_and_leave_as_often_as_one_says(world: World) -> None:
    await world.user_groups.create(None, "physics")
    for _ in range(2):
        assert (await world.user_groups.join(ADMIN, "physics", "Ada")).members == ("ada",)
    for _ in range(2):
        assert not (await world.user_groups.leave(ADMIN, "physics", "ada")).members
    with pytest.raises(NotFound) as refused:
        await world.user_groups.join(ADMIN, "chemistry", "ada")
    assert refused.value.kind == "user group"


async def test_a_user_who_is_gone_is_in_no_group(world: World) -> None:
    await world.users.add(None, "bob", Role.USER, "x")
    await world.user_groups.create(None, "physics", members=["ada", "bob"])
    await world.users.remove(None, "ADA")
    assert world.user_groups.get(None, "physics").members == ("bob",)


async def test_a_group_is_removed_but_not_the_one_of_ones_own_name(world: World) -> None:
    await world.user_groups.create(None, "boss")
    with pytest.raises(WrongState):
        await world.user_groups.remove(ADMIN, "BOSS")
    await world.user_groups.remove(None, "boss")
    with pytest.raises(NotFound):
        await world.user_groups.remove(None, "boss")
