"""engines/slurm/ordering.py: our normal form as options of sbatch."""

from typing import Any

import pytest

from headgate.core.model import Chunk, JobSpec, Node, TaskSpec
from headgate.core.vocabulary import Arrangement, NodeGroupOp, Sharing, UnitType
from headgate.engines.slurm.chunks import MIB, CannotOrder, Memory
from headgate.engines.slurm.commands.sbatch import Component
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.ordering import Known, array, options
from headgate.engines.slurm.sockets import Sockets
from headgate.ports.engine import Order

NODES = (
    Node(name="n1", cores=4, memory_mb=4096, groups=("ComputeNodes", "batch", "fast")),
    Node(name="n2", cores=4, memory_mb=8192, groups=("ComputeNodes", "batch")),
    Node(name="n3", cores=8, memory_mb=8192, groups=("ComputeNodes", "big")),
)
KNOWN = Known(
    partitions=frozenset({"batch", "big"}), nodes=NODES, features=frozenset({"fast"}), privileged=True
)


def asked(
    job: dict[str, Any] | None = None,
    task: dict[str, Any] | None = None,
    known: Known = KNOWN,
    settings: Options = Options(),  # noqa: B008  a frozen value
    **more: Any,
) -> dict[str, Any]:
    order = Order(job_id=1, owner="ann", job=JobSpec(**(job or {})), task=TaskSpec(**(task or {})), **more)
    found = options(order, known, settings)
    return {name: value for name, value in found.items() if value not in (None, "")}


