"""formats/routing.py: spec hpcpack-2016, section 1."""

import pytest
from msgspec import Struct

from headgate.formats.routing import Router


class Thing(Struct, frozen=True):
    method: str
    path: str


NODES, NODE, GROUPS, GROUP, MAKE = (
    Thing("GET", "/nodes"),
    Thing("GET", "/nodes/{name}"),
    Thing("GET", "/nodes/groups"),
    Thing("GET", "/nodes/groups/{name}"),
    Thing("POST", "/nodes"),
)
ROUTER = Router([NODES, NODE, GROUPS, GROUP, MAKE])


@pytest.mark.parametrize(
    ("path", "thing", "values"),
    [
        ("/nodes", NODES, []),
        ("nodes", NODES, []),
        ("/NODES/", NODES, []),
        ("///nodes", NODES, []),
        ("/nodes/Big", NODE, ["Big"]),
        ("/nodes/groups", GROUPS, []),
        ("/nodes/GROUPS", GROUPS, []),
        ("/Nodes//Groups//A b", GROUP, ["A b"]),
        ("/nodes/groups/groups", GROUP, ["groups"]),
        ("/nodes/..", NODE, [".."]),
    ],
)
def test_paths(path: str, thing: Thing, values: list[str]) -> None:
    found = ROUTER.find(path)
    assert found is not None
    assert found[0]["GET"] is thing
    assert found[1] == values


@pytest.mark.parametrize("path", ["", "/", "/node", "/nodes/a/b", "/nodes/groups/a/b", "/ｎodes"])
def test_there_is_nothing_elsewhere(path: str) -> None:
    assert ROUTER.find(path) is None


def test_a_place_knows_its_methods() -> None:
    found = ROUTER.find("/nodes")
    assert found is not None
    assert found[0] == {"GET": NODES, "POST": MAKE}


def test_two_operations_at_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="two operations at GET"):
        Router([NODE, Thing("GET", "/Nodes/{id}")])
