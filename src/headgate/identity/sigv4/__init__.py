"""AWS Signature Version 4, the side that verifies (spec sigv4). Pure: the time and the secret come in.

Read `policy.py` first (what is accepted), then `reading.py` (what a request claims of its signature),
`canonical.py` (the request as it was signed) and `signature.py` (the two brought together). Who the key
belongs to is `identity/signature_authority.py`.
"""

from headgate.identity.sigv4.policy import SessionToken, SignaturePolicy
from headgate.identity.sigv4.reading import Claim
from headgate.identity.sigv4.signature import Signed, read_signed, signing_key

__all__ = ["Claim", "SessionToken", "SignaturePolicy", "Signed", "read_signed", "signing_key"]
