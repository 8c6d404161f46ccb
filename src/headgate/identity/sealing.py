"""Secrets that have to be read again: encrypted with a key out of the data folder's key file, so that the
database alone gives none away, and bound to whom they belong, so that a row moved to somebody else opens for
nobody.
"""

import secrets
from typing import Final

from headgate.identity.tokens import derived_key

NONCE_BYTES: Final = 12
"""NIST SP 800-38D, section 8.2: 96 bits, drawn anew for each secret."""


class SealBroken(Exception):
    """Sealed with another key file, for somebody else, or damaged."""


class Seal:
    """Encrypts and decrypts for one purpose."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = derived_key(key, purpose)

    def close(self, text: str, bound_to: bytes) -> bytes:
        """What to keep of a secret."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  slow to load; few need it

        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, text.encode(), bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> str:
        """The secret again. Raises SealBroken."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  slow to load; few need it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  slow to load; few need it

        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to).decode()
        except (InvalidTag, ValueError):
            raise SealBroken from None
