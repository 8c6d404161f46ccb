"""How API keys are kept."""

import asyncio
import re

import msgspec
import pytest
from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.vocabulary import Role
from headgate.identity import ApiKeys
from tests.unit.identity.conftest import World


async def test_a_key_is_32_lower_case_hex_characters_and_the_same_when_asked_again(world: World) -> None:
    key = await world.keys.hand_out("ada")
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert await world.keys.hand_out("ADA") == key
    assert len(world.store.peek(lambda look: look.tokens())) == 1


async def test_many_who_ask_for_the_first_time_at_once_get_one_key(world: World) -> None:
    keys = await asyncio.gather(*(world.keys.hand_out("ada") for _ in range(20)))
    assert len(set(keys)) == 1
    assert len(world.store.peek(lambda look: look.tokens("ada"))) == 1


async def test_another_key_ends_the_one_before(world: World) -> None:
    first = await world.keys.hand_out("ada")
    second = await world.keys.renew("ada")
    assert first != second == await world.keys.hand_out("ada")
    with pytest.raises(NotFound):
        world.store.peek(lambda look: world.keys.holder(look, "ada", world.keys.digest(first)))


async def test_no_key_for_who_is_unknown_or_disabled(world: World) -> None:
    with pytest.raises(NotFound):
        await world.keys.hand_out("nobody-here")
    await world.keys.hand_out("ada")
    await world.users.set_disabled(None, "ada", True)
    with pytest.raises(NotFound, match="disabled"):
        await world.keys.hand_out("ada")
    with pytest.raises(NotFound, match="disabled"):
        await world.keys.renew("ada")


async def test_what_is_stored_gives_no_key_away(world: World) -> None:
    key = await world.keys.hand_out("ada")
    (token,) = world.store.peek(lambda look: look.tokens())
    stored = msgspec.json.encode(token)
    assert key.encode() not in stored
    assert bytes.fromhex(key) not in token.sealed + token.digest
    assert len(token.sealed) > 12 + 32


async def test_another_key_file_opens_nothing_and_a_new_key_is_made(world: World) -> None:
    key = await world.keys.hand_out("ada")
    other = ApiKeys(world.store, world.clock, b"another key file, of 32 bytes ..")
    assert await other.hand_out("ada") != key
    assert len(world.store.peek(lambda look: look.tokens("ada"))) == 1


async def test_a_row_that_is_moved_to_somebody_else_opens_for_nobody(world: World) -> None:
    """Whoever can write the database, but has no key file, gets no key out of it by asking for their own."""
    await world.users.add(None, "mallory", Role.USER, "x")
    key = await world.keys.hand_out("ada")
    (token,) = world.store.peek(lambda look: look.tokens())
    await world.store.write(lambda tx: tx.put_token(replace(token, user="mallory")))
    assert await world.keys.hand_out("mallory") != key


async def test_only_the_api_key_is_revoked(world: World) -> None:
    await world.tokens.create("ada", lasts_s=None)
    await world.keys.hand_out("ada")
    assert await world.keys.revoke("ada")
    assert not await world.keys.revoke("ada")
    assert not await world.keys.revoke("nobody-here")
    assert [token.kind for token in world.store.peek(lambda look: look.tokens())] == ["bearer"]
