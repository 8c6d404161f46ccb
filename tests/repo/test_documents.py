"""The documents: decision records, the changelog, and links that lead somewhere."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names that headings of a page are linked by."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_decision_number_is_used_once() -> None:
    numbers = Counter(path.name[:4] for path in DECISIONS)
    assert numbers
    assert not [number for number, times in numbers.items() if times > 1]


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.name)
def test_a_decision_record_is_named_by_its_number_and_listed(record: Path) -> None:
    number = record.name[:4]
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", record.name)
    assert record.read_text().startswith(f"# {number} ")
    assert f"({record.name})" in (DOCS / "decisions" / "index.md").read_text()


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for found in LINK.finditer(FENCE.sub("", page.read_text())):
        target, _, anchor = found["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (page.parent / target).resolve() if target else page
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            broken.append(found["target"])
    assert not broken


def test_a_page_is_listed_in_the_index_of_its_folder() -> None:
    pages = [page for page in DOCS.rglob("*.md") if page.name != "index.md"]
    indices = {folder: (folder / "index.md").read_text() for folder in {page.parent for page in pages}}
    missing = [str(page.relative_to(ROOT)) for page in pages if f"({page.name})" not in indices[page.parent]]
    assert not missing, missing
