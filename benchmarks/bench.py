"""What a measurement is given, and what it leaves: figures, each the median of some rounds, with its
target.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from benchmarks import machine


class Skipped(Exception):
    """Something this measurement needs is not on this machine. The message says what."""


@dataclass(frozen=True)
class Target:
    """What the median of a figure must reach: at least so much, or less than so much."""

    limit: float
    at_least: bool

    def met_by(self, value: float) -> bool:
        """Whether this value will do."""
        return value >= self.limit if self.at_least else value < self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<'} {spelled(self.limit)}"


def at_least(limit: float) -> Target:
    """The more the better."""
    return Target(limit, True)


def under(limit: float) -> Target:
    """The less the better."""
    return Target(limit, False)


@dataclass(frozen=True)
class Figure:
    """One line of the table. A figure without a target is there to compare with."""

    name: str
    unit: str
    values: tuple[float, ...]
    target: Target | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """What counts."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None without one."""
        return None if self.target is None else self.target.met_by(self.median)

    def cells(self) -> tuple[str, ...]:
        """Its line in the table."""
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        spread = f"{spelled(min(self.values))} … {spelled(max(self.values))}" if len(self.values) > 1 else ""
        target = "" if self.target is None else str(self.target)
        return (self.name, spelled(self.median), self.unit, spread, target, verdict, self.note)


@dataclass
class Bench:
    """folder: temporary, gone afterwards. quick: everything small, the figures mean nothing. patience_s: how
    long a round may wait for a quiet moment of the machine.
    """

    folder: Path
    rounds: int
    quick: bool
    patience_s: float = 0
    figures: list[Figure] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    busy: list[float] = field(default_factory=list)
    """How much of the machine others used when each round began."""

    def size(self, full: int, quick: int) -> int:
        """How many of something to use."""
        return quick if self.quick else full

    def each_round(self) -> Iterator[int]:
        """Count the rounds; before each, wait for a quiet moment if that was asked for."""
        for number in range(self.rounds):
            if self.patience_s:
                self.busy.append(machine.wait_quiet(self.patience_s))
            yield number

    def report(
        self, name: str, unit: str, values: Sequence[float], target: Target | None = None, note: str = ""
    ) -> Figure:
        """Keep a figure, and show it at once."""
        figure = Figure(name, unit, tuple(values), target, note)
        self.figures.append(figure)
        print("   " + "  ".join(cell for cell in figure.cells() if cell), flush=True)
        return figure

    def skip(self, name: str, reason: str) -> None:
        """This measurement could not be made here."""
        self.skipped[name] = reason
        print(f"   skipped: {reason}", flush=True)

    @property
    def all_met(self) -> bool:
        """Whether no target was missed."""
        return all(figure.met is not False for figure in self.figures)

    def table(self) -> str:
        """All figures, as people read them."""
        heads = ("what", f"median of {self.rounds}", "unit", "min … max", "target", "", "")
        rows = [heads, *(figure.cells() for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        lines += [f"{name}: skipped, {reason}" for name, reason in self.skipped.items()]
        return "\n".join(line.rstrip() for line in ["", *lines, machine.described()])

    def json(self) -> str:
        """All figures, as programs read them."""
        return json.dumps(
            {
                "machine": machine.facts(),
                "quick": self.quick,
                "busy_before_rounds": self.busy,
                "rounds": self.rounds,
                "figures": [
                    {
                        "name": one.name,
                        "unit": one.unit,
                        "median": one.median,
                        "values": one.values,
                        "target": None if one.target is None else str(one.target),
                        "met": one.met,
                        "note": one.note,
                    }
                    for one in self.figures
                ],
                "skipped": self.skipped,
                "seconds": self.took,
            },
            indent=1,
        )


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return quantiles(values, n=100, method="inclusive")[98]


def spelled(value: float) -> str:
    """A number with as many digits as mean something."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
