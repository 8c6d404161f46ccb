"""What was signed, and with which key it was (spec sigv4, section 5)."""

import hmac
from hashlib import sha256
from typing import Final

from msgspec import Struct

from headgate.identity.sigv4.canonical import (
    by_name,
    canonical_headers,
    canonical_path,
    canonical_query,
    canonical_request,
    refused,
)
from headgate.identity.sigv4.policy import SignaturePolicy
from headgate.identity.sigv4.reading import ALGORITHM, TERMINATOR, Claim, read_claim
from headgate.ports.signatures import SignedRequest

CONTENT_HASH: Final = b"x-amz-content-sha256"


class Signed(Struct, frozen=True):
    """A claim, and the canonical request it is about."""

    claim: Claim
    canonical: bytes

    @property
    def text(self) -> bytes:
        """The string to sign."""
        digest = sha256(self.canonical).hexdigest()
        return f"{ALGORITHM.decode()}\n{self.claim.moment}\n{self.claim.scope}\n{digest}".encode()

    def signature(self, key: bytes) -> str:
        """The right one, with this key of `signing_key`."""
        return hmac.new(key, self.text, sha256).hexdigest()

    def is_by(self, key: bytes) -> bool:
        """Whether this key made the signature; equally long whether it did or not."""
        return hmac.compare_digest(self.signature(key), self.claim.signature)


def read_signed(request: SignedRequest, policy: SignaturePolicy, now: int) -> Signed:
    """Everything that can be said without the secret. now: UTC microseconds.

    Raises NotProved, with the reason for our log as its text.
    """
    headers = by_name(request.headers)
    claim = read_claim(headers, request.query, policy, now)
    # Always of what has arrived: what a client says it is, is a thing to check (section 4.4).
    payload = sha256(request.body).hexdigest()
    for said in headers.get(CONTENT_HASH, ()):
        if said.strip(b" \t") != payload.encode():
            raise refused("x-amz-content-sha256 is not the hash of the body")
    canonical = canonical_request(
        request.method,
        canonical_path(request.path, normalise=policy.normalise, encode_again=policy.encode_again),
        canonical_query(claim.query),
        canonical_headers(claim.headers, headers),
        ";".join(claim.headers),
        payload,
    )
    return Signed(claim, canonical)


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """kSigning; good for one day, region and service."""
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, TERMINATOR.decode()):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
