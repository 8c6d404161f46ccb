"""How much a job needs, and which nodes come into question."""

from typing import Any

import pytest

from headgate.core.model import JobSpec, Node, TaskSpec
from headgate.core.resources import (
    candidates,
    in_groups,
    instance_count,
    job_units,
    node_units,
    uniform_choices,
    units_of,
)
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType

NODES = [
    Node(name="A", cores=4, memory_mb=4000, groups=("Red",)),
    Node(name="b", cores=8, memory_mb=16000, groups=("red", "Blue")),
    Node(name="c", cores=2, memory_mb=8000, groups=("Blue",)),
]


def sweep(count: int, **more: Any) -> TaskSpec:
    return TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=count, **more)


@pytest.mark.parametrize(
    ("unit", "pair"),
    [
        (UnitType.CORE, (1, 2)),
        (UnitType.SOCKET, (3, 4)),
        (UnitType.NODE, (5, 6)),
        (UnitType.GPU, (3, 4)),
    ],
)
def test_only_the_pair_of_the_unit_counts(unit: UnitType, pair: tuple[int, int]) -> None:
    spec = TaskSpec(min_cores=1, max_cores=2, min_sockets=3, max_sockets=4, min_nodes=5, max_nodes=6)
    assert units_of(spec, unit) == pair


def test_a_computed_job_needs_its_largest_task_and_wants_them_all() -> None:
    tasks = [TaskSpec(min_cores=2, max_cores=3), sweep(10, min_cores=1, max_cores=2)]
    assert job_units(JobSpec(min_cores=9, max_cores=9), tasks) == (2, 23)


def test_a_job_that_computes_one_end_says_the_other() -> None:
    tasks = [TaskSpec(min_cores=2, max_cores=3)]
    assert job_units(JobSpec(auto_calculate_min=False, min_cores=5), tasks)[0] == 5
    assert job_units(JobSpec(auto_calculate_max=False, max_cores=7), tasks) == (2, 7)
    both = JobSpec(auto_calculate_min=False, auto_calculate_max=False, min_cores=5, max_cores=7)
    assert job_units(both, tasks) == (5, 7)


def test_node_duties_do_not_count_and_a_job_needs_at_least_one_unit() -> None:
    assert job_units(JobSpec(), [TaskSpec(type=TaskType.NODE_PREP, min_cores=9, max_cores=9)]) == (1, 1)
    assert job_units(JobSpec(), []) == (1, 1)


def test_only_sweeps_have_a_range() -> None:
    assert instance_count(sweep(7)) == 7
    assert instance_count(TaskSpec(start_value=1, end_value=7)) == 0


@pytest.mark.parametrize(
    ("unit", "count"), [(UnitType.CORE, 8), (UnitType.SOCKET, 2), (UnitType.NODE, 1), (UnitType.GPU, 3)]
)
def test_a_node_is_measured_in_the_jobs_unit(unit: UnitType, count: int) -> None:
    assert node_units(Node(name="n", cores=8, sockets=2, gpus=3), unit) == count


@pytest.mark.parametrize(
    ("groups", "op", "names"),
    [
        ((), None, "Abc"),
        (("RED",), None, "Ab"),
        (("Red", "Blue"), None, "b"),
        (("Red", "Blue"), NodeGroupOp.INTERSECT, "b"),
        (("Red", "Blue"), NodeGroupOp.UNION, "Abc"),
        (("Red", "Blue"), NodeGroupOp.UNIFORM, "Abc"),
        (("Green",), NodeGroupOp.UNION, ""),
    ],
)
def test_groups_combine_as_asked(groups: tuple[str, ...], op: NodeGroupOp | None, names: str) -> None:
    assert "".join(node.name for node in NODES if in_groups(node, groups, op)) == names


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, "Abc"),
        ({"requested_nodes": ("a", "C")}, "Ac"),
        ({"excluded_nodes": ("B",)}, "Ac"),
        ({"min_cores_per_node": 3, "max_cores_per_node": 5}, "A"),
        ({"min_memory_mb": 8000}, "bc"),
        ({"max_memory_mb": 8000}, "Ac"),
        ({"estimated_process_memory_mb": 9000}, "b"),
        ({"order_by": "Cores"}, "bAc"),
        ({"order_by": "-Cores"}, "cAb"),
        ({"order_by": "Memory,-Cores"}, "bcA"),
        ({"node_groups": ("blue",), "order_by": "-Memory"}, "cb"),
    ],
)
def test_candidates_are_filtered_and_in_the_order_that_the_job_prefers(
    spec: dict[str, Any], names: str
) -> None:
    assert "".join(node.name for node in candidates(JobSpec(**spec), NODES)) == names


def test_uniform_offers_one_choice_for_each_group_and_others_just_one() -> None:
    uniform = JobSpec(node_groups=("Red", "Blue"), node_group_op=NodeGroupOp.UNIFORM)
    assert [[node.name for node in choice] for choice in uniform_choices(uniform, NODES)] == [
        ["A", "b"],
        ["b", "c"],
    ]
    union = JobSpec(node_groups=("Red", "Blue"), node_group_op=NodeGroupOp.UNION)
    assert uniform_choices(union, NODES) == [NODES]
