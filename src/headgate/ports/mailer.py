"""Mailer: what carries a mail away."""

from typing import Protocol

from msgspec import Struct


class Mail(Struct, frozen=True):
    """A mail as it is sent: `message` is whole, headers included, in lines that end with CR LF.

    number: which notice it is, the same after a restart; its Message-ID is made from it.
    """

    number: int
    job_id: int
    owner: str
    to: tuple[str, ...]
    message: bytes
    at: int
    """When what it tells happened, in UTC microseconds."""


class Outcome(Struct, frozen=True):
    """What became of a mail. With neither `later` nor `never` it was taken for everybody.

    later: addresses for which it may be tried again; never: those that were refused for good.
    unreachable: the fault is not the mail's: no mail can be sent now.
    """

    later: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    reason: str = ""
    unreachable: bool = False


class Mailer(Protocol):
    """Hands mails to a mail server. Whatever goes wrong is an Outcome, never an exception."""

    async def send(self, mail: Mail) -> Outcome:
        """Hand over one mail. One that was taken, and whose taking was not heard of, counts as `later`."""
        ...

    async def rest(self) -> None:
        """There is nothing more to send for now."""
        ...

    def abort(self) -> None:
        """End a `send` that is under way, soon."""
        ...
