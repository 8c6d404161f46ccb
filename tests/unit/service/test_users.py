"""Who may manage users, and what a user may be called."""

import pytest

from headgate.core.errors import BadRequest, NotAuthenticated, NotFound, NotPermitted, Taken, WrongState
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.service.numbers import FIRST, LAST
from headgate.service.passwords import WeakPassword
from headgate.service.users import check_name, role_name, role_named
from tests.unit.identity.conftest import World, world

__all__ = ["world"]

ADMIN = Caller("root", Role.ADMIN)
USER = Caller("ada", Role.USER)
ROOT_KEY = Caller("", Role.ADMIN, root=True)
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


def account(world: World, user: str) -> str:
    found = world.authority.os_account(user)
    assert found is not None
    return found.name


async def test_a_user_made_through_a_face_has_no_os_account_whatever_the_name(world: World) -> None:
    """Each is an account of the machine (in this world every name is); none is gained by the name."""
    for number, caller in enumerate((ADMIN, ROOT_KEY)):
        for name in (f"games{number}", f"Postgres{number}"):
            made = await world.users.add(caller, name, Role.USER, "x", uid=100 + len(name) + number)
            assert made.os_account == ""
            with pytest.raises(NotPermitted, match=f"{name}.*has no OS account"):
                world.authority.os_account(name)
            await world.users.set_password(caller, name, "other")
            await world.users.set_admin(caller, name, True)
            await world.users.set_disabled(caller, name, True)
            await world.users.set_disabled(caller, name, False)
            with pytest.raises(NotPermitted):
                world.authority.os_account(name.lower())


async def test_only_the_local_command_line_gives_and_takes_os_accounts(world: World) -> None:
    await world.users.add(ADMIN, "bob", Role.USER, "x")
    for caller in (ADMIN, ROOT_KEY, USER):
        with pytest.raises(NotPermitted, match="local command line"):
            await world.users.set_os_account(caller, "bob", "games")
    await world.users.set_os_account(None, "bob", "games")
    assert account(world, "bob") == "games"
    await world.users.set_os_account(None, "bob", "")
    with pytest.raises(NotPermitted):
        world.authority.os_account("bob")


async def test_the_account_of_somebody_removed_is_nobodys_also_for_who_takes_the_name(world: World) -> None:
    """A job of the old ada waits while a face removes and makes her anew: it is not run as her account."""
    assert account(world, "ada") == "ada"
    await world.users.remove(ADMIN, "ada")
    with pytest.raises(NotPermitted, match="no user 'ada' any more"):
        world.authority.os_account("ada")
    await world.users.add(ADMIN, "ada", Role.USER, "x")
    with pytest.raises(NotPermitted):
        world.authority.os_account("ada")


async def test_a_removed_user_is_out_and_nobody_removes_themselves(world: World) -> None:
    await world.users.add(None, "root", Role.ADMIN, "x")
    text, _ = await world.tokens.create("ada", lasts_s=None)
    with pytest.raises(WrongState):
        await world.users.remove(ADMIN, "ROOT")
    with pytest.raises(NotPermitted):
        await world.users.remove(USER, "root")
    await world.users.remove(ADMIN, "ada")
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(f"Bearer {text}", address="192.0.2.1")
    with pytest.raises(NotFound):
        await world.users.remove(ADMIN, "ada")


async def test_every_user_has_numbers_and_those_asked_for_are_given_once(world: World) -> None:
    ada = world.users.get(ADMIN, "ADA")
    assert FIRST <= ada.uid <= LAST
    assert FIRST <= ada.gid <= LAST
    bob = await world.users.add(ADMIN, "bob", Role.USER, "x", email="b@x", shell="/bin/zsh", uid=7, gid=8)
    assert (bob.uid, bob.gid, bob.email, bob.shell) == (7, 8, "b@x", "/bin/zsh")
    for uid, gid, kind in ((7, None, "uid"), (None, 8, "gid"), (None, ada.gid, "gid")):
        with pytest.raises(Taken) as refused:
            await world.users.add(ADMIN, "carl", Role.USER, "x", uid=uid, gid=gid)
        assert refused.value.kind == kind
    with pytest.raises(Taken) as refused:
        await world.users.add(ADMIN, "BOB", Role.USER, "x", uid=7)
    assert refused.value.kind == "user"
    seen = world.users.numbers(ADMIN)
    assert set(seen.uids) == {7, ada.uid}
    assert set(seen.gids) == {8, ada.gid}
    assert seen.free_uid not in seen.uids
    assert world.users.names(USER) == ["ada", "bob"]
    for look in (lambda: world.users.numbers(USER), lambda: world.users.get(USER, "bob")):
        with pytest.raises(NotPermitted):
            look()


async def test_what_could_break_a_line_is_no_address_and_no_shell(world: World) -> None:
    with pytest.raises(BadRequest, match="e-mail"):
        await world.users.add(ADMIN, "bob", Role.USER, "x", email="a\nb")
    with pytest.raises(BadRequest, match="shell"):
        await world.users.add(ADMIN, "bob", Role.USER, "x", shell="/" * 300)
    assert world.users.names(None) == ["ada"]


async def test_being_an_administrator_is_granted_and_revoked_beside_other_roles(world: World) -> None:
    await world.users.add(None, "joan", Role.JOBADMIN, "x")
    for granted, role in ((True, Role.JOBADMIN | Role.ADMIN), (False, Role.JOBADMIN)):
        await world.users.set_admin(ADMIN, "joan", granted)
        assert world.users.get(None, "joan").role == role
    await world.users.add(None, "only", Role.ADMIN, "x")
    await world.users.set_admin(ADMIN, "only", False)
    assert world.users.get(None, "only").role == Role.USER
    with pytest.raises(NotPermitted):
        await world.users.set_admin(USER, "ada", True)


async def test_a_weak_password_changes_nothing(world: World) -> None:
    before = world.users.get(None, "ada")
    with pytest.raises(WeakPassword):
        await world.users.reset_password(ADMIN, "ada", "weak")
    assert world.users.get(None, "ada") == before
    await world.users.reset_password(ADMIN, "ada", "Str0ng enough")
    with pytest.raises(NotPermitted):
        await world.users.reset_password(JOBADMIN, "ada", "Str0ng enough")
