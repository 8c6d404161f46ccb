"""Signing requests as clients do (AWS Signature Version 4), written apart from what verifies them.

Only what the HPC REST API has: plain paths without anything to encode, no query, signed host and time.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from msgspec import Struct

JSON = "application/json;charset=utf-8"


class Signer(Struct, frozen=True):
    """An access key and its secret."""

    access_key: str
    secret_key: str
    region: str = "jp-east-1"
    service: str = "hpc-api"

    def headers(
        self, method: str, url: str, body: bytes = b"", *, now: datetime | None = None
    ) -> Mapping[str, str]:
        """The headers with which this request is signed. now: another time than the real one."""
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        where = urlsplit(url)
        given = {"host": where.netloc, "x-amz-date": stamp}
        if body:
            given["content-type"] = JSON
        names = sorted(given)
        lines = [method, where.path, "", *(f"{name}:{given[name]}" for name in names), ""]
        canonical = "\n".join([*lines, ";".join(names), sha256(body).hexdigest()])
        scope = "/".join((stamp[:8], self.region, self.service, "aws4_request"))
        text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return {
            **given,
            "authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}",
        }
