"""What becomes of an Authorization header."""

import asyncio
import base64

import pytest

from headgate.core.errors import NotAuthenticated, NotFound, NotPermitted
from headgate.core.vocabulary import Role
from headgate.identity.authority import Authority
from headgate.ports.identity import Caller
from tests.unit.identity.conftest import World

HOME = "192.0.2.1"


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def check(authority: Authority, name: str = "ada", password: str = "engine") -> Caller:
    return await authority.authenticate(basic(name, password), address=HOME)


async def test_the_right_password_is_let_in(world: World) -> None:
    assert await check(world.authority) == Caller("ada", Role.USER, "ada")


@pytest.mark.parametrize("login", ["ADA", "DOMAIN\\ada", "ada@example.org", "DOM\\Ada@example.org"])
async def test_domains_and_letter_case_are_no_part_of_a_name_and_the_login_stays_as_spelled(
    world: World, login: str
) -> None:
    assert await check(world.authority, login) == Caller("ada", Role.USER, login)


async def test_a_name_that_is_stored_with_its_domain_comes_first(world: World) -> None:
    await world.users.add(None, "DOM\\ada", Role.OPERATOR, "other")
    assert (await check(world.authority, "dom\\ADA", "other")).name == "DOM\\ada"
    with pytest.raises(NotAuthenticated):
        await check(world.authority, "dom\\ada", "engine")


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("bob", "engine"), ("ada", "")])
async def test_every_refusal_says_the_same(world: World, name: str, password: str) -> None:
    with pytest.raises(NotAuthenticated, match="The user name or password is wrong"):
        await check(world.authority, name, password)


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ???", "Basic YWRh", "Digest x", "Bearer", "Bearer x", "Basic OnB3", "x" * 9000],
)
async def test_anything_else_is_refused(world: World, header: str) -> None:
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(header, address=HOME)


async def test_a_checked_header_is_remembered_for_a_minute(world: World) -> None:
    header = basic("ada", "engine")
    assert world.authority.remembered(header) is None
    await world.authority.authenticate(header, address=HOME)
    assert world.authority.remembered(header) == Caller("ada", Role.USER, "ada")
    assert world.authority.remembered(basic("ada", "engine!")) is None
    world.clock.pass_time(59)
    assert world.authority.remembered(header) is not None
    world.clock.pass_time(2)
    assert world.authority.remembered(header) is None


async def test_who_is_acted_as_may_be_named_with_a_domain_too(world: World) -> None:
    assert world.authority.caller("DOM\\Ada") == Caller("ada", Role.USER, "DOM\\Ada")
    with pytest.raises(NotFound):
        world.authority.caller("nobody-here")


async def test_a_wrong_password_is_not_remembered(world: World) -> None:
    with pytest.raises(NotAuthenticated):
        await check(world.authority, password="wrong")
    assert world.authority.remembered(basic("ada", "wrong")) is None


async def test_a_changed_password_counts_at_once(world: World) -> None:
    await check(world.authority)
    await world.users.set_password(None, "ada", "difference")
    assert world.authority.remembered(basic("ada", "engine")) is None
    with pytest.raises(NotAuthenticated):
        await check(world.authority)
    assert (await check(world.authority, password="difference")).name == "ada"


async def test_a_disabled_user_is_out_at_once_and_in_again_when_enabled(world: World) -> None:
    await check(world.authority)
    await world.users.set_disabled(None, "ADA", True)
    assert world.authority.remembered(basic("ada", "engine")) is None
    with pytest.raises(NotAuthenticated):
        await check(world.authority)
    with pytest.raises(NotFound):
        world.authority.caller("ada")
    await world.users.set_disabled(None, "ada", False)
    assert (await check(world.authority)).name == "ada"


async def test_what_another_process_changes_counts_within_a_second(world: World) -> None:
    await check(world.authority)
    await world.elsewhere.set_disabled(None, "ada", True)
    world.clock.pass_time(0.6)
    assert world.authority.remembered(basic("ada", "engine")) is None


