"""The reference pages that tell of operations: which there are, and what they say.

A page belongs to a face by the address in its first block of commands (`url=http://…/hpc`); a face may have
several pages. A row is: operation, state, how it differs, a line that was really run. An operation with a
parameter behind it (`GET /jobs?nodeNames`) is about that alone.
"""

import re
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_ROW = re.compile(r"^\| `([A-Z]+) (\S+)` \| (\w+) \| [^|]* \| `([^|]*curl [^|]*)` \|$", re.MULTILINE)
_LIKE_A_ROW = re.compile(r"^\| `[A-Z]+ /", re.MULTILINE)
_URL = re.compile(r"^url=http://[^/]+/(\S+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FAILS = frozenset({"missing", "refused"})
"""States in which a line is answered by a refusal."""


class Row(Struct, frozen=True):
    """One row of the table of operations."""

    method: str
    path: str
    state: str
    line: str


class Page(Struct, frozen=True):
    """See the module. setting_up: the commands before the table; more: the lines of later blocks."""

    name: str
    face: str
    setting_up: str
    rows: list[Row]
    more: list[str]


def page(file: Path) -> Page | None:
    """What a page says; None for one that is about something else."""
    text = file.read_text()
    url = _URL.search(text)
    if url is None:
        return None
    rows = [Row(*found) for found in _ROW.findall(text)]
    assert len(rows) == len(_LIKE_A_ROW.findall(text)), f"{file.name} has a row that is not like the others"
    setting_up, *blocks = _BLOCK.findall(text)
    more = [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]
    return Page(file.stem, url[1], setting_up, rows, more)


PAGES = [found for file in sorted(FOLDER.glob("*.md")) if (found := page(file)) is not None]
