"""The numbers of a bulk job and the place of a step: `--sparam`, read and written. Spec pjm, section 4."""

import re
from collections.abc import Iterable
from typing import Final

from headgate.core.model import Step, StepRule
from headgate.scripts.pjm.quantities import Bad, read_number
from headgate.scripts.pjm.words import Given, refused, shown

LAST_BULK: Final = 999_999
LAST_STEP: Final = 65_534

_RANGE = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)
# A comma before a digit belongs to the values of a rule: `sd=ec==1,2:one`.
_BETWEEN = re.compile(r",(?![0-9])")
_FORM = re.compile(r"(ec|pc)(==|!=|>=|<=|>|<)(\d{1,9}(?:,\d{1,9})*)", re.ASCII)


def read_bulk(given: Given) -> tuple[int, int]:
    """First and last number of a bulk job. Raises ScriptError."""
    found = _RANGE.fullmatch(given.value)
    if found is None:
        raise refused("0003", f"--sparam {shown(given.value)} is not the a-b of a bulk job", given.place)
    first, last = int(found[1]), int(found[2])
    if not first < last <= LAST_BULK:
        raise refused(
            "0003",
            f"--sparam {shown(given.value)}: the first number has to be less than the last, "
            f"and that at most {LAST_BULK}",
            given.place,
        )
    return first, last


def read_step(params: Iterable[Given]) -> Step:
    """The place of a step: merged over all `--sparam`; rules add up. Raises ScriptError."""
    of, of_name, number = None, "", None
    rules: list[StepRule] = []
    for given in params:
        for part in _BETWEEN.split(given.value):
            name, _, value = part.strip(" \t").partition("=")
            try:
                if name == "jid":
                    of = read_number(value)
                elif name == "jnam" and value:
                    of_name = value
                elif name == "sn":
                    number = read_number(value, most=LAST_STEP)
                elif name == "sd":
                    rules += _read_rule(value)
                else:
                    raise Bad("0003", f"{shown(part)} is none of jid=ID, jnam=NAME, sn=N, sd=RULE")
            except Bad as bad:
                raise refused(bad.number, f"--sparam: {bad.text}", given.place) from bad
            if of is not None and of_name:
                raise refused("0002", "--sparam: jid and jnam exclude each other", given.place)
    return Step(of=of, of_name=of_name, number=number, rules=tuple(rules))


def write_step(step: Step) -> str:
    """The `--sparam` of a step; empty for one that opens a chain and says no more."""
    parts = [
        *([f"jid={step.of}"] if step.of is not None else []),
        *([f"jnam={step.of_name}"] if step.of_name and step.of is None else []),
        *([f"sn={step.number}"] if step.number is not None else []),
        *(f"sd={_write_rule(rule)}" for rule in step.rules),
    ]
    return ",".join(parts)


def _read_rule(text: str) -> tuple[StepRule, ...]:
    """`NONE`, or a comparison, then what is deleted and the steps that are looked at. Raises Bad."""
    form, *rest = text.split(":")
    deletes, numbers = (rest[0] if rest else "one"), rest[1:]
    if deletes not in ("one", "after", "all"):
        raise Bad("0003", f"{shown(deletes)} in sd={shown(text)} is none of one, after, all")
    steps = tuple(read_number(number, most=LAST_STEP) for number in numbers)
    if form == "NONE":
        return ()
    found = _FORM.fullmatch(form)
    if found is None:
        raise Bad("0003", f"{shown(form)} is neither NONE nor ec or pc, one of == != > < >= <=, and a number")
    values = tuple(map(int, found[3].split(",")))
    if len(values) > 1 and found[2] not in ("==", "!="):
        raise Bad("0003", f"{shown(form)}: only == and != take several numbers")
    return (StepRule(found[1], found[2], values, deletes, steps),)


def _write_rule(rule: StepRule) -> str:
    form = f"{rule.what}{rule.operator}{','.join(map(str, rule.values))}"
    if rule.numbers or rule.deletes != "one":
        form = ":".join((form, rule.deletes, *map(str, rule.numbers)))
    return form
