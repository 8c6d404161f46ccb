"""What becomes of a user name and an API key."""

import asyncio

import pytest

from headgate.core.errors import NotAuthenticated, StoreUnavailable
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from tests.unit.identity.conftest import World

HOME = "192.0.2.1"
ROOT = "R" * 32


def check(world: World, user: str, key: str, address: str = HOME) -> Caller:
    return world.doorkeeper.caller(user, key, address=address)


def refused(world: World, user: str, key: str) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as error:
        check(world, user, key)
    return error.value


async def test_a_key_works_with_its_own_user_only(world: World) -> None:
    await world.users.add(None, "bob", Role.USER, "x")
    key = await world.keys.hand_out("ada")
    theirs = await world.keys.hand_out("bob")
    assert check(world, "ada", key) == Caller("ada", Role.USER, "ada")
    assert check(world, "ADA", key).name == "ada"
    texts = {
        refused(world, user, text).text
        for user, text in (("bob", key), ("ada", theirs), ("nobody-here", key), ("", key), ("ada", ""))
    }
    assert texts == {"The user and the key do not go together, or the user is disabled."}


@pytest.mark.parametrize(
    "spoil", [str.upper, lambda key: key[:-1], lambda key: key + "0", lambda key: "\udcff"]
)
async def test_a_key_that_is_nearly_right_is_wrong(world: World, spoil: object) -> None:
    key = await world.keys.hand_out("ada")
    assert callable(spoil)
    refused(world, "ada", spoil(key) if spoil(key) != key else "0" * 32)


@pytest.mark.parametrize("user", ["", "a\0da", "x" * 300, "\udcff"])
async def test_any_name_is_refused_rather_than_stumbled_over(world: World, user: str) -> None:
    refused(world, user, "0" * 32)


async def test_a_login_of_our_own_is_no_api_key_and_the_reverse(world: World) -> None:
    text, _ = await world.tokens.create("ada", lasts_s=None)
    refused(world, "ada", text)
    key = await world.keys.hand_out("ada")
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(f"Bearer {key}", address=HOME)


async def test_the_scope_of_a_key_is_the_role_of_its_user(world: World) -> None:
    key = await world.keys.hand_out("ada")
    assert not check(world, "ada", key).role & Role.ADMIN
    await world.users.set_admin(None, "ada", True)
    assert check(world, "ada", key).role & Role.ADMIN
    await world.users.set_admin(None, "ada", False)
    assert check(world, "ada", key).role == Role.USER


async def test_a_key_ends_at_once_when_it_or_its_user_is_gone(world: World) -> None:
    key = await world.keys.hand_out("ada")
    check(world, "ada", key)
    await world.users.set_disabled(None, "ada", True)
    refused(world, "ada", key)
    await world.users.set_disabled(None, "ada", False)
    check(world, "ada", key)
    await world.key_ring.revoke(None, "ADA")
    refused(world, "ada", key)
    key = await world.keys.hand_out("ada")
    check(world, "ada", key)
    await world.users.remove(None, "ada")
    refused(world, "ada", key)


async def test_what_another_process_ends_is_out_within_a_second(world: World) -> None:
    key = await world.keys.hand_out("ada")
    check(world, "ada", key)
    await world.keys_elsewhere.revoke(None, "ada")
    world.clock.pass_time(0.6)
    refused(world, "ada", key)


async def test_a_user_who_was_made_anew_has_no_key_of_the_old_one(world: World) -> None:
    key = await world.keys.hand_out("ada")
    check(world, "ada", key)
    await world.users.remove(None, "ada")
    await world.users.add(None, "ada", Role.USER, "engine")
    refused(world, "ada", key)
    assert await world.keys.hand_out("ada") != key


async def test_a_key_stays_when_the_password_changes_and_logins_end(world: World) -> None:
    """Programs hold the key; who logged in with the old password may be somebody else."""
    key = await world.keys.hand_out("ada")
    text, _ = await world.tokens.create("ada", lasts_s=None)
    await world.users.set_password(None, "ada", "difference")
    assert check(world, "ada", key).name == "ada"
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(f"Bearer {text}", address=HOME)


async def test_after_a_few_failures_even_the_right_key_has_to_wait(world: World) -> None:
    key = await world.keys.hand_out("ada")
    for _ in range(5):
        assert refused(world, "ada", "0" * 32).retry_after_s is None
    assert refused(world, "Ada", key).retry_after_s == pytest.approx(1.0)
    assert check(world, "ada", key, "192.0.2.99").name == "ada"
    world.clock.pass_time(1.1)
    assert check(world, "ada", key).name == "ada"


async def test_what_could_not_be_looked_up_is_no_failure_of_the_caller(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await world.keys.hand_out("ada")

    def fails(look: object) -> None:
        raise StoreUnavailable("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "peek", fails)
        for _ in range(9):
            with pytest.raises(StoreUnavailable):
                check(world, "ada", key)
    assert check(world, "ada", key).name == "ada"


async def test_a_program_that_is_in_stays_in_while_somebody_beside_it_guesses(world: World) -> None:
    key = await world.keys.hand_out("ada")
    check(world, "ada", key)
    for _ in range(7):
        refused(world, "ada", "0" * 32)
    assert check(world, "ada", key).name == "ada"


async def test_there_is_no_root_key_unless_one_was_set(world: World) -> None:
    for user in ("", "ada"):
        refused(world, user, ROOT)
        refused(world, user, "")


async def test_the_root_key_is_nobody_with_every_right_or_acts_as_whom_it_names(world: World) -> None:
    world.doorkeeper = world.make_doorkeeper(ROOT.encode())
    assert check(world, "", ROOT) == Caller("", Role.ADMIN, root=True)
    assert check(world, "Ada", ROOT) == Caller("ada", Role.USER | Role.ADMIN, "Ada", root=True)
    refused(world, "nobody-here", ROOT)
    refused(world, "", ROOT[:-1])
    refused(world, "", ROOT.lower())


async def test_names_with_passwords_are_checked_like_logins(world: World) -> None:
    ada = await world.doorkeeper.by_password("ada", "engine", address=HOME)
    assert (
        ada
        == await world.doorkeeper.by_password("ada", "engine", address=HOME)
        == Caller("ada", Role.USER, "ada")
    )
    for user, password in (("ada", "wrong"), ("a\0da", "engine"), ("ada\0engine", ""), ("ada", "")):
        with pytest.raises(NotAuthenticated):
            await world.doorkeeper.by_password(user, password, address=HOME)
    await world.users.set_password(None, "ada", "difference")
    with pytest.raises(NotAuthenticated):
        await world.doorkeeper.by_password("ada", "engine", address=HOME)


async def test_guessing_passwords_this_way_is_slowed_down_with_all_other_ways(world: World) -> None:
    guesses = [world.doorkeeper.by_password("ada", f"guess{n}", address=HOME) for n in range(20)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(one, NotAuthenticated) and one.retry_after_s is None for one in answers) <= 5
