"""`-v` and `-V`: which variables go with a job (spec pbs, sections 2 and 7). Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from headgate.scripts.pbs.words import IllegalValue, parts, quoted, unquoted, writable

SUBMITTERS: Final = ("HOME", "LANG", "LOGNAME", "PATH", "MAIL", "SHELL", "TZ")
"""Variables of the submitter that a job gets as PBS_O_..., when they are set (7)."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HELD_BACK = re.compile(r"LD_.*|BASH_ENV|ENV|BASH_FUNC_.*|HEADGATE_.*|PBS_.*|ENVIRONMENT", re.DOTALL)
"""What `-V` leaves out: it would change how the job's shell starts, or is ours or PBS's to set."""


def all_of(variables: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """What `-V` takes of the submitter's variables, and how many it leaves.

    Left are also names that no shell can have set, which is how exported functions travel.
    """
    taken = {
        name: value
        for name, value in variables.items()
        if NAME.fullmatch(name) and not _HELD_BACK.fullmatch(name) and "\0" not in value
    }
    return taken, len(variables) - len(taken)


def read_list(text: str, variables: Mapping[str, str]) -> dict[str, str]:
    """`NAME[=value],...`; a bare name takes the submitter's value. Raises IllegalValue."""
    found: dict[str, str] = {}
    for part in parts(text):
        name, equals, value = part.lstrip(" \t").partition("=")
        name = unquoted(name).rstrip(" \t")
        if not NAME.fullmatch(name):
            raise IllegalValue(f"{name[:40]!r} cannot be the name of a variable")
        if equals:
            found[name] = unquoted(value)
        elif name in variables:
            found[name] = variables[name]
        else:
            raise IllegalValue(
                f"cannot send environment with the job: {name} is not set where it is submitted; "
                f"give it a value ({name}=...)"
            )
    return found


def list_text(environment: Mapping[str, str]) -> tuple[str, Iterable[str]]:
    """The value of a `-v` that says the variables, and the names of those that none can say."""
    said = {name: value for name, value in environment.items() if NAME.fullmatch(name) and writable(value)}
    text = ",".join(f"{name}={quoted(value) if value else ''}" for name, value in said.items())
    return text, [name for name in environment if name not in said]
