"""Handing mails to an SMTP server, by the standard library's client in a thread (decision 0021).

Certificates are always checked; where TLS was asked for and is not to be had, nothing is sent. The connection
is kept while there is something to send.
"""

import asyncio
import contextlib
import os
import smtplib
import socket
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from headgate.core.errors import StartupRefused
from headgate.notify.settings import PORTS, MailSettings
from headgate.ports.mailer import Mail, Outcome

LONGEST_REASON: Final = 200
CLOSING: Final = 421
"""The server is going away, whatever was asked (RFC 5321, 3.8)."""


def read_password(settings: MailSettings) -> str:
    """The password for the mail server; empty where none is needed.

    Raises StartupRefused when the file can't be read, or others could.
    """
    if not settings.password_file:
        return ""
    path = Path(settings.password_file)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(4096).decode()
    except OSError as error:
        raise StartupRefused(f"mail.password_file {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise StartupRefused(f"mail.password_file {path} is not UTF-8.") from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise StartupRefused(f"mail.password_file {path} is open to others: chmod 600 it.")
    return text.rstrip("\r\n")


class SmtpMailer:
    """See ports.Mailer. Raises StartupRefused for certificates that can't be read."""

    def __init__(self, settings: MailSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._connection: smtplib.SMTP | None = None
        self._tls: ssl.SSLContext | None = None
        if settings.host and settings.tls != "none":
            self._tls = ssl.create_default_context()
            if settings.ca_file:
                try:
                    self._tls.load_verify_locations(settings.ca_file)
                except OSError as error:  # ssl.SSLError too
                    raise StartupRefused(f"mail.ca_file {settings.ca_file} can't be read: {error}.") from None

    async def send(self, mail: Mail) -> Outcome:
        """See ports.Mailer."""
        return await asyncio.to_thread(self._send, mail)

    async def rest(self) -> None:
        """See ports.Mailer."""
        await asyncio.to_thread(self._close)

    def abort(self) -> None:
        """See ports.Mailer: the thread that waits for the server is woken by its socket's end."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # beneath TLS, which is in use

    def _send(self, mail: Mail) -> Outcome:
        try:
            kept = self._connection is not None
            try:
                return self._hand_over(mail)
            except smtplib.SMTPServerDisconnected:
                if not kept:
                    raise
                # A server may end a connection that has rested for a while.
                self._close()
                return self._hand_over(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            self._reset()
            return _divided(refused.recipients)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            return self._refused(mail, refused)
        except (smtplib.SMTPException, OSError) as error:
            # Also a refused password, or TLS that is not to be had: the settings' fault, not the mail's.
            self._close()
            return Outcome(later=mail.to, reason=_reason(error), unreachable=True)

    def _hand_over(self, mail: Mail) -> Outcome:
        if self._connection is None:
            self._connection = self._connect()
        return _divided(self._connection.sendmail(self._settings.sender, list(mail.to), mail.message))

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        port = settings.port or PORTS[settings.tls]
        connection: smtplib.SMTP
        if settings.tls == "tls":
            connection = smtplib.SMTP_SSL(settings.host, port, timeout=settings.timeout_s, context=self._tls)
        else:
            connection = smtplib.SMTP(settings.host, port, timeout=settings.timeout_s)
        try:
            if settings.tls == "starttls":
                connection.starttls(context=self._tls)
            if settings.username:
                connection.login(settings.username, self._password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _refused(self, mail: Mail, refused: smtplib.SMTPResponseException) -> Outcome:
        if refused.smtp_code == CLOSING:
            self._close()
            return Outcome(later=mail.to, reason=_reason(refused), unreachable=True)
        self._reset()
        if 400 <= refused.smtp_code < 500:
            return Outcome(later=mail.to, reason=_reason(refused))
        return Outcome(never=mail.to, reason=_reason(refused))

    def _reset(self) -> None:
        """Leave nothing of a refused mail in the connection."""
        try:
            if self._connection is not None:
                self._connection.rset()
        except (smtplib.SMTPException, OSError):
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def _divided(refused: Mapping[str, tuple[int, bytes]]) -> Outcome:
    """Recipients that were refused, for now or for good; the others have the mail."""
    later = tuple(address for address, (code, _) in refused.items() if 400 <= code < 500)
    never = tuple(address for address in refused if address not in later)
    reasons = dict.fromkeys(f"{code} {_text(said)}" for code, said in refused.values())
    return Outcome(later=later, never=never, reason="; ".join(reasons)[:LONGEST_REASON])


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:LONGEST_REASON]
    return (str(error) or type(error).__name__)[:LONGEST_REASON]


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())
