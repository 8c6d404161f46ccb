"""Hashing: what is kept, what is refused, and that an unknown user takes as long as a known one."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

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


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done: one verification, with the same parameters. (A stopwatch fails by chance.)"""
    verified = []

    def verify(hasher: PasswordHasher, encoded: str, password: bytes) -> bool:
        verified.append(extract_parameters(encoded))
        raise VerifyMismatchError

    passwords = Passwords(passes=1, memory_kib=8)
    kept = await passwords.hash("engine")
    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for encoded, password in ((kept, "wrong"), ("", "wrong"), (kept, ""), ("", "x" * (LONGEST + 1))):
        assert not await passwords.matches(encoded, password)
    assert len(verified) == 4
    assert all(one == verified[0] for one in verified)
    passwords.close()
