"""A signer of our own, for tests that need requests no client would send. That it signs rightly, the vectors
of spec sigv4, section 11 say; it shares nothing with what it tests.
"""

import hmac
from hashlib import sha256

from msgspec import Struct

from headgate.ports.signatures import SignedRequest

KEY_ID = "HPCDOCEXAMPLEKEY0001"
SECRET = "docOnlySecret/0123456789+abcdefghijklmno"
MOMENT = "20240102T030405Z"
NOW = 1_704_164_645_000_000
"""The same, in UTC microseconds."""
HOST = "jp-east-1.hpc-api.api.nifcloud.com"
JSON = ("Content-Type", "application/json;charset=utf-8")


class Signing(Struct, kw_only=True):
    """What is signed, and how it is said. `signed`: names of signed headers; path and query as they are
    canonical.
    """

    method: str = "GET"
    path: str = "/jobs"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    key_id: str = KEY_ID
    secret: str = SECRET
    moment: str = MOMENT
    date: str = MOMENT[:8]
    region: str = "jp-east-1"
    service: str = "hpc-api"
    host: str = HOST
    unsigned: frozenset[str] = frozenset()

    def signature(self) -> str:
        """The right one."""
        key = b"AWS4" + self.secret.encode()
        scope = f"{self.date}/{self.region}/{self.service}/aws4_request"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        named = "".join(f"{name}:{value}\n" for name, value in self._signed())
        lines = (self.method, self.path, self.query, named, self.names(), sha256(self.body).hexdigest())
        digest = sha256("\n".join(lines).encode()).hexdigest()
        return hmac.digest(
            key, f"AWS4-HMAC-SHA256\n{self.moment}\n{scope}\n{digest}".encode(), "sha256"
        ).hex()

    def names(self) -> str:
        """SignedHeaders."""
        return ";".join(name for name, _ in self._signed())

    def authorization(self) -> str:
        """The header."""
        credential = f"{self.key_id}/{self.date}/{self.region}/{self.service}/aws4_request"
        return (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={self.names()}, "
            f"Signature={self.signature()}"
        )

    def request(self, *more: tuple[str, str], authorization: str | None = None) -> SignedRequest:
        """The request as it arrives; `more`: headers that were added after signing."""
        value = self.authorization() if authorization is None else authorization
        sent = [*self._all(), *more, *([("authorization", value)] if value else [])]
        return SignedRequest(
            method=self.method,
            path=self.path.encode(),
            query=self.query.encode(),
            headers=[(name.lower().encode(), text.encode("latin-1")) for name, text in sent],
            body=self.body,
        )

    def _all(self) -> list[tuple[str, str]]:
        return [("Host", self.host), ("X-Amz-Date", self.moment), *self.headers]

    def _signed(self) -> list[tuple[str, str]]:
        named = sorted((name.lower(), value) for name, value in self._all())
        return [(name, value) for name, value in named if name not in self.unsigned]
