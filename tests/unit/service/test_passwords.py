"""Which passwords are strong enough (spec soca, section 3)."""

import pytest

from headgate.service.passwords import WeakPassword, check_strength


@pytest.mark.parametrize("password", ["Passw0rd", "Passw-rd", "ÄÖÜäöü 1", "P4ss word with blanks"])
def test_strong_ones(password: str) -> None:
    check_strength("ada", password)


@pytest.mark.parametrize("password", ["", "Passw0r", "passw0rd", "PASSW0RD", "Password", "12345678"])
def test_weak_ones(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_strength("ada", password)
    assert not refused.value.holds_name


def test_the_users_name_in_any_letter_case_is_too_easily_guessed() -> None:
    with pytest.raises(WeakPassword) as refused:
        check_strength("Ada", "xADAx-Passw0rd")
    assert refused.value.holds_name
