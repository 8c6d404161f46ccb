"""The settings of the object store: the table `[object_storage]`."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from headgate.core.errors import BadRequest


class ObjectStorageSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an `endpoint` and a `bucket` there is no object store.

    prefix: of all keys; `{user}` in it is the user's name; empty: keys are the paths themselves. ca_file: the
    certificates (PEM) to believe instead of those that come with botocore. whole_root: whether a user may
    sync all of their storage (`.`). at_once: syncs that run beside each other. parallel: transfers of one.
    per_user: syncs of one user that may wait or run.
    """

    endpoint: str = ""
    bucket: str = ""
    access_key: str = ""
    secret_key: str = ""
    prefix: str = ""
    region: str = "us-east-1"
    path_style: bool = True
    ca_file: str = ""
    whole_root: bool = False
    at_once: int = 2
    parallel: int = 8
    per_user: int = 100

    def __post_init__(self) -> None:
        if bool(self.endpoint) != bool(self.bucket):
            raise ValueError("endpoint and bucket go together")
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key go together")
        if self.bucket and not self.access_key:
            raise ValueError("the bucket needs an access_key and a secret_key")
        url = urlsplit(self.endpoint)
        if self.endpoint and (url.scheme not in ("http", "https") or not url.hostname):
            raise ValueError("endpoint is a URL (https://s3.example.org)")
        if "@" in url.netloc or url.query or url.fragment:
            raise ValueError("endpoint is a URL without user, query and fragment")
        if self.bucket and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", self.bucket):
            raise ValueError("bucket is the name of one (letters, digits, . _ -)")
        if self.prefix.startswith("/") or "//" in self.prefix or "\0" in self.prefix:
            raise ValueError("prefix has no empty segments (headgate/{user})")
        for name in ("at_once", "parallel", "per_user"):
            if not 1 <= getattr(self, name) <= 1000:
                raise ValueError(f"{name} is 1 to 1000")

    @property
    def configured(self) -> bool:
        """Whether there is an object store."""
        return bool(self.endpoint)

    def prefix_of(self, user: str) -> str:
        """What the keys of this user's files begin with; empty or ending in `/`. Raises BadRequest."""
        if "{user}" in self.prefix and ("/" in user or user in ("", ".", "..")):
            raise BadRequest(f"The user name {user!r} can't be part of a key.")
        prefix = self.prefix.replace("{user}", user).rstrip("/")
        return f"{prefix}/" if prefix else ""
