"""A signal before the end of the run time (sbatch(1), --signal): `[R|B:]NAME-or-number[@seconds]`."""

import re
import signal
from typing import Final

from msgspec import Struct

_SIGNAL: Final = re.compile(r"\s*(?:([RB]{1,2}):)?([A-Z0-9]+)(?:@([0-9]{0,5}))?", re.IGNORECASE)
_USUAL: Final = 60
_LONGEST: Final = 65535


class Warned(Struct, frozen=True):
    """name: without SIG. flags: B (the batch shell alone), R (may overlap a reservation), or both."""

    name: str
    before_s: int = _USUAL
    flags: str = ""


def warning(text: str) -> Warned:
    """What a --signal says. Raises ValueError."""
    found = _SIGNAL.fullmatch(text)
    if found is None or int(found[3] or 0) > _LONGEST:
        raise ValueError(f"a signal is written [R|B:]name-or-number[@seconds], the seconds up to {_LONGEST}")
    before = _USUAL if found[3] is None else int(found[3] or 0)
    return Warned(_name(found[2].upper()), before, "".join(sorted(set((found[1] or "").upper()))))


def _name(text: str) -> str:
    plain = text.removeprefix("SIG")
    if plain.startswith("RT"):
        raise ValueError(f"{text[:40]}: a real-time signal is written as its number")
    try:
        one = signal.Signals(int(plain)) if plain.isdigit() else signal.Signals[f"SIG{plain}"]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{text[:40]} is no signal") from error
    return one.name.removeprefix("SIG")


def warning_text(this: Warned) -> str:
    """As --signal says it."""
    flags = f"{this.flags}:" if this.flags else ""
    real_time = signal.Signals.__members__.get(f"SIG{this.name}") if this.name.startswith("RT") else None
    name = this.name if real_time is None else str(int(real_time))
    return f"{flags}{name}@{this.before_s}"
