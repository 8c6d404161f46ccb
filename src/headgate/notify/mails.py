"""Which events make a mail, and what it says. Pure: the same event always makes the same mail.

A mail tells number, name, state, times and how many tasks ended how: nothing that others may not see of a
job. The name is the user's and goes into a header: what could end a line there becomes a blank.
"""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import IntEnum
from typing import Final

from msgspec import Struct

from headgate.core.mailing import MailPolicy, addresses
from headgate.core.model import Event, Job
from headgate.core.properties.kinds import name_of
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.mailer import Mail

_FINAL: Final = frozenset(map(int, FINAL_JOB_STATES))
# Whatever a header could end at, what no mail should hold, and marks that turn the direction of writing.
_UNPRINTABLE: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)


class Kind(IntEnum):
    """What a mail is about."""

    START = 0
    END = 1


class Sender(Struct, frozen=True):
    """Who mails are from: the address, the cluster's name, and the id of the installation."""

    address: str
    cluster: str
    installation: str


def kinds_of(event: Event) -> tuple[Kind, ...]:
    """What an event may be worth telling."""
    if event.task or event.instance:
        return ()
    passed = event.path[1:]
    started = (Kind.START,) if int(JobState.RUNNING) in passed else ()
    return (*started, Kind.END) if passed and passed[-1] in _FINAL else started


def number_of(event: Event, kind: Kind) -> int:
    """The number of a notice: one sequence for both kinds."""
    return event.seq * 2 + kind


def wanted(job: Job, kind: Kind, event: Event) -> bool:
    """Whether the owner asked to be told: of the start, of any end, or only of one that is not good (`-m a`
    of OpenPBS, FAIL of Slurm).
    """
    if kind is Kind.START:
        return job.spec.notify_on_start
    badly = event.path[-1] != JobState.FINISHED
    return job.spec.notify_on_completion or (badly and job.spec.notify_on_failure)


def mail(event: Event, kind: Kind, job: Job, policy: MailPolicy, sender: Sender) -> Mail | None:
    """The mail about it; None where nobody is to be told."""
    if not wanted(job, kind, event):
        return None
    to = tuple(one for one in addresses(job.spec.email_address) if policy.allows(one))
    if not to:
        return None
    number = number_of(event, kind)
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(_date(event.at))
    message["From"] = sender.address
    message["To"] = ", ".join(to)
    message["Message-ID"] = f"<{number}.{sender.installation}@{sender.address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    told = "started" if kind is Kind.START else _state(event).lower()
    name = _plain(job.spec.name)
    message["Subject"] = f"Job {job.id}{name and f' ({name})'} {told} on {_plain(sender.cluster)}"
    message.set_content("\n".join(_lines(event, kind, job)) + "\n", cte="quoted-printable")
    return Mail(number, job.id, job.owner, to, message.as_bytes(), event.at)


def _lines(event: Event, kind: Kind, job: Job) -> list[str]:
    lines = [f"Job:       {job.id}"]
    if job.spec.name:
        lines.append(f"Name:      {_plain(job.spec.name)}")
    times = job.times
    state = "Running" if kind is Kind.START else _state(event)
    lines.append(f"State:     {state}")
    lines += [
        f"{label:<10} {_date(at):%Y-%m-%d %H:%M:%S} UTC"
        for label, at in (
            ("Submitted:", times.submitted),
            ("Started:", event.at if kind is Kind.START else times.started),
            ("Ended:", event.at if kind is Kind.END else None),
        )
        if at is not None
    ]
    if kind is Kind.END:
        failed = f", {job.failed_tasks} failed" if job.failed_tasks else ""
        lines.append(f"Tasks:     {job.task_count}{failed}")
    return lines


def _state(event: Event) -> str:
    return name_of(JobState(event.path[-1]))


def _plain(text: str) -> str:
    """A text for a header.

    `=?` would begin an encoded word (RFC 2047): the email package decodes those that it is given, and what
    comes out of them may end a line.
    """
    return _UNPRINTABLE.sub(" ", text).replace("=?", "= ?").strip()[:80]


def _date(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
