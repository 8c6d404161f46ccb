"""Tables on the terminal, and plain tab-separated lines where the output goes to a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their heads."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(plain(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        shown.add_column(head)
    for row in rows:
        # As Text: a job called "[red]" is not a colour.
        shown.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(shown)


def plain(cell: object) -> str:
    """One line without anything that could steer a terminal: names are other people's."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(cell))


def fields(values: Mapping[str, object]) -> None:
    """Print named values, one a line, without the empty ones."""
    width = max(map(len, values)) + 2
    for name, value in values.items():
        if value not in ("", None):
            print(f"{name + ':':<{width}}{plain(value)}")


def date(moment: datetime | None) -> str:
    """A time as the reader's clock shows it."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def write(text: str) -> None:
    """Print a program's output as it is; on a terminal without what could steer it, line breaks and tabs
    aside.
    """
    if sys.stdout.isatty():
        text = "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
    sys.stdout.write(text)
    if text and not text.endswith("\n"):
        sys.stdout.write("\n")
