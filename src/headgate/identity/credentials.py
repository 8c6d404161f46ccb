"""What an Authorization header says, and under which names its user may be stored. Pure."""

import base64
import binascii
from typing import Final

from msgspec import Struct

from headgate.core.errors import NotAuthenticated

LONGEST: Final = 8192
"""Characters of a header that are looked at; a longer one is refused unread."""


class BasicCredentials(Struct, frozen=True):
    """A name as the client spelled it, and its password."""

    login: str
    password: str


class BearerCredentials(Struct, frozen=True):
    """A token's text."""

    token: str


def read_authorization(header: str) -> BasicCredentials | BearerCredentials:
    """Take a header apart.

    Raises NotAuthenticated for anything but `Basic` and `Bearer` (RFC 7617, RFC 6750).
    """
    if not header:
        raise NotAuthenticated("Authentication is required.")
    if len(header) > LONGEST:
        raise NotAuthenticated("The Authorization header is too long.")
    scheme, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    match scheme.lower():
        case "basic":
            return _basic(rest)
        case "bearer":
            if not rest:
                raise NotAuthenticated("The Authorization header holds no token.")
            return BearerCredentials(rest)
        case _:
            raise NotAuthenticated("Only Basic and Bearer authentication are served.")


def _basic(encoded: str) -> BasicCredentials:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NotAuthenticated("The Basic credentials are not base64.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # Older clients (curl among them) send the bytes of their terminal's character set (RFC 7617, section
        # 2.1).
        text = raw.decode("latin-1")
    login, colon, password = text.partition(":")
    if not colon or not login or "\0" in text:
        raise NotAuthenticated("The Basic credentials are not NAME:PASSWORD.")
    return BasicCredentials(login, password)


def stored_names(login: str) -> tuple[str, ...]:
    r"""Names under which this login may be stored, in the order to try: as it is, then without `DOMAIN\` or
    `@domain`.
    """
    names = [login]
    bare = login.rpartition("\\")[2].partition("@")[0]
    if bare and bare != login:
        names.append(bare)
    return tuple(names)
