"""What a job says in vain. Pure.

Which properties can't work here is said once, in the registry (`Property.no_effect`); an engine may give one
its effect all the same (`has_effect`, their names). Here it is put together with what depends on the
settings, mail, and with the warnings of the document that the job came from. A warning is for everybody who
may see the job: it holds no address and nothing else that is private.
"""

from typing import Final

from headgate.core.mailing import MailPolicy, addresses
from headgate.core.model import Job
from headgate.core.properties import JOB, JobSubject

MOST: Final = 50
LONGEST: Final = 300
_IN_VAIN: Final = tuple(
    (entry, entry.no_effect) for entry in JOB if entry.no_effect and entry.moments and entry.readable
)


def all_warnings(job: Job, mail: MailPolicy, has_effect: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Those of its present properties, what its queue filled in, then those of its document; bounded in
    number and length.
    """
    mails = (*_of_mail(job, mail), *_of_notices(job))
    found = (*_of_properties(job, has_effect), *mails, *job.queue_notes, *job.import_warnings)
    if not found:
        return found
    if len(found) > MOST:
        found = (*found[: MOST - 1], f"There are {len(found) - MOST + 1} more warnings.")
    return tuple(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…" for text in found)


def _of_properties(job: Job, has_effect: frozenset[str]) -> tuple[str, ...]:
    subject = JobSubject(job)
    return tuple(
        f"{entry.name} has no effect: {why}."
        for entry, why in _IN_VAIN
        if entry.name not in has_effect and entry.read(subject) != entry.default
    )


def _of_mail(job: Job, mail: MailPolicy) -> tuple[str, ...]:
    spec = job.spec
    asked = [
        name
        for name, wanted in (
            ("NotifyOnStart", spec.notify_on_start),
            ("NotifyOnCompletion", spec.notify_on_completion),
            # OpenPBS asks for it where nothing is said (`-m a`): without an address nobody expects a mail.
            ("mail on failure", spec.notify_on_failure and bool(spec.email_address)),
        )
        if wanted
    ]
    if not asked:
        return ()
    why = ""
    if not mail.sends:
        why = "this server has no mail server to send by"
    elif not addresses(spec.email_address):
        why = "the job has no EmailAddress"
    elif not all(mail.allows(address) for address in addresses(spec.email_address)):
        why = "EmailAddress holds an address that this server does not send to; it gets no mail"
    if not why:
        return ()
    verb = "has" if len(asked) == 1 else "have"
    return (f"{' and '.join(asked)} {verb} no effect: {why}.",)


def _of_notices(job: Job) -> tuple[str, ...]:
    """What a script may ask for of mails and no mail tells."""
    spec = job.spec
    if not spec.email_address:
        return ()
    asked = (
        (spec.notify_on_requeue, "A mail when it is run again is not sent: mails tell of starts and ends."),
        (spec.notify_each, "A mail for each run of an array is not sent: mails are about the whole job."),
    )
    return tuple(text for wanted, text in asked if wanted)
