"""sudo: the words in front of a command that make it another account's, and how sudo says no. Pure.

What it says was read off sudo 1.9 (sudo(8), sudoers(5)): before it starts anything, in lines that begin with
its name. It warns in such lines as well, and then starts the command; so a refusal is only what is known to
be one.
"""

from collections.abc import Collection
from typing import Final

from headgate.engines.command.outcomes import Done, Outcome

_REFUSALS: Final = (
    "a password is required",
    "a terminal is required to",
    "you must have a tty to run sudo",
    "you are not allowed to",
    "is not allowed to",
    "is not in the sudoers file",
    "may not run sudo",
    "unknown user",
    "unknown group",
    "command not found",
    "no valid sudoers sources found",
    "account validation failure",
    "Account expired",
    "PAM account management error",
    '"no new privileges" flag is set',
    "effective uid is not 0",
    "must be owned by uid 0 and have the setuid bit set",
)
_SAYS: Final = ("sudo: ", "Sorry, user ")


def words(sudo: str, account: str, gid: int | None, keep: Collection[str]) -> tuple[str, ...]:
    """The words: without a question, as this account and group (None: the account's own), with these
    variables of ours, which the rule has to let pass (`env_keep` or `SETENV`).
    """
    group = () if gid is None else ("-g", f"#{gid}")
    return (sudo, "-n", f"--preserve-env={','.join(sorted(keep))}", "-u", account, *group, "--")


def refused(outcome: Outcome) -> str:
    """What sudo said when it did not start the command; empty: it may have."""
    if not isinstance(outcome, Done) or outcome.exit_status != 1 or outcome.stdout.strip():
        return ""
    said = outcome.stderr.decode("utf-8", "replace")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if not all(line.startswith(_SAYS) for line in lines):
        return ""
    return next((line for line in lines if any(one in line for one in _REFUSALS)), "")
