"""The table [mail]."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.core.errors import StartupRefused
from headgate.notify.settings import MailSettings
from headgate.notify.smtp import SmtpMailer, read_password


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"host": "mx"}, "sender"),
        ({"host": "mx", "sender": "headgate"}, "sender"),
        ({"host": "mx", "sender": "a@b\r\nBcc: c@d"}, "sender"),
        ({"port": 65536}, "port"),
        ({"username": "u"}, "go together"),
        ({"username": "u", "password_file": "f", "tls": "none"}, "in the clear"),
        ({"domains": [""]}, "domains"),
        ({"per_minute": 0}, "per_minute"),
        ({"tls": "ssl"}, "Invalid enum value"),
    ],
)
def test_what_cannot_work_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(said, MailSettings)


def test_without_a_domain_mail_goes_nowhere() -> None:
    settings = MailSettings(host="mx", sender="a@example.org")
    assert settings.policy().sends
    assert not settings.policy().allows("a@example.org")


def test_the_password_is_ours_alone(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    file.chmod(0o640)
    settings = MailSettings(username="u", password_file=str(file))
    with pytest.raises(StartupRefused, match="open to others"):
        read_password(settings)
    file.chmod(0o600)
    assert read_password(settings) == "open sesame"
    file.unlink()
    with pytest.raises(StartupRefused, match="can't be read"):
        read_password(settings)
    assert read_password(MailSettings()) == ""


def test_certificates_that_are_not_there_are_said_at_once(tmp_path: Path) -> None:
    settings = MailSettings(host="mx", sender="a@example.org", ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(StartupRefused, match="ca_file"):
        SmtpMailer(settings, "")
