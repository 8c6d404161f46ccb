"""Which events make a mail, and what it says."""

from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

import pytest

from headgate.core.mailing import MailPolicy
from headgate.core.model import Event, Job, JobSpec, Times
from headgate.core.states import JobState
from headgate.notify.mails import Kind, Sender, kinds_of, mail
from headgate.ports.mailer import Mail

S = JobState
AT = 1_700_000_000_000_000
SENDER = Sender("headgate@example.org", "hpc", "abc")
POLICY = MailPolicy(sends=True, domains=("example.org",))


def event(*path: JobState, task: int = 0) -> Event:
    return Event(7, task, 0, tuple(map(int, path)), AT, 21)


def made(kind: Kind = Kind.END, name: str = "sim", **spec: Any) -> Mail | None:
    spec = {"notify_on_start": True, "notify_on_completion": True, "email_address": "a@example.org", **spec}
    job = Job(
        id=7,
        owner="ada",
        spec=JobSpec(name=name, project="secret", **spec),
        environment={"TOKEN": "secret"},
        times=Times(submitted=AT - 2_000_000, started=AT - 1_000_000),
        task_count=3,
        failed_tasks=1,
        first_failed_task="secret",
    )
    path = (S.QUEUED, S.RUNNING) if kind is Kind.START else (S.RUNNING, S.FAILED)
    return mail(event(*path), kind, job, POLICY, SENDER)


def parsed(one: Mail | None) -> Message:
    assert one is not None
    return message_from_bytes(one.message, policy=default)


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (event(S.QUEUED, S.RUNNING), (Kind.START,)),
        (event(S.RUNNING, S.FINISHING, S.FINISHED), (Kind.END,)),
        (event(S.QUEUED, S.RUNNING, S.FINISHED), (Kind.START, Kind.END)),
        (event(S.VALIDATING, S.FAILED), (Kind.END,)),
        (event(S.RUNNING), ()),
        (event(S.CANCELED), ()),
        (event(S.RUNNING, S.CANCELING), ()),
        (event(S.RUNNING, S.FINISHED, task=1), ()),
    ],
)
def test_a_job_that_starts_or_ends_is_news(told: Event, kinds: tuple[Kind, ...]) -> None:
    assert kinds_of(told) == kinds


def test_a_mail_says_what_anybody_may_know_and_no_more() -> None:
    message = parsed(made())
    assert message["Subject"] == "Job 7 (sim) failed on hpc"
    assert (message["From"], message["To"]) == ("headgate@example.org", "a@example.org")
    assert message["Message-ID"] == "<43.abc@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert str(message.get_payload()).replace("\r\n", "\n") == (
        "Job:       7\n"
        "Name:      sim\n"
        "State:     Failed\n"
        "Submitted: 2023-11-14 22:13:18 UTC\n"
        "Started:   2023-11-14 22:13:19 UTC\n"
        "Ended:     2023-11-14 22:13:20 UTC\n"
        "Tasks:     3, 1 failed\n"
    )


def test_the_mail_of_a_start_has_another_number_and_no_end() -> None:
    message = parsed(made(Kind.START))
    assert message["Message-ID"] == "<42.abc@example.org>"
    assert message["Subject"] == "Job 7 (sim) started on hpc"
    assert "Ended" not in str(message.get_payload())


@pytest.mark.parametrize(
    "name",
    [
        "x\r\nBcc: victim@evil.org",
        "x\nBcc: victim@evil.org",
        "x\rBcc: victim@evil.org",
        "x\r\n\r\nbody",
        "x\u2028Bcc: victim@evil.org",
        "x\x85Bcc: victim@evil.org",
        "\n",
        "\t \u202e",
        "=?utf-8?q?=0d=0aBcc:_v@evil.org?=",
        "d\u00e9j\u00e0 \U0001f600" * 20,
        "\ud800",
    ],
)
def test_no_name_gets_out_of_its_header(name: str) -> None:
    one = made(name=name)
    assert one is not None
    head, _, _ = one.message.partition(b"\r\n\r\n")
    fields = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(fields) == sorted(
        [
            b"Date", b"From", b"To", b"Message-ID", b"Auto-Submitted", b"Subject", b"Content-Type",
            b"Content-Transfer-Encoding", b"MIME-Version",
        ]
    )  # fmt: skip
    one.message.decode("ascii")
    assert b"\n" not in one.message.replace(b"\r\n", b"")


def test_only_those_who_asked_and_may_be_told_are_told() -> None:
    assert made(notify_on_completion=False) is None
    assert made(Kind.START, notify_on_start=False) is None
    assert made(email_address="") is None
    assert made(email_address="a@evil.org") is None
    some = made(email_address="a@evil.org,b@example.org;c@example.org")
    assert some is not None
    assert some.to == ("b@example.org", "c@example.org")
    assert b"evil" not in some.message


def test_the_same_event_makes_the_same_mail() -> None:
    assert made() == made()


@pytest.mark.parametrize(("end", "told"), [(S.FAILED, True), (S.CANCELED, True), (S.FINISHED, False)])
def test_who_asked_for_bad_ends_alone_is_told_of_those(end: JobState, told: bool) -> None:
    job = Job(id=7, owner="ada", spec=JobSpec(notify_on_failure=True, email_address="a@example.org"))
    assert (mail(event(S.RUNNING, end), Kind.END, job, POLICY, SENDER) is not None) is told
