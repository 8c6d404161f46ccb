"""sacctmgr: how far an account may administer Slurm, as accounting has it (sacctmgr(1) of 22.05). Pure."""

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import Garbled, listed


def show_level(account: str) -> Command:
    """The AdminLevel of an account."""
    fields = "format=User,AdminLevel"
    options = ("--noheader", "--parsable2", "--readonly")
    return Command(argv=("sacctmgr", *options, "show", "user", f"name={account}", fields))


def parse_level(outcome: Outcome, account: str) -> str:
    """`None`, `Operator`, `Administrator`; empty where accounting does not know the account.

    Raises NoAnswer, Rejected, Garbled.
    """
    for line in listed("sacctmgr", outcome).splitlines():
        name, _, level = line.partition("|")
        if not level or "|" in level:
            raise Garbled("sacctmgr listed no user and level", line)
        if name == account:
            return level
    return ""
