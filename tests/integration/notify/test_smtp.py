"""Handing mails over, judged by a mail server of somebody else's making."""

from pathlib import Path
from typing import Any

import pytest

from headgate.notify.settings import MailSettings
from headgate.notify.smtp import SmtpMailer
from headgate.ports.mailer import Mail, Outcome
from tests.integration.notify.post import PASSWORD, USER, Post, serving

MAIL = Mail(1, 7, "ada", ("a@example.org", "b@example.org"), b"Subject: x\r\n\r\nbody\r\n", 0)
BOTH = MAIL.to


def mailer(port: int, **more: Any) -> SmtpMailer:
    words: dict[str, Any] = {"tls": "none", "timeout_s": 5.0, **more}
    password = words.pop("password", PASSWORD.decode())
    settings = MailSettings(host="127.0.0.1", port=port, sender="headgate@example.org", **words)
    return SmtpMailer(settings, password)


async def test_a_mail_arrives_as_it_is(free_tcp_port: int) -> None:
    post = Post()
    with serving(post, free_tcp_port):
        one = mailer(free_tcp_port)
        assert [await one.send(MAIL), await one.send(MAIL)] == [Outcome(), Outcome()]
        await one.rest()
    assert post.envelopes[0].rcpt_tos == ["a@example.org", "b@example.org"]
    assert post.envelopes[0].mail_from == "headgate@example.org"
    assert post.messages()[0]["Subject"] == "x"
    assert len(post.envelopes) == 2


@pytest.mark.parametrize("tls", ["starttls", "tls"])
# aiosmtpd does not know that TLS from the first byte on is TLS.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_password_travels_under_tls_alone(tls: str, free_tcp_port: int, tmp_path: Path) -> None:
    post = Post()
    with serving(post, free_tcp_port, tls, tmp_path):
        ca = str(tmp_path / "cert.pem")
        login = {"tls": tls, "username": USER.decode(), "password_file": "read before"}
        one = mailer(free_tcp_port, ca_file=ca, **login)
        assert await one.send(MAIL) == Outcome()
        await one.rest()
        wrong = await mailer(free_tcp_port, ca_file=ca, **login, password="nope").send(MAIL)
        assert (wrong.later, wrong.unreachable) == (BOTH, True)
        assert wrong.reason.startswith("535 ")
        assert "nope" not in wrong.reason
        unknown = await mailer(free_tcp_port, **login).send(MAIL)
        assert (unknown.later, unknown.unreachable) == (BOTH, True)
        assert "certificate" in unknown.reason
    assert len(post.envelopes) == 1


async def test_where_tls_is_not_to_be_had_nothing_is_sent(free_tcp_port: int) -> None:
    post = Post()
    with serving(post, free_tcp_port):
        outcome = await mailer(free_tcp_port, tls="starttls").send(MAIL)
    assert (outcome.later, outcome.unreachable) == (BOTH, True)
    assert post.envelopes == []


@pytest.mark.parametrize(
    ("recipients", "data", "outcome"),
    [
        ({"a@example.org": ["450 busy"]}, [], Outcome(later=("a@example.org",), reason="450 busy")),
        ({"a@example.org": ["550 who?"]}, [], Outcome(never=("a@example.org",), reason="550 who?")),
        (
            {"a@example.org": ["450 busy"], "b@example.org": ["550 who?"]},
            [],
            Outcome(later=("a@example.org",), never=("b@example.org",), reason="450 busy; 550 who?"),
        ),
        ({}, ["451 later"], Outcome(later=BOTH, reason="451 later")),
        ({}, ["554 spam"], Outcome(never=BOTH, reason="554 spam")),
        ({}, ["421 going away"], Outcome(later=BOTH, reason="421 going away", unreachable=True)),
    ],
)
async def test_what_a_server_refuses_is_refused_for_now_or_for_good(
    recipients: dict[str, list[str]], data: list[str], outcome: Outcome, free_tcp_port: int
) -> None:
    post = Post()
    post.to_recipients, post.to_data = recipients, data
    with serving(post, free_tcp_port):
        one = mailer(free_tcp_port)
        assert await one.send(MAIL) == outcome
        assert await one.send(MAIL) == Outcome(), "the next one is another matter"
        await one.rest()


async def test_a_connection_that_was_ended_meanwhile_is_made_anew(free_tcp_port: int) -> None:
    post = Post()
    one = mailer(free_tcp_port)
    for _ in range(2):
        with serving(post, free_tcp_port):
            assert await one.send(MAIL) == Outcome()
    assert (await one.send(MAIL)).unreachable
    assert len(post.envelopes) == 2
