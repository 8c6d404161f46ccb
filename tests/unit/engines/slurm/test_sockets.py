"""engines/slurm/sockets.py: whole sockets by their cores, of nodes that are alike."""

import pytest

from headgate.engines.slurm.sockets import Sockets, alike, fields, of_node

TWO, FOUR = Sockets(2, 2, 2), Sockets(2, 4, 4)
KNOWN = {"a": TWO, "b": TWO, "c": FOUR, "wide": Sockets(3, 4, 4)}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ((4, 2, 2), Sockets(2, 2, 2)),
        ((8, 2, 2), Sockets(2, 4, 2)),  # each core has two threads
        ((4, 1, 4), Sockets(1, 4, 4)),
        ((5, 2, 2), None),
        ((1, 2, 1), None),
        ((4, 0, 4), None),
        ((4, 2, 0), None),
    ],
)
def test_a_node_has_whole_sockets_or_none(said: tuple[int, int, int], found: Sockets | None) -> None:
    assert of_node(*said) == found


@pytest.mark.parametrize(
    ("nodes", "required", "single", "expected"),
    [
        ("a b", "", False, "a b"),
        ("a b c", "", False, "a b"),  # four against two
        ("a b wide", "", True, "wide"),  # three on one node against two
        ("a b c wide", "", False, "c wide"),
        ("a c", "", False, "c"),  # as many, and larger ones
        ("a b c wide", "a", False, "a b"),
        ("a b c", "a c", False, ""),
        ("a b", "c", False, ""),
        ("unknown", "", False, ""),
        ("a unknown", "", False, "a"),
    ],
)
def test_nodes_that_are_alike_and_have_most(nodes: str, required: str, single: bool, expected: str) -> None:
    found = alike(nodes.split(), KNOWN, required=required.split(), single=single)
    assert found == frozenset(expected.split())


def test_a_socket_is_a_task_of_all_its_cpus() -> None:
    assert fields(3, Sockets(2, 4, 2)) == {
        "tasks": 3, "tasks_per_socket": 1, "cpus_per_task": 4, "cores_per_socket": 2,
    }  # fmt: skip