async def test_a_password_changed_while_it_is_being_checked_is_not_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check reads the user, hashes for a while, then lets in: what counts is what is stored by then."""
    hashing, disabled = asyncio.Event(), asyncio.Event()
    matches = world.passwords.matches

    async def slowly(encoded: str, password: str) -> bool:
        hashing.set()
        await disabled.wait()
        return await matches(encoded, password)

    monkeypatch.setattr(world.passwords, "matches", slowly)
    checking = asyncio.create_task(check(world.authority))
    await hashing.wait()
    await world.users.set_disabled(None, "ada", True)
    disabled.set()
    with pytest.raises(NotAuthenticated):
        await checking
    assert world.authority.remembered(basic("ada", "engine")) is None


async def test_after_a_few_failures_even_the_right_password_has_to_wait(world: World) -> None:
    for _ in range(5):
        with pytest.raises(NotAuthenticated) as refused:
            await check(world.authority, password="wrong")
        assert refused.value.retry_after_s is None
    with pytest.raises(NotAuthenticated) as refused:
        await check(world.authority)
    assert refused.value.retry_after_s == pytest.approx(1.0)
    world.clock.pass_time(1.1)
    assert (await check(world.authority)).name == "ada"


async def test_somebody_elsewhere_is_not_locked_out_by_failures_here(world: World) -> None:
    for _ in range(6):
        with pytest.raises(NotAuthenticated):
            await check(world.authority, password="wrong")
    found = await world.authority.authenticate(basic("ada", "engine"), address="192.0.2.99")
    assert found.name == "ada"


async def test_the_addresses_of_one_ipv6_network_count_as_one(world: World) -> None:
    for number in range(5):
        with pytest.raises(NotAuthenticated):
            await world.authority.authenticate(basic("ada", "wrong"), address=f"2001:db8::{number:x}")
    with pytest.raises(NotAuthenticated, match="wait"):
        await world.authority.authenticate(basic("ada", "engine"), address="2001:db8::ffff")
    assert (await world.authority.authenticate(basic("ada", "engine"), address="2001:db8:1::1")).name == "ada"


async def test_guessing_many_at_once_gains_nothing(world: World) -> None:
    guesses = [check(world.authority, password=f"guess{number}") for number in range(40)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    looked_at = [r for r in results if isinstance(r, NotAuthenticated) and r.retry_after_s is None]
    assert len(results) == 40
    assert len(looked_at) <= 5


async def test_a_program_that_begins_with_many_connections_is_checked_once(world: World) -> None:
    """Eight connections send their first request at the same moment, all with the right password."""
    found = await asyncio.gather(*(check(world.authority) for _ in range(30)))
    assert {caller.name for caller in found} == {"ada"}


async def test_a_token_stands_for_its_user_until_it_expires_or_is_revoked(world: World) -> None:
    text, _ = await world.tokens.create("ada", lasts_s=3600)
    header = f"Bearer {text}"
    assert await world.authority.authenticate(header, address=HOME) == Caller("ada", Role.USER, "ada")
    assert world.authority.remembered(header) is not None
    world.clock.pass_time(3601)
    assert world.authority.remembered(header) is None
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(header, address=HOME)

    text, _ = await world.tokens.create("ada", lasts_s=None)
    header = f"Bearer {text}"
    await world.authority.authenticate(header, address=HOME)
    assert await world.authority.revoke(header)
    assert world.authority.remembered(header) is None
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(header, address=HOME)
    assert not await world.authority.revoke(basic("ada", "engine"))


async def test_a_token_that_is_about_to_expire_is_not_remembered_longer_than_it_lasts(world: World) -> None:
    text, _ = await world.tokens.create("ada", lasts_s=5)
    header = f"Bearer {text}"
    await world.authority.authenticate(header, address=HOME)
    world.clock.pass_time(5.1)
    assert world.authority.remembered(header) is None


async def test_another_password_ends_the_tokens(world: World) -> None:
    text, _ = await world.tokens.create("ada", lasts_s=None)
    await world.users.set_password(None, "ada", "difference")
    with pytest.raises(NotAuthenticated):
        await world.authority.authenticate(f"Bearer {text}", address=HOME)


async def test_only_a_digest_of_a_token_is_stored(world: World) -> None:
    text, token = await world.tokens.create("ada", lasts_s=None)
    assert text.encode() not in token.digest
    assert world.store.peek(lambda look: look.token(token.digest)) == token


async def test_tasks_of_a_user_run_under_the_account_the_command_line_named(world: World) -> None:
    await world.users.add(None, "bob", Role.USER, "x", os_account="worker")
    ours = world.authority.os_account("bob")
    assert ours is not None
    assert ours.name == "worker"
    theirs = world.authority.os_account("ada")
    assert theirs is not None
    assert theirs.name == "ada"


async def test_without_root_there_is_one_account_for_all(world: World) -> None:
    assert world.make_authority(as_owners=False).os_account("ada") is None


async def test_a_user_called_root_is_never_root() -> None:
    from headgate.identity import OsAccounts

    accounts = OsAccounts(0, lambda: 0.0)
    with pytest.raises(NotPermitted, match="uid 0"):
        accounts.find("root")
