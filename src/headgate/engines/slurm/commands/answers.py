"""How a command of Slurm's can fail to answer, as one tree, and the pieces that several parsers share.

    SlurmError
    ├── NoAnswer    it could not be asked: hung, not started, ended by a signal, the controller out of reach
    ├── Garbled     it answered something that it does not document: `raw` is the line in question
    └── Rejected    Slurm said no, in its own words

After NoAnswer and Garbled nothing is known: what was asked for may have happened or not.
"""

import errno
import os
import re
from typing import Final

from headgate.engines.command.outcomes import Done, Flooded, Hung, Outcome

UNREACHABLE: Final = (
    "Unable to contact slurm controller",
    "Unable to contact",
    "Socket timed out on send/recv operation",
    "Zero Bytes were transmitted or received",
    "Header lengths are longer than data received",
    "Received zero length message",
    "Received message length < 0",
    "Failed to send entire message",
    "Insane message length",
    "Message send failure",
    "Message receive failure",
    "Unexpected message received",
    "Unexpected missing socket error",
    "Communication connection failure",
    "Communication shutdown failure",
    "Operation now in progress",
    "Protocol authentication error",
    "Invalid authentication credential",
    "Authentication credential invalid",
    "Failed to connect to authentication agent",
    "Incompatible versions of client and server code",
    "Can't find an address, check slurm.conf",
    "Slurm backup controller in standby mode",
    "Controller is in standby mode",
    "Unable to connect to database",
    "Database connection reference is invalid",
    "Problem talking to the database",
    "slurm_persist_conn_open",
    "Sending PersistInit msg",
    "Could not establish a configuration source",
    "Unable to process configuration file",
    "cannot stat file",
    "Unable to create job record, try again",
    "temporarily unable to accept job",
    "Job update not available right now",
    "Slurm accounting storage is disabled",
)
"""Words of slurm_errno.c (22.05.8) and of the clients that tell of the way to a daemon, not of what was
asked; nobody can say how far the request got."""

_ERRNO: Final = frozenset(os.strerror(number) for number in errno.errorcode if number != errno.EACCES)
_SAID_BY: Final = re.compile(r"^[a-z]+: (?:error: |fatal: |warning: )?")
LONGEST: Final = 300
"""Characters of a raw line that an error keeps."""


class SlurmError(Exception):
    """A command of Slurm's did not give what it was asked for. raw: the line that says it, shortened."""

    def __init__(self, text: str, raw: str = "") -> None:
        raw = raw[:LONGEST]
        super().__init__(f"{text}: {raw!r}" if raw else text)
        self.text = text
        self.raw = raw


class NoAnswer(SlurmError):
    """It could not be asked, or did not answer. Repeating helps once the cluster is there again."""


class Garbled(SlurmError):
    """It answered in no way that its manual knows: another version, or something in between."""


class Rejected(SlurmError):
    """Slurm said no. `raw` has its words."""


def words(text: str) -> str:
    """What a command said on standard error, as one line without its own name in front of each."""
    lines = (_SAID_BY.sub("", line.strip()) for line in text.splitlines())
    return " ".join(line for line in lines if line)


def unreachable(said: str) -> bool:
    """Whether these words are about the way to a daemon instead of about what was asked."""
    return any(phrase in said for phrase in UNREACHABLE) or said.rpartition(": ")[2].strip() in _ERRNO


def decoded(data: bytes) -> str:
    """Output as text. What is not UTF-8 (names and comments may be anything) is replaced."""
    return data.decode("utf-8", "replace")


def answered(name: str, outcome: Outcome) -> Done:
    """The outcome of a command that ended by itself. Raises NoAnswer for any other."""
    if isinstance(outcome, Done):
        if outcome.exit_status < 0:
            raise NoAnswer(
                f"{name} was ended by signal {-outcome.exit_status}", words(decoded(outcome.stderr))
            )
        return outcome
    raise NoAnswer(silence(name, outcome))


def silence(name: str, outcome: Outcome) -> str:
    """Why there is no answer in it, as a sentence."""
    if isinstance(outcome, Hung):
        return f"{name} did not end in {outcome.after_s:g} s"
    if isinstance(outcome, Flooded):
        return f"{name} said more than {outcome.limit} bytes"
    if isinstance(outcome, Done):
        return f"{name} ended with {outcome.exit_status}"
    return outcome.reason


def listed(name: str, outcome: Outcome) -> str:
    """Standard output of a command that lists: it counts only if the command ended well.

    Raises NoAnswer when it could not ask, Rejected when Slurm said no.
    """
    done = answered(name, outcome)
    said = words(decoded(done.stderr))
    if done.exit_status != 0:
        # A list needs nothing but an answer, so an end without words is none.
        if not said or unreachable(said):
            raise NoAnswer(f"{name} ended with {done.exit_status}", said)
        raise Rejected(f"{name} ended with {done.exit_status}", said)
    return decoded(done.stdout)


def ordered(name: str, outcome: Outcome) -> None:
    """For a command that changes something and says nothing when it could.

    Raises NoAnswer when it is not known whether it did, Rejected when Slurm said no.
    """
    done = answered(name, outcome)
    if done.exit_status == 0:
        return
    said = words(decoded(done.stderr)) or words(decoded(done.stdout))
    if not said or unreachable(said):
        raise NoAnswer(f"{name} ended with {done.exit_status}", said)
    raise Rejected(f"{name} ended with {done.exit_status}", said)


def moment(text: str) -> int | None:
    """A time as SLURM_TIME_FORMAT=%s has it: seconds since 1970, None for the several ways to say none.

    Raises ValueError.
    """
    if text in ("N/A", "NONE", "Unknown", "None", "", "(null)"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError(f"{text[:40]!r} is not seconds since 1970")
    return int(text) or None


def number(text: str) -> int:
    """A count or an id: digits. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"{text[:40]!r} is no number")
    return int(text)
