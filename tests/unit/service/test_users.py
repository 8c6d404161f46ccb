"""Who may manage users, and what a user may be called."""

import pytest

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.service.users import check_name, role_name, role_named
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADMIN = Caller("root", Role.ADMIN)
USER = Caller("ada", Role.USER)
JOBADMIN = Caller("joan", Role.JOBADMIN)


async def test_only_administrators_manage_users(world: World) -> None:
    for caller in (USER, JOBADMIN, Caller("op", Role.OPERATOR)):
        with pytest.raises(NotPermitted):
            await world.users.add(caller, "bob", Role.USER, "x")
        with pytest.raises(NotPermitted):
            await world.users.set_disabled(caller, "ada", True)
        with pytest.raises(NotPermitted):
            world.users.list(caller)
    await world.users.add(ADMIN, "bob", Role.USER, "x")
    assert [user.name for user in world.users.list(ADMIN)] == ["ada", "bob"]


async def test_everybody_may_change_their_own_password_and_nobody_elses(world: World) -> None:
    await world.users.set_password(USER, "Ada", "new")
    with pytest.raises(NotPermitted):
        await world.users.set_password(JOBADMIN, "ada", "new")


async def test_no_face_sets_an_os_account_not_even_for_an_administrator(world: World) -> None:
    with pytest.raises(NotPermitted, match="local command line"):
        await world.users.add(ADMIN, "bob", Role.USER, "x", os_account="games")
    await world.users.add(None, "bob", Role.USER, "x", os_account="games")


async def test_there_is_one_user_of_a_name(world: World) -> None:
    with pytest.raises(WrongState):
        await world.users.add(None, "ADA", Role.USER, "x")
    with pytest.raises(NotFound):
        await world.users.set_password(None, "nobody-here", "x")


@pytest.mark.parametrize(
    "name", ["", " ada", "a:b", "a/b", "..", ".", "a\0", "a\nb", "x" * 257, 'a"b', "a,b"]
)
def test_names_that_would_not_work_are_refused(name: str) -> None:
    with pytest.raises(BadRequest):
        check_name(name)


@pytest.mark.parametrize("name", ["ada", "DOM\\ada", "ada@example.org", "Zoë", "a.b-c_d", "ada lovelace"])
def test_names_people_have_are_taken(name: str) -> None:
    check_name(name)


def test_roles_are_known_by_name() -> None:
    assert role_named("Operator") is Role.OPERATOR
    assert [role_name(role) for role in (Role.USER, Role.USER | Role.ADMIN, Role.NONE)] == [
        "user",
        "admin",
        "none",
    ]
    with pytest.raises(BadRequest):
        role_named("boss")


async def test_acting_as_somebody_lends_no_more_than_ones_own_rights(world: World) -> None:
    """A job administrator may act as anybody, but acting as an administrator must not make one."""
    await world.users.add(None, "root2", Role.ADMIN, "x")
    assert world.users.act_as(JOBADMIN, "ada") == Caller("ada", Role.USER, "ada")
    assert world.users.act_as(JOBADMIN, "root2").role == Role.USER
    assert world.users.act_as(ADMIN, "root2").role & Role.ADMIN
    with pytest.raises(NotPermitted):
        world.users.act_as(USER, "root2")
    with pytest.raises(NotFound):
        world.users.act_as(ADMIN, "nobody-here")
    await world.users.set_disabled(None, "ada", True)
    with pytest.raises(NotFound):
        world.users.act_as(ADMIN, "ada")
