"""A certificate of our own making, kept in the data folder and used again.

It is its own authority and names this machine, so that a client that is given the file can verify the server.
"""

import ipaddress
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

LASTS: Final = timedelta(days=3650)
RENEWED_BEFORE: Final = timedelta(days=30)


def self_signed(folder: Path, host: str, now: datetime) -> tuple[Path, Path]:
    """Certificate and key for this machine; made anew when there is none, when it ends soon or lacks this
    name.
    """
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = _names(host)
    if not (key.exists() and certificate.exists() and _still_good(certificate, names, now)):
        folder.mkdir(mode=0o700, exist_ok=True)
        _make(certificate, key, names, now)
    return certificate, key


def _names(host: str) -> list[str]:
    """What clients may call this server: itself, and the address it listens on unless that is any."""
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname()]
    if host and host not in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        names.append(host)
    return list(dict.fromkeys(names))


def _still_good(certificate: Path, names: list[str], now: datetime) -> bool:
    try:
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        listed = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    if known.not_valid_after_utc - now < RENEWED_BEFORE:
        return False
    inside = set(listed.get_values_for_type(x509.DNSName))
    inside |= {str(address) for address in listed.get_values_for_type(x509.IPAddress)}
    return set(names) <= inside


def _make(certificate: Path, key: Path, names: list[str], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[-1][:64])])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
        # What OpenSSL asks of a certificate that is its own authority, in its strict mode too (RFC 5280,
        # section 4.2.1).
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    _write(
        key,
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        0o600,
    )
    _write(certificate, built.public_bytes(serialization.Encoding.PEM), 0o644)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(mode)
    draft.replace(path)
