"""What a job is warned of."""

from typing import Any

import pytest

from headgate.core.mailing import NO_MAIL, MailPolicy
from headgate.core.model import Job, JobSpec
from headgate.core.warnings import LONGEST, MOST, all_warnings

MAIL = MailPolicy(sends=True, domains=("example.org",))
NOTIFY: dict[str, Any] = {"notify_on_start": True, "notify_on_completion": True}


def warnings(policy: MailPolicy = MAIL, **spec: Any) -> tuple[str, ...]:
    return all_warnings(Job(spec=JobSpec(**spec)), policy)


def test_a_job_of_defaults_is_warned_of_nothing() -> None:
    assert warnings() == warnings(NO_MAIL) == ()


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("SoftwareLicense", {"software_license": ("matlab:1",)}),
        ("Preemptable", {"preemptable": True}),
        ("Pool", {"pool": "p"}),
    ],
)
def test_what_cannot_work_is_said(name: str, spec: dict[str, Any]) -> None:
    (only,) = warnings(**spec)
    assert only.startswith(f"{name} has no effect: ")


def test_what_works_with_this_engine_is_not_warned_of() -> None:
    job = Job(spec=JobSpec(software_license=("matlab:1",), pool="p"))
    (only,) = all_warnings(job, MAIL, frozenset({"SoftwareLicense"}))
    assert only.startswith("Pool has no effect: ")


@pytest.mark.parametrize(
    ("policy", "spec", "said"),
    [
        (NO_MAIL, NOTIFY, "NotifyOnStart and NotifyOnCompletion have no effect: this server has no mail"),
        (MAIL, {"notify_on_start": True}, "NotifyOnStart has no effect: the job has no EmailAddress"),
        (MAIL, {**NOTIFY, "email_address": "a@evil.org"}, "that this server does not send to"),
        (MAIL, {**NOTIFY, "email_address": "a@example.org;b@evil.org"}, "that this server does not send to"),
    ],
)
def test_a_mail_that_is_not_going_to_be_sent_is_said(
    policy: MailPolicy, spec: dict[str, Any], said: str
) -> None:
    (only,) = warnings(policy, **spec)
    assert said in only
    assert "@" not in only, "everybody may read a warning"


def test_a_mail_that_is_going_to_be_sent_is_no_warning() -> None:
    assert warnings(**NOTIFY, email_address="a@example.org") == ()
    assert warnings(NO_MAIL, email_address="a@example.org") == ()


def test_warnings_are_few_and_short() -> None:
    job = Job(import_warnings=tuple("x" * 1000 for _ in range(200)))
    found = all_warnings(job, MAIL)
    assert len(found) == MOST
    assert found[-1] == f"There are {200 - MOST + 1} more warnings."
    assert max(map(len, found)) == LONGEST


def test_openpbs_asks_for_mail_of_failures_by_itself_and_is_warned_only_with_an_address() -> None:
    assert warnings(NO_MAIL, notify_on_failure=True) == ()
    (only,) = warnings(NO_MAIL, notify_on_failure=True, email_address="a@example.org")
    assert only.startswith("mail on failure has no effect")


@pytest.mark.parametrize("asked", ["notify_on_requeue", "notify_each"])
def test_notices_that_no_mail_tells_are_said(asked: str) -> None:
    spec: dict[str, Any] = {asked: True}
    (only,) = warnings(**spec, email_address="a@example.org")
    assert "is not sent" in only
    assert warnings(**spec) == ()
