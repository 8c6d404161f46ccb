"""cli/queues.py: what the options of `queue add` and `queue set` make of a queue."""

from typing import Any

import pytest

from headgate.cli.queues import changes
from headgate.core.errors import BadRequest
from headgate.core.model import Queue, QueueDefaults, QueueLimits

NOTHING: dict[str, Any] = dict.fromkeys(
    [
        "description",
        "priority",
        "allow_user",
        "deny_user",
        "allow_group",
        "deny_group",
        "give",
        "least",
        "most",
        "max_running",
        "max_running_per_user",
        "max_queued_per_user",
        "max_nodes_running",
        "restrict",
        "allow_type",
        "exclude_type",
    ]
) | {"default": False}
FULL = Queue(
    name="q",
    allowed_users=("ann",),
    maxima=QueueLimits(runtime_s=60, nodes=2),
    defaults=QueueDefaults(runtime_s=30, resources={"fpga": "1"}),
    max_running=5,
)


def made(**said: Any) -> Queue:
    return changes({**NOTHING, **said})(FULL)


def test_what_is_not_named_stays() -> None:
    assert made() == FULL


def test_a_list_takes_the_place_of_the_present_one_and_amounts_are_merged() -> None:
    queue = made(
        allow_user=["bob", "cy", "bob"], most=["nodes=4"], give=["fpga=2", "mem=1kb"], max_running="0"
    )
    assert queue.allowed_users == ("bob", "cy")
    assert queue.maxima == QueueLimits(runtime_s=60, nodes=4)
    assert queue.defaults == QueueDefaults(runtime_s=30, memory=1024, resources={"fpga": "2"})
    assert queue.max_running == 0


def test_none_takes_away() -> None:
    queue = made(allow_user=["none"], most=["nodes=none"], give=["walltime=none"], max_running="none")
    assert queue == Queue(
        name="q", maxima=QueueLimits(runtime_s=60), defaults=QueueDefaults(resources={"fpga": "1"})
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"most": ["walltime"]}, "is not NAME=VALUE"),
        ({"most": ["wall=1"]}, "is nothing that a queue limits"),
        ({"give": ["ncpus=2"]}, "no default for ncpus"),
        ({"max_running": "-1"}, "--max-running is a whole number or none"),
        ({"max_queued_per_user": "many"}, "--max-queued-per-user is a whole number or none"),
    ],
)
def test_what_can_not_be_understood_is_refused_by_name(said: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        made(**said)
