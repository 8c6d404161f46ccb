"""The page of properties says what the registries say."""

import re
from pathlib import Path

import pytest

from headgate.core.properties import JOB, TASK, Moment, Property, Registry

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "properties.md").read_text()
WORDS = {Moment.CREATE: "create", Moment.ADD: "add", Moment.SET: "set", Moment.SUBMIT: "submit"}
UNLISTED, NO_EFFECT = "°", "(†)"


def rows(section: str) -> list[list[str]]:
    """The cells of the one table of a section."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    found = next(part for part in text if part.startswith(section + "\n"))
    lines = [line for line in found.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def row(entry: Property) -> tuple[str, str, bool]:
    moments = ", ".join(word for moment, word in WORDS.items() if moment in entry.moments)
    return f"`{entry.name}`" + ("" if entry.listed else f" {UNLISTED}"), moments, bool(entry.no_effect)


@pytest.mark.parametrize(("section", "registry"), [("Jobs", JOB), ("Tasks", TASK)])
def test_every_property_has_its_row_in_the_published_order(section: str, registry: Registry) -> None:
    found = [(name, moments, NO_EFFECT in here) for name, moments, here in rows(section)]
    assert found == [row(entry) for entry in registry]


def test_the_page_lists_what_cannot_work_and_why() -> None:
    found = [(name.strip("`"), why) for name, why in rows("What cannot work here")]
    assert found == [(entry.name, entry.no_effect) for r in (JOB, TASK) for entry in r if entry.no_effect]
