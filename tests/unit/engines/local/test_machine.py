import os

import msgspec
import pytest

from headgate.engines.local.machine import nodes_of
from headgate.engines.local.options import NodeOptions, Options


def test_without_settings_the_machine_is_one_node_of_every_group() -> None:
    (node,) = nodes_of(Options())
    assert node.name
    assert "." not in node.name
    assert node.cores == os.cpu_count()
    assert node.memory_mb > 0
    assert node.groups == ("ComputeNodes", "HeadNodes", "LinuxNodes")
    assert node.reachable


def test_settings_describe_logical_nodes() -> None:
    options = msgspec.convert(
        {
            "nodes": [
                {"name": "a", "cores": 64, "memory_mb": 100, "gpus": 2, "groups": ["Fast"]},
                {"name": "b"},
            ]
        },
        Options,
    )
    first, second = nodes_of(options)
    assert (first.name, first.cores, first.memory_mb, first.gpus, first.groups) == (
        "a",
        64,
        100,
        2,
        ("Fast",),
    )
    assert 1 <= first.sockets <= first.cores
    assert second.cores == os.cpu_count()
    assert options.nodes[1] == NodeOptions(name="b")


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_uid"):
        msgspec.convert({"max_uid": 3}, Options)
