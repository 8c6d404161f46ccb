"""Certificates of our own making."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.core.errors import StartupRefused
from headgate.http.certificate import self_signed
from headgate.http.tls import context

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_is_made_once_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path / "tls", "127.0.0.1", NOW)
    assert key.stat().st_mode & 0o777 == 0o600
    before = certificate.read_bytes()
    assert self_signed(tmp_path / "tls", "127.0.0.1", NOW + timedelta(days=300))[0].read_bytes() == before
    context(certificate, key)


def test_it_is_made_anew_when_it_ends_soon_lacks_the_name_or_is_damaged(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path / "tls", "127.0.0.1", NOW)
    first = certificate.read_bytes()
    self_signed(tmp_path / "tls", "head.example.org", NOW)
    second = certificate.read_bytes()
    assert second != first
    self_signed(tmp_path / "tls", "head.example.org", NOW + timedelta(days=3640))
    third = certificate.read_bytes()
    assert third != second
    certificate.write_text("damaged")
    self_signed(tmp_path / "tls", "head.example.org", NOW)
    assert b"BEGIN CERTIFICATE" in certificate.read_bytes()


def test_a_client_that_is_given_it_trusts_it(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path / "tls", "127.0.0.1", NOW)
    trusting = ssl.create_default_context(cafile=certificate)
    assert trusting.cert_store_stats()["x509_ca"] == 1


def test_what_is_no_certificate_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(StartupRefused, match=r"x\.pem"):
        context(tmp_path / "x.pem", tmp_path / "x.pem")
    with pytest.raises(StartupRefused, match="No such file"):
        context(tmp_path / "missing.pem", tmp_path / "x.pem")
