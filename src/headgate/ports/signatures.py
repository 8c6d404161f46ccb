"""Signed requests: whoever sends one has proved with it that they hold the secret of an access key.

`SignatureIdentity` checks what a client presents; `AccessKeys` keeps the keys. Whether somebody *may* make or
end a key is the service's question (`service/access_keys.py`).
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct

from headgate.core.access_keys import AccessKey
from headgate.core.errors import NotAuthenticated
from headgate.ports.identity import Caller


class SignedRequest(Struct, frozen=True, kw_only=True):
    """A request as it came over the wire: nothing decoded, joined or put in another order.

    path: without the query. query: without the `?`. headers: in order of arrival, duplicates included, names
    in lower case. body: whole, with the transfer framing taken off and nothing else.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Unproved(Enum):
    """What a request lacks. Faces have a code for each (spec nifcloud, section 3)."""

    NO_ACCESS_KEY = "no access key"
    NO_SIGNATURE = "no signature"
    EXPIRED = "expired"
    """Signed too long ago, or too far ahead."""
    REFUSED = "refused"
    """Anything else; which, the client is not told."""


class NotProved(NotAuthenticated):
    """The signature of a request proves nothing."""

    def __init__(self, text: str, lack: Unproved) -> None:
        super().__init__(text)
        self.lack = lack


class SignatureIdentity(Protocol):
    """Checks signatures. Runs on the event loop, quick enough for every request."""

    def caller(self, request: SignedRequest, *, address: str) -> Caller:
        """The caller whose key signed exactly this request, about now.

        address: for the log. Raises NotProved, Unavailable.
        """
        ...


class AccessKeys(Protocol):
    """Keeps the access keys of users, each with a secret that can be read again: checking takes it."""

    async def create(self, user: str) -> tuple[AccessKey, str]:
        """A new key, on disk, and its secret, which is shown this once.

        Raises NotFound (also when the user is disabled), WrongState when the user has as many as one may
        have.
        """
        ...

    async def set_disabled(self, key_id: str, disabled: bool) -> AccessKey:
        """A key that is disabled proves nothing from now on. Raises NotFound (kind access key), WrongState
        when enabling one more than a user may have.
        """
        ...

    async def remove(self, key_id: str) -> None:
        """Forget a key and its secret. Raises NotFound (kind access key)."""
        ...

    def get(self, key_id: str) -> AccessKey:
        """One key, without its secret. Raises NotFound (kind access key)."""
        ...

    def list(self, user: str = "") -> Sequence[AccessKey]:
        """The keys of a user, or all, by user and age; without their secrets."""
        ...
