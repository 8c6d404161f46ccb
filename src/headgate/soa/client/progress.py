"""A bar for people who wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    """Something that is told how far it is."""

    def advance(self, count: int) -> None: ...


class _NoBar:
    def advance(self, count: int) -> None:
        pass


@contextmanager
def bar(title: str, total: int | None, *, shown: bool) -> Iterator[Bar]:
    """A bar on the terminal, if it is to be shown. total None: nobody knows."""
    if not shown:
        yield _NoBar()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415  only who wants to see it pays for it

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task(title, total=total)

        class Shown:
            def advance(self, count: int) -> None:
                progress.advance(task, count)

        yield Shown()
