"""Partitions as queues."""

from typing import Any

import pytest

from headgate.engines.slurm.commands.scontrol import Partition
from headgate.engines.slurm.queues import queues
from headgate.ports.engine import QueueSighting


def partition(name: str, **changes: Any) -> Partition:
    said: dict[str, Any] = {
        "name": name,
        "state": "UP",
        "default": False,
        "hidden": False,
        "nodes": "n1",
        "node_count": 1,
        "cores": 1,
        "wall_time_s": None,
        "default_wall_time_s": None,
        "most_nodes": None,
        "priority": 1,
    }
    return Partition(**(said | changes))


def seen(*partitions: Partition, default: str = "", **mapped: str) -> dict[str, QueueSighting]:
    return {one.name: one for one in queues(partitions, mapped, default, privileged=False)}


def test_a_partition_is_a_queue_with_its_limits() -> None:
    found = seen(partition("a", default=True, wall_time_s=3600, default_wall_time_s=60), partition("b"))
    assert found == {
        "a": QueueSighting(name="a", default=True, most_s=3600, usual_s=60),
        "b": QueueSighting(name="b"),
    }


@pytest.mark.parametrize(
    ("state", "enabled", "started"),
    [("UP", True, True), ("DOWN", True, False), ("DRAIN", False, True), ("INACTIVE", False, False)],
)
def test_its_state_says_whether_it_takes_and_starts_jobs(state: str, enabled: bool, started: bool) -> None:
    one = seen(partition("a", state=state))["a"]
    assert (one.enabled, one.started) == (enabled, started)


def test_a_state_that_nobody_knows_closes_it() -> None:
    one = seen(partition("a", state="BROKEN"))["a"]
    assert (one.enabled, one.started) == (False, False)


def test_a_mapped_queue_has_the_limits_of_its_partition_even_under_the_name_of_another() -> None:
    found = seen(partition("a"), partition("b", wall_time_s=60), short="b", A="b", lost="nowhere")
    assert {name: one.most_s for name, one in found.items()} == {"short": 60, "A": 60, "b": 60}


def test_the_default_is_the_one_of_the_settings_before_that_of_the_cluster() -> None:
    both = (partition("a", default=True), partition("b"))
    assert [name for name, one in seen(*both, default="b").items() if one.default] == ["b"]
    mapped = seen(partition("a", default=True, hidden=True), x="a")
    assert [name for name, one in mapped.items() if one.default] == ["x"]


def test_hidden_partitions_are_no_queues_and_roots_are_closed_to_others() -> None:
    assert not seen(partition("a", hidden=True))
    root = partition("r", root_only=True)
    assert not seen(root)["r"].enabled
    assert queues([root], {}, "", privileged=True)[0].enabled
