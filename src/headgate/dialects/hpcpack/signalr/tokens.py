"""What a client is given to show again: its connection token and its groups token. Pure.

Both are authenticated with a key of this installation, so the server need not remember them: a client that
comes back after a restart is known by what it shows. A connection token belongs to one user, a groups token
to one connection. Both are made of URL-safe characters.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from headgate.core.errors import BadRequest, NotPermitted

_ID: Final = 16
_MAC: Final = 32
NEW_ID_BYTES: Final = _ID


class Listening(Struct, frozen=True, array_like=True):
    """What a connection listens to: jobs for their own states, and for their tasks', each with the number of
    the last event before that began; and commands.
    """

    jobs: tuple[tuple[int, int], ...] = ()
    tasks: tuple[tuple[int, int], ...] = ()
    commands: tuple[int, ...] = ()


_LISTENING: Final = msgspec.msgpack.Decoder(Listening)


def connection_id(identity: bytes) -> str:
    """How a connection is called."""
    return str(UUID(bytes=identity))


def connection_token(key: bytes, identity: bytes, user: str) -> str:
    """The token of a connection (16 random bytes) of this user."""
    return _write(identity + _mac(key, b"connection", identity, user.casefold().encode()))


def read_connection_token(key: bytes, token: str, user: str) -> str:
    """The connection's id. Raises BadRequest, or NotPermitted when it is not this user's."""
    content = _read(token, "connectionToken")
    if len(content) != _ID + _MAC:
        raise BadRequest("The connectionToken is not one of ours.")
    identity, mac = content[:_ID], content[_ID:]
    if not hmac.compare_digest(mac, _mac(key, b"connection", identity, user.casefold().encode())):
        raise NotPermitted("The connectionToken is not one that this user was given.")
    return connection_id(identity)


def groups_token(key: bytes, connection: str, listening: Listening) -> str:
    """What a connection listens to, for its client to keep."""
    content = msgspec.msgpack.encode(listening)
    return _write(_mac(key, b"groups", connection.encode(), content) + content)


def read_groups_token(key: bytes, connection: str, token: str) -> Listening:
    """What was listened to. Raises BadRequest."""
    content = _read(token, "groupsToken")
    mac, content = content[:_MAC], content[_MAC:]
    if not hmac.compare_digest(mac, _mac(key, b"groups", connection.encode(), content)):
        raise BadRequest("The groupsToken is not one that this connection was given.")
    return _LISTENING.decode(content)


def _mac(key: bytes, *parts: bytes) -> bytes:
    """Each part with its length, so that no two lists of parts are the same text."""
    return hmac.digest(key, b"".join(b"%d:%s" % (len(part), part) for part in (b"signalr", *parts)), "sha256")


def _write(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(token: str, name: str) -> bytes:
    try:
        return urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, ValueError):
        raise BadRequest(f"The {name} is not one of ours.") from None
