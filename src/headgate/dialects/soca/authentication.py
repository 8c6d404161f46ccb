"""Who is asking (spec soca, section 2): the headers of both families, and the level an operation takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.errors import NotAuthenticated
from headgate.core.vocabulary import Role
from headgate.dialects.soca.operation import Level
from headgate.formats.serving import Scope
from headgate.ports.api_keys import KeyIdentity
from headgate.ports.identity import Caller

FAMILIES: Final = ("X-SOCA", "X-EDH")
HEADERS: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        f"{family}-{word}".lower().encode(): word.lower()
        for family in FAMILIES
        for word in ("USER", "TOKEN", "PASSWORD")
    }
)


class Presented(dict[str, str]):
    """`user`, `token` and `password`, as far as headers say them."""


def presented(scope: Scope) -> Presented:
    """What the headers say. Raises NotAuthenticated where the two families do not say the same."""
    found = Presented()
    for name, value in scope["headers"]:
        known = HEADERS.get(name)
        if known is None:
            continue
        # ASGI gives bytes; names and passwords beyond ASCII are sent as UTF-8.
        text = value.decode("utf-8", "surrogateescape").strip()
        if found.setdefault(known, text) != text:
            raise NotAuthenticated("The headers X-SOCA-… and X-EDH-… say different things.")
    return found


NOBODY: Final = Caller("", Role.NONE)


async def caller(identity: KeyIdentity, level: Level, said: Presented, address: str) -> Caller:
    """Who is asking, where that is enough for the level. Raises NotAuthenticated, Unavailable.

    Which of the two it lacks is not told apart (2.3).
    """
    user, token = said.get("user", ""), said.get("token", "")
    password = said.get("password", "")
    if level is Level.OPEN:
        return NOBODY
    if level is Level.KEY and user and password and not token:
        return await identity.by_password(user, password, address=address)
    found = identity.caller(user, token, address=address)
    if found.root or level is Level.PRIVATE or (level is Level.ADMIN and found.role & Role.ADMIN):
        return found
    raise NotAuthenticated(f"This is for {level.value}.")
