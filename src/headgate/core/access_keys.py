"""An access key: a name and a secret with which a program signs its requests for a user (spec sigv4)."""

from msgspec import Struct


class AccessKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The id is no secret: it is sent with each request. `sealed`: the secret, encrypted."""

    id: str
    user: str
    created: int
    disabled: bool = False
    sealed: bytes = b""
