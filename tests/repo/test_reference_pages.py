"""The reference pages of the faces tell of every operation, once, and of no other."""

from collections.abc import Callable, Sequence

import pytest

from headgate.dialects.hpcpack.operations import operations as newer
from headgate.dialects.nifcloud.operations import operations as nifcloud
from headgate.dialects.nifcloud.options import Options as HpcRestOptions
from headgate.dialects.soca.operations import operations as soca
from headgate.dialects.soca.options import Options
from headgate.formats.routing import Addressed
from tests.compliance.hpcpack.world import World
from tests.compliance.nifcloud.world import World as HpcRestWorld
from tests.compliance.soca.world import World as SocaWorld
from tests.compliance.windowshpc.world import Legacy
from tests.compliance.windowshpc.world import every_operation as legacy
from tests.reference import FAILS, PAGES

FACES: dict[str, Callable[[], Sequence[Addressed]]] = {
    "hpc": lambda: newer(World().context),
    "WindowsHPC": lambda: legacy(Legacy()),
    "jobs": lambda: nifcloud(HpcRestWorld(HpcRestOptions()).context),
    "api": lambda: soca(SocaWorld(Options()).context),
}


def test_there_is_a_page_for_each_face() -> None:
    assert {page.face for page in PAGES} == set(FACES)


@pytest.mark.parametrize("face", FACES)
def test_the_pages_of_a_face_have_a_row_for_every_operation(face: str) -> None:
    rows = [row for page in PAGES if page.face == face for row in page.rows if "?" not in row.path]
    told = sorted((row.method, row.path) for row in rows)
    assert told == sorted((one.method, one.path) for one in FACES[face]())


def test_states_are_words_with_a_meaning() -> None:
    assert {row.state for page in PAGES for row in page.rows} <= {"works", *FAILS}