def test_a_plain_task_is_so_many_cores() -> None:
    assert asked(task={"min_cores": 3, "max_cores": 5}) == {
        "name": "headgate", "tasks": 3, "cpus_per_task": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("job", "task", "expected"),
    [
        (
            {"unit_type": UnitType.NODE},
            {"min_nodes": 2, "max_nodes": 3},
            {"nodes": (2, 3), "exclusive": True},
        ),
        ({"unit_type": UnitType.GPU}, {"min_sockets": 2}, {"gres": "gpu:2", "nodes": (1, 1)}),
        ({"single_node": True}, {"min_cores": 4}, {"tasks": 4, "nodes": (1, 1)}),
        ({"exclusive": True}, {}, {"exclusive": True}),
        ({}, {"sharing": Sharing.SHARED}, {"oversubscribe": True}),
        ({"estimated_process_memory_mb": 100}, {}, {"memory_mb": 100}),
        ({"account": "acc"}, {}, {"account": "acc"}),
        ({"name": "a\nb"}, {}, {"name": "a_b"}),
        ({"flavour": "slurm", "options": {"qos": "long"}}, {}, {"qos": "long"}),
        ({"software_license": ("matlab:2", "ansys:1")}, {}, {"licenses": "matlab:2,ansys:1"}),
        ({"flavour": "slurm", "software_license": ("a@db:1;b",)}, {}, {"licenses": "a@db:1;b"}),
    ],
)
def test_what_a_job_asks_for(job: dict[str, Any], task: dict[str, Any], expected: dict[str, Any]) -> None:
    found = asked(job, task)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("chunk", "arrangement", "expected"),
    [
        (Chunk(count=2, cores=4, ranks=2), Arrangement.FREE, {"tasks": 4, "cpus_per_task": 2}),
        (
            Chunk(count=2, cores=4, memory=8 * MIB),
            Arrangement.SCATTER,
            {"nodes": (2, 2), "tasks_per_node": 1, "cpus_per_task": 4, "memory_mb": 8},
        ),
        (Chunk(count=2, cores=4, memory=8 * MIB), Arrangement.FREE, {"memory_per_cpu_mb": 2}),
        (Chunk(count=2, cores=2), Arrangement.PACK, {"tasks": 2, "cpus_per_task": 2, "nodes": (1, 1)}),
        (Chunk(count=3, cores=0), Arrangement.FREE, {"nodes": (3, 3), "exclusive": True}),
        (Chunk(count=1, cores=1, gpus=2), Arrangement.FREE, {"gres": "gpu:2"}),
        (Chunk(features=("fast", "big")), Arrangement.FREE, {"constraint": "fast&big"}),
        (Chunk(host="N2"), Arrangement.FREE, {"only_nodes": ("n2",)}),
    ],
)
def test_chunks(chunk: Chunk, arrangement: Arrangement, expected: dict[str, Any]) -> None:
    found = asked(task={"chunks": (chunk,), "arrangement": arrangement})
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("job", "left_out"),
    [
        ({"requested_nodes": ("N2",)}, ("n1", "n3")),
        ({"excluded_nodes": ("n3",)}, ("n3",)),
        ({"node_groups": ("batch",)}, ("n3",)),
        ({"node_groups": ("batch", "fast")}, ("n2", "n3")),
        ({"node_groups": ("fast", "big"), "node_group_op": NodeGroupOp.UNION}, ("n2",)),
        ({"min_memory_mb": 5000}, ("n1",)),
        ({"min_cores_per_node": 5}, ("n1", "n2")),
    ],
)
def test_whatever_is_said_of_nodes_leaves_out_those_that_do_not_fit(
    job: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    assert asked(job)["not_nodes"] == left_out


def test_a_queue_is_the_partition_of_its_name_unless_it_is_mapped() -> None:
    settings = Options(partitions={"normal": "batch"}, default_partition="dflt")
    for queue, partition in (("Normal", "batch"), ("BIG", "big"), ("other", "dflt"), ("", "dflt")):
        assert asked({"queue": queue}, settings=settings)["partition"] == partition
    assert "partition" not in asked({"queue": "other"})


@pytest.mark.parametrize(
    ("priority", "privileged", "nice"),
    [(2000, True, None), (4000, True, -2000), (0, True, 2000), (4000, False, None), (1000, False, 1000)],
)
def test_a_priority_is_a_nice_value(priority: int, privileged: bool, nice: int | None) -> None:
    assert asked({"priority": priority}, known=Known(privileged=privileged)).get("nice") == nice


@pytest.mark.parametrize(("wall", "asked_for"), [(None, None), (1, 60), (60, 60), (60.5, 120), (3600, 3600)])
def test_a_wall_time_is_whole_minutes(wall: float | None, asked_for: int | None) -> None:
    assert asked(wall_time_s=wall).get("wall_time_s") == asked_for


def test_a_project_is_an_account_only_where_the_settings_say_so() -> None:
    assert "account" not in asked({"project": "p"})
    assert asked({"project": "p"}, settings=Options(accounts={"p": "acc"}))["account"] == "acc"


@pytest.mark.parametrize(
    ("job", "task"),
    [
        ({"requested_nodes": ("n1", "n2")}, {"chunks": (Chunk(), Chunk(cores=2), Chunk(cores=3))}),
        ({}, {"chunks": (Chunk(), Chunk(cores=2)), "required_nodes": ("n1",)}),
        ({}, {"chunks": (Chunk(host="n1"), Chunk(cores=2, host="N1"), Chunk(cores=3))}),
        ({}, {"chunks": (Chunk(count=2), Chunk(count=2, cores=2)), "arrangement": Arrangement.SCATTER}),
        ({}, {"chunks": (Chunk(count=2, cores=0), Chunk(count=2, cores=0, gpus=1))}),
        ({}, {"chunks": (Chunk(cores=0, memory=MIB), Chunk(count=2, memory=MIB))}),
        ({}, {"chunks": (Chunk(count=2, max_count=3), Chunk(cores=2))}),
        (
            {"node_groups": ("fast", "big"), "node_group_op": NodeGroupOp.UNIFORM},
            {"chunks": (Chunk(), Chunk(cores=2))},
        ),
        ({"single_node": True}, {"chunks": (Chunk(host="n1"), Chunk(cores=2, host="n2"))}),
        ({"single_node": True}, {"chunks": (Chunk(), Chunk(cores=0))}),
        ({"single_node": True}, {"chunks": (Chunk(), Chunk(max_count=2, cores=2))}),
        ({"unit_type": UnitType.SOCKET, "queue": "none"}, {}),
        ({"unit_type": UnitType.SOCKET}, {"required_nodes": ("n1", "n3")}),
        ({"software_license": ("math lab:1",)}, {}),
        ({"software_license": ("a;b:1",)}, {}),
        ({}, {"chunks": (Chunk(features=("a|b",)),)}),
        ({"node_groups": ("batch", "big"), "node_group_op": NodeGroupOp.UNIFORM}, {}),
        ({"requested_nodes": ("nowhere",)}, {}),
        ({}, {"chunks": (Chunk(count=2, gpus=1),)}),
    ],
)
def test_what_slurm_cannot_do_is_refused(job: dict[str, Any], task: dict[str, Any]) -> None:
    with pytest.raises(CannotOrder):
        asked(job, task)


ALIKE = Known(
    partitions=frozenset({"batch", "big"}),
    default_partition="batch",
    nodes=NODES,
    sockets={"n1": Sockets(2, 2, 2), "n2": Sockets(2, 2, 2), "n3": Sockets(2, 4, 4)},
)


def test_sockets_are_tasks_of_all_their_cores_each_on_one() -> None:
    job = {"unit_type": UnitType.SOCKET}
    assert asked(job, {"min_sockets": 3, "max_sockets": 4}, ALIKE) == {
        "name": "headgate",
        "tasks": 3,
        "cpus_per_task": 2,
        "tasks_per_socket": 1,
        "cores_per_socket": 2,
        "not_nodes": ("n3",),
    }
    found = asked(job | {"queue": "big", "single_node": True}, {"min_sockets": 2}, ALIKE)
    assert (found["cpus_per_task"], found["not_nodes"], found["nodes"]) == (4, ("n1", "n2"), (1, 1))
    found = asked(job, {"required_nodes": ("N1",)}, ALIKE)
    assert (found["only_nodes"], found["not_nodes"]) == (("n1",), ("n3",))


def test_sockets_of_nodes_that_are_not_in_the_partition_are_refused() -> None:
    with pytest.raises(CannotOrder, match="equally many cores: n1, n3 are not"):
        asked({"unit_type": UnitType.SOCKET}, {"required_nodes": ("n1", "n3")}, ALIKE)
    with pytest.raises(CannotOrder, match="whole sockets"):
        asked({"unit_type": UnitType.SOCKET, "requested_nodes": ("n3",)}, known=ALIKE)


@pytest.mark.parametrize(
    ("count", "at_once", "expected"), [(1, 0, ""), (5, 0, "0-4"), (5, 2, "0-4%2"), (5, 5, "0-4")]
)
def test_an_array_counts_from_zero(count: int, at_once: int, expected: str) -> None:
    assert array(count, at_once) == expected


TWO = (Chunk(cores=4, ranks=2, features=("fast",)), Chunk(count=2, host=""))


def test_each_kind_of_chunks_is_a_component_in_the_order_asked() -> None:
    job = {"software_license": ("matlab",), "excluded_nodes": ("n3",), "exclusive": True}
    found = asked(job, {"chunks": TWO})
    assert found == {
        "name": "headgate",
        "licenses": "matlab",
        "nodes": (1, 1),
        "tasks": 2,
        "cpus_per_task": 2,
        "constraint": "fast",
        "exclusive": True,
        "not_nodes": ("n3",),
        "beside": (Component(tasks=2, cpus_per_task=1, exclusive=True, not_nodes=("n3",)),),
    }


def test_scattered_kinds_have_each_chunk_on_a_node_of_its_own() -> None:
    kinds = (Chunk(cores=2), Chunk(count=2, max_count=4, cores=1))
    found = asked(task={"chunks": kinds, "arrangement": Arrangement.SCATTER})
    assert (found["nodes"], found["tasks_per_node"], found["cpus_per_task"]) == ((1, 1), 1, 2)
    assert found["beside"] == (Component(nodes=(2, 4), tasks_per_node=1, cpus_per_task=1),)


@pytest.mark.parametrize(
    ("job", "arrangement", "kinds"),
    [
        ({}, Arrangement.PACK, TWO),
        ({"single_node": True}, Arrangement.FREE, TWO),
        ({"requested_nodes": ("n1",)}, Arrangement.FREE, TWO),
        ({"queue": "big"}, Arrangement.FREE, TWO),
    ],
)
def test_kinds_that_are_all_on_one_node_are_one_request_for_their_sum(
    job: dict[str, Any], arrangement: Arrangement, kinds: tuple[Chunk, ...]
) -> None:
    found = asked(job, {"chunks": kinds, "arrangement": arrangement})
    assert "beside" not in found
    assert (found["nodes"], found["tasks"], found["cpus_per_task"]) == ((1, 1), 4, 1)
    assert (found["cores_of_node"], found["constraint"]) == (6, "fast")


def test_on_one_node_memory_and_gpus_are_added_up_and_a_host_is_named_once() -> None:
    kinds = (
        Chunk(count=2, cores=1, memory=MIB + 1, gpus=1, host="n2"),
        Chunk(memory=0, cores=1, gpus=2, host="N2"),
    )
    found = asked(task={"chunks": kinds})
    assert (found["memory_mb"], found["gres"], found["only_nodes"]) == (3, "gpu:4", ("n2",))
    assert "cores_of_node" not in found


ONE, MORE = Chunk(cores=2, memory=4 * MIB), Chunk(count=2, cores=1)
MUCH = Chunk(count=2, cores=2, memory=4 * MIB)


@pytest.mark.parametrize(
    ("kinds", "usual", "first", "second"),
    [
        ((ONE, MORE), Memory(), (4, None), (0, None)),
        ((MORE, ONE), Memory(), (0, None), (4, None)),
        ((ONE, MORE), Memory(7), (4, None), (7, None)),
        ((ONE, MORE), Memory(7, by_core=True), (None, 2), (None, 7)),
        ((ONE, MUCH), Memory(), (None, 2), (None, 2)),
        ((MUCH, MORE), Memory(), (None, 2), (None, 0)),
        ((MORE, Chunk(cores=2)), Memory(7), (None, None), (None, None)),
    ],
)
def test_where_one_kind_says_its_memory_all_do_and_in_the_same_way(
    kinds: tuple[Chunk, ...], usual: Memory, first: tuple[Any, Any], second: tuple[Any, Any]
) -> None:
    known = Known(nodes=NODES, default_partition="batch", memory={"batch": usual})
    found = asked(task={"chunks": kinds}, known=known)
    (other,) = found["beside"]
    assert (found.get("memory_mb"), found.get("memory_per_cpu_mb")) == first
    assert (other.memory_mb, other.memory_per_cpu_mb) == second


def test_memory_of_nodes_and_of_cores_that_can_not_be_told_in_one_way_is_refused() -> None:
    with pytest.raises(CannotOrder, match="scatter them"):
        asked(task={"chunks": (MUCH, MORE)}, known=Known(memory={"": Memory(7)}))


def test_a_cluster_that_never_starts_jobs_of_several_components_is_not_given_any() -> None:
    with pytest.raises(CannotOrder, match="sched/backfill"):
        asked(task={"chunks": TWO}, known=Known(together=False))
    assert "beside" not in asked(task={"chunks": TWO[:1]}, known=Known(together=False))
