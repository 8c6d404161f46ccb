"""The numbers that users and groups are listed under: Headgate's own, whatever the OS has given out.

A private group has its user's gid, so users and groups draw from one supply of those. 0 is nobody's number:
users made by an older version have none.
"""

from collections.abc import Callable, Collection
from typing import Final

from msgspec import Struct

from headgate.core.errors import BadRequest, Taken, Unavailable
from headgate.ports.store import Reader

FIRST: Final = 5000
LAST: Final = 65532
"""What is proposed lies between these, both included (spec soca, section 5.1)."""
MOST: Final = 2**31 - 2
TRIES: Final = 32

Draw = Callable[[int], int]
"""A random number from 0 to below its argument."""


class Numbers(Struct, frozen=True):
    """What is in use, ascending, and a free one of each kind."""

    uids: tuple[int, ...]
    gids: tuple[int, ...]
    free_uid: int
    free_gid: int


def uids_in_use(reader: Reader) -> set[int]:
    """The uids of all users."""
    return {user.uid for user in reader.users() if user.uid}


def gids_in_use(reader: Reader) -> set[int]:
    """The gids of all groups, private ones included."""
    return {user.gid for user in reader.users() if user.gid} | {group.gid for group in reader.user_groups()}


def numbers(reader: Reader, draw: Draw) -> Numbers:
    """See Numbers. Raises Unavailable when none is free."""
    uids, gids = uids_in_use(reader), gids_in_use(reader)
    return Numbers(tuple(sorted(uids)), tuple(sorted(gids)), free("uid", uids, draw), free("gid", gids, draw))


def number_for(kind: str, wanted: int | None, used: Collection[int], draw: Draw) -> int:
    """The number that was asked for, or a free one. Raises BadRequest, Taken, Unavailable."""
    if wanted is None:
        return free(kind, used, draw)
    if not 1 <= wanted <= MOST:
        raise BadRequest(f"A {kind} is 1 to {MOST}, not {wanted}.")
    if wanted in used:
        raise Taken(f"The {kind} {wanted} is in use.", kind=kind)
    return wanted


def free(kind: str, used: Collection[int], draw: Draw) -> int:
    """A number that nobody has, random so that two who ask at once hardly get the same."""
    for _ in range(TRIES):
        number = FIRST + draw(LAST - FIRST + 1)
        if number not in used:
            return number
    found = next((number for number in range(FIRST, LAST + 1) if number not in used), None)
    if found is None:
        raise Unavailable(f"No {kind} from {FIRST} to {LAST} is free.")
    return found
