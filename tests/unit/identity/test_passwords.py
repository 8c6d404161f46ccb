"""Hashing: what is kept, what is refused, and that an unknown user takes as long as a known one."""

import time

import pytest

from headgate.core.errors import BadRequest
from headgate.identity.passwords import LONGEST, Passwords


async def test_what_is_kept_is_argon2id_and_differs_each_time() -> None:
    passwords = Passwords(passes=1, memory_kib=8)
    first, second = await passwords.hash("engine"), await passwords.hash("engine")
    assert first.startswith("$argon2id$")
    assert first != second
    assert await passwords.matches(first, "engine")
    assert not await passwords.matches(first, "Engine")
    passwords.close()


@pytest.mark.parametrize("password", ["", "a\0b", "x" * (LONGEST + 1)])
async def test_what_cannot_be_a_password_is_refused(password: str) -> None:
    passwords = Passwords(passes=1, memory_kib=8)
    with pytest.raises(BadRequest):
        await passwords.hash(password)
    assert not await passwords.matches(await passwords.hash("x"), password)
    passwords.close()


@pytest.mark.parametrize("kept", ["", "not a hash", "$argon2id$broken"])
async def test_a_damaged_or_missing_hash_lets_nobody_in(kept: str) -> None:
    passwords = Passwords(passes=1, memory_kib=8)
    assert not await passwords.matches(kept, "anything")
    passwords.close()


async def test_an_unknown_user_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords(passes=2, memory_kib=4096)
    kept = await passwords.hash("engine")
    await passwords.matches("", "first use makes a hash to compare with")

    async def took(encoded: str) -> float:
        best = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            assert not await passwords.matches(encoded, "wrong")
            best = min(best, time.perf_counter() - began)
        return best

    known, unknown = await took(kept), await took("")
    assert 0.5 < unknown / known < 2
    passwords.close()
