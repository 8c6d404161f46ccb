"""A mail server that judges: aiosmtpd on a free port, in a thread, which may be told to refuse."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from headgate.http.certificate import self_signed

USER, PASSWORD = b"headgate", b"open sesame"


class Post:
    """What arrived, and what to answer instead of taking it."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.to_recipients: dict[str, list[str]] = {}
        """Answers to RCPT TO, by address, each for one attempt."""
        self.to_data: list[str] = []
        """Answers to whole mails, each for one attempt."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipients.get(address):
            return self.to_recipients[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_data:
            return self.to_data.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"

    def messages(self) -> list[Message]:
        return [message_from_bytes(one.original_content or b"", policy=default) for one in self.envelopes]

    def subjects(self) -> list[str]:
        return [str(one["Subject"]) for one in self.messages()]


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=right)


@contextmanager
def serving(post: Post, port: int, tls: str = "none", folder: Path | None = None) -> Iterator[int]:
    """Serve on this port. With TLS, `folder` gets the certificate, and a password is asked for."""
    options: dict[str, Any] = {}
    if folder is not None:
        cert, key = self_signed(folder, "127.0.0.1", datetime.now(UTC))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        options = {"authenticator": _login, "auth_required": True}
        if tls == "starttls":
            options.update(tls_context=context, require_starttls=True)
        else:
            options.update(ssl_context=context, auth_require_tls=False)
    controller = Controller(post, hostname="127.0.0.1", port=port, ready_timeout=10, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
