"""What is accepted of a signature; by default, what the HPC API says (spec sigv4, sections 1, 4 and 6)."""

from enum import Enum
from typing import Final

from msgspec import Struct

LONGEST_WINDOW_S: Final = 900
"""What AWS grants where it grants most (spec sigv4, section 6)."""


class SessionToken(Enum):
    """What becomes of an `X-Amz-Security-Token`. Whether it is good is never looked at here."""

    REFUSED = "refused"
    """There are no temporary credentials, so nobody can have one."""
    SIGNED = "signed"
    """It may be there, if it is signed."""
    UNSIGNED = "unsigned"
    """It was added after signing: it may be there, and in a query it is no part of what was signed."""


class SignaturePolicy(Struct, frozen=True, kw_only=True):
    """regions, services: every combination is accepted. window_s: seconds that a request may be old, and that
    its clock may be ahead, 1 to 900.

    in_query: also signatures in the query. normalise: `.`, `..` and empty steps of the path were resolved
    before signing. encode_again: the path was encoded once more as it stood on the wire; else decoded and
    encoded once, as S3 does. Raises ValueError for a window out of range.
    """

    regions: tuple[str, ...] = ("jp-east-1",)
    services: tuple[str, ...] = ("hpc-api",)
    window_s: int = 300
    in_query: bool = False
    normalise: bool = True
    encode_again: bool = True
    session_token: SessionToken = SessionToken.REFUSED

    def __post_init__(self) -> None:
        if not 1 <= self.window_s <= LONGEST_WINDOW_S:
            raise ValueError(f"a window of {self.window_s} s: it takes 1 to {LONGEST_WINDOW_S}")
