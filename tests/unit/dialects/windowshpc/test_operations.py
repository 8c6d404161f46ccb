"""dialects/windowshpc/operations.py: the reference page tells of every operation, and of no other."""

import re
from pathlib import Path

from headgate.dialects.windowshpc.operations import operations
from tests.compliance.hpcpack.world import World

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "windowshpc.md"
ROW = re.compile(r"^\| `([A-Z]+) (\S+)` \| (\w+) \| [^|]* \| `curl [^|]*` \|$", re.MULTILINE)


def test_the_page_has_a_row_with_a_curl_line_for_every_operation() -> None:
    told = {(method, path): state for method, path, state in ROW.findall(PAGE.read_text())}
    known = {(one.method, one.path): one.session for one in operations(World().context)}
    assert told == {place: "missing" if session else "works" for place, session in known.items()}


def test_operations_that_require_a_version() -> None:
    """Spec windowshpc, section 1.2."""
    required = {one.path for one in operations(World().context) if one.versioned and not one.session}
    assert required == {"/Clusters", "/Nodes", "/Node/{name}", "/NodeGroups", "/NodeGroup/{name}"}
