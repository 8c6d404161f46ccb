"""dialects/hpcpack/operations.py: the page about 2019 tells of every operation it added, and of no other."""

import re
from pathlib import Path

from headgate.dialects.hpcpack.operations import added_in_2019
from tests.compliance.hpcpack.world import World

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "hpcpack-2019.md"
ROW = re.compile(r"^\| `([A-Z]+) (\S+)` \| works \| [^|]* \| `[^|]*curl [^|]*` \|$", re.MULTILINE)


def test_the_page_has_a_row_with_a_curl_line_for_every_operation() -> None:
    told = ROW.findall(PAGE.read_text())
    known = [(one.method, one.path) for one in added_in_2019(World().context)]
    assert sorted(told) == sorted([*known, ("GET", "/jobs?nodeNames")])
