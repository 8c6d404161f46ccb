"""scripts/pjm/options.py: the page shows the tables as they are, and names mean one thing."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from headgate.ports.flavour import Flavour
from headgate.registry import FLAVOURS, load
from headgate.scripts.pjm import FLAVOUR
from headgate.scripts.pjm.options import BY_NAME, CUSTOM, KEPT, LISTS, OPTIONS, Item, Option

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "script-pjm.md").read_text()


def rows(entries: Iterable[Option | Item]) -> list[str]:
    return [
        f"| {' '.join(f'`{name}`' for name in entry.names)} | {entry.means} | {entry.here} |"
        for entry in entries
    ]


def test_the_page_has_the_rows_of_the_tables_in_their_order_and_no_others() -> None:
    expected = rows(OPTIONS)
    for key in ("rsc-list", "mpi", "P", "llio"):
        expected += rows((*LISTS[key], CUSTOM) if key == "rsc-list" else LISTS[key])
    heads = ("| option |", "| item |", "|---")
    assert [
        line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(heads)
    ] == expected


def test_a_name_means_one_option_and_one_item() -> None:
    names = Counter(name for option in OPTIONS for name in option.names)
    assert set(names.values()) == {1}
    assert set(BY_NAME) == set(names)
    for items in LISTS.values():
        assert set(Counter(name for item in items for name in item.names).values()) == {1}


def test_what_is_kept_is_written_by_an_option_there_is() -> None:
    assert set(KEPT.values()) <= set(BY_NAME)


def test_the_flavour_is_registered_by_its_name() -> None:
    flavour: Flavour = load(FLAVOURS["pjm"])
    assert flavour is FLAVOUR
    assert (flavour.name, flavour.prefix) == ("pjm", "#PJM")
