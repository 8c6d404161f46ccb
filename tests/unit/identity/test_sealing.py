"""How secrets are kept that have to be read again."""

import pytest

from headgate.identity.sealing import Seal, SealBroken

SEAL = Seal(b"k" * 32, "a purpose")


def test_what_was_sealed_is_read_again_and_is_not_in_what_is_kept() -> None:
    sealed = SEAL.close("a secret", b"ada")
    assert SEAL.open(sealed, b"ada") == "a secret"
    assert b"a secret" not in sealed
    assert SEAL.close("a secret", b"ada") != sealed


def test_it_opens_for_nobody_else_for_no_other_purpose_and_with_no_other_key() -> None:
    sealed = SEAL.close("a secret", b"ada")
    for seal, bound_to in (
        (SEAL, b"bob"),
        (SEAL, b""),
        (Seal(b"k" * 32, "another"), b"ada"),
        (Seal(b"K" * 32, "a purpose"), b"ada"),
    ):
        with pytest.raises(SealBroken):
            seal.open(sealed, bound_to)


def test_anything_but_what_was_sealed_is_refused() -> None:
    sealed = SEAL.close("a secret", b"ada")
    spoiled = [
        sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))
    ]
    for damaged in (b"", b"x", sealed[:-1], sealed + b"x", bytes(64), *spoiled):
        with pytest.raises(SealBroken):
            SEAL.open(damaged, b"ada")
