"""The variables a job gets (sbatch(1), --export): `ALL`, `NONE`, `NIL`, or names and `NAME=value` with
commas between.

Quotes keep commas together and stay part of the value, as sbatch 22.05.8 does; so a value with a bare comma
can't be said. With `ALL` an explicit value wins: the manual says otherwise, the program does so.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from headgate.core.scripts import Submitter

_TOKEN: Final = re.compile(r"""(?:[^,"']++|"[^"]*+"|'[^']*+')++""")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DENIED: Final = re.compile(
    # What would change how the shell or the loader works, or be mistaken for what a scheduler says.
    r"LD_.*|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS|PS4|BASH_FUNC_.*|HEADGATE_.*|SLURM_.*|SLURMD_.*|SBATCH_.*|PBS_.*|PJM_.*|CCP_.*"
)


class Exported(Struct, frozen=True):
    """What an --export says. environment: the variables. explicit: nothing but `NAME=value`, so that the
    environment says it all. left_out: variables that are not passed on.
    """

    environment: Mapping[str, str]
    explicit: bool = False
    left_out: tuple[str, ...] = ()


def everything(by: Submitter) -> Exported:
    """All variables that came along, but for those that could change the server's or the shell's ways."""
    passed, left = {}, []
    for name, value in by.variables.items():
        if _NAME.fullmatch(name) and not _DENIED.fullmatch(name):
            passed[name] = value
        else:
            left.append(name)
    return Exported(passed, left_out=tuple(left))


def exported(text: str, by: Submitter) -> Exported:
    """What a list says. Raises ValueError."""
    if text.upper() in ("NONE", "NIL"):
        return Exported({})
    if text.upper() == "ALL":
        return everything(by)
    environment: dict[str, str] = {}
    left: tuple[str, ...] = ()
    explicit = True
    for token in _tokens(text):
        name, equals, value = token.partition("=")
        if token.upper() == "ALL":
            everything_else = everything(by)
            environment = {**everything_else.environment, **environment}
            left, explicit = everything_else.left_out, False
        elif not _NAME.fullmatch(name):
            raise ValueError(f"{name[:40]!r} is no name of a variable")
        elif equals:
            environment[name] = value
        else:
            explicit = False
            if name in by.variables:
                environment[name] = by.variables[name]
    return Exported(environment, explicit and bool(environment), left)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text):
        if text[at] == ",":
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError("a quote in it is not closed")
        if found.end() < len(text) and text[found.end()] != ",":
            raise ValueError("a quote in it is not closed")
        tokens.append(found[0])
        at = found.end()
    return tokens


def export_text(environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """As --export says it, and the names of those that it can't say."""
    said, lost = [], []
    for name, value in environment.items():
        token = f"{name}={value}"
        fits = _NAME.fullmatch(name) and _one_token(token) and "\n" not in value
        if fits and not (name.upper() == "ALL" and not value):
            said.append(token)
        else:
            lost.append(name)
    return ",".join(said) or "NONE", tuple(lost)


def _one_token(token: str) -> bool:
    found = _TOKEN.fullmatch(token)
    return found is not None
