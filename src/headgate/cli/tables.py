"""Tables on the terminal, and plain tab-separated lines where the output goes to a program."""

import sys
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their heads."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(_plain(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        shown.add_column(head)
    for row in rows:
        # As Text: a job called "[red]" is not a colour.
        shown.add_row(*(Text(_plain(cell)) for cell in row))
    Console().print(shown)


def _plain(cell: object) -> str:
    """One line without anything that could steer a terminal: names are other people's."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(cell))
