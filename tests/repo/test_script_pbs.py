"""The page on OpenPBS scripts says what the tables of the flavour say."""

import re
from pathlib import Path

from headgate.scripts.pbs.manners import job_id
from headgate.scripts.pbs.tables import RESOURCES, SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "script-pbs.md").read_text()


def rows(heading: str) -> list[str]:
    """The rows of the table under a heading, without its head."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return [line for line in section.splitlines() if line.startswith("| `")][
        0 if heading == "Options" else 1 :
    ]


def test_the_options_are_those_of_the_table() -> None:
    assert rows("Options") == [
        f"| `{entry.spelling}` | {entry.meaning} | {entry.here} |" for entry in SETTINGS
    ]


def test_the_resources_are_those_of_the_table() -> None:
    assert rows("Resources") == [
        f"| `{entry.name}` | {entry.meaning} | {entry.here} |" for entry in RESOURCES
    ]


def test_the_ids_are_as_they_are_made() -> None:
    for text in (job_id(812, "head1"), job_id(812, "head1", array=True), job_id(812, "head1", 3)):
        assert f"`{text}`" in PAGE
