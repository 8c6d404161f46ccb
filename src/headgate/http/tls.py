"""TLS with a certificate that was given or made (`certificate.py`)."""

import ssl
from pathlib import Path

from headgate.core.errors import StartupRefused


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Ready to serve with, TLS 1.2 at least. Raises StartupRefused."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise StartupRefused(
            f"The certificate {certificate} with the key {key} can't be used: {error.strerror or error}."
        ) from None
    return made
