"""Which nodes and cores a task gets."""

import asyncio
from typing import Any

import pytest

from headgate.core.model import NodeGroup
from headgate.core.vocabulary import NodeGroupOp, NodeState, UnitType
from headgate.ports.engine import NodeSighting
from headgate.ports.store import Transaction
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic, sweep

RED, BLUE = ("ComputeNodes", "Red"), ("ComputeNodes", "Blue")


async def cluster(*machines: NodeSighting) -> Story:
    """A story on these nodes; n1 to n3, two of them red and two blue, without any."""
    several = machines or (
        node("n1", groups=RED),
        node("n2", groups=("ComputeNodes", "Red", "Blue")),
        node("n3", groups=BLUE, cores=8, memory_mb=65536),
    )
    story = Story(*several)

    def groups(tx: Transaction) -> None:
        tx.put_node_group(NodeGroup("Red"))
        tx.put_node_group(NodeGroup("Blue"))

    await story.store.write(groups)
    await story.begin()
    return story


def nodes_of(story: Story, job: int) -> list[str]:
    """Nodes on which runs of a job were started, in order."""
    return [",".join(run.nodes) for run in story.engine.launches if run.who[0] == job]


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({}, {"n1"}),
        ({"requested_nodes": ("N2", "n3")}, {"n2"}),
        ({"excluded_nodes": ("n1", "N2")}, {"n3"}),
        ({"node_groups": ("red", "BLUE")}, {"n2"}),
        ({"node_groups": ("Red", "Blue"), "node_group_op": NodeGroupOp.INTERSECT}, {"n2"}),
        ({"node_groups": ("Blue",), "node_group_op": NodeGroupOp.UNION}, {"n2"}),
        ({"node_groups": ("Blue",), "excluded_nodes": ("n2",)}, {"n3"}),
        ({"order_by": "Cores"}, {"n3"}),
        ({"order_by": "-Cores"}, {"n1"}),
        ({"order_by": "Memory"}, {"n3"}),
        ({"min_memory_mb": 10_000}, {"n3"}),
        ({"max_memory_mb": 10_000, "excluded_nodes": ("n1",)}, {"n2"}),
        ({"min_cores_per_node": 5}, {"n3"}),
        ({"max_cores_per_node": 4, "requested_nodes": ("n3", "n2")}, {"n2"}),
    ],
)
async def test_a_task_runs_where_its_job_may(spec: dict[str, Any], where: set[str]) -> None:
    story = await cluster()
    job = await story.job(basic("wait"), **spec)
    await story.settle()
    assert set(nodes_of(story, job)) == where
    assert story.the_job(job).nodes == tuple(where)
    story.store.shut()


async def test_union_uses_nodes_of_any_group_and_uniform_of_one() -> None:
    story = await cluster(node("n1", groups=RED), node("n2", groups=BLUE), node("n3", groups=RED))
    union = await story.job(sweep(12, "wait"), node_groups=("Red", "Blue"), node_group_op=NodeGroupOp.UNION)
    await story.settle()
    assert set(nodes_of(story, union)) == {"n1", "n2", "n3"}
    await story.jobs.cancel(ALICE, union)
    await story.settle()
    uniform = await story.job(
        sweep(12, "wait"), node_groups=("Blue", "Red"), node_group_op=NodeGroupOp.UNIFORM
    )
    await story.settle()
    assert set(nodes_of(story, uniform)) == {"n2"}
    await story.advance(2)
    story.engine.end_all()
    await story.settle()
    assert set(nodes_of(story, uniform)) == {"n2"}
    audit(story)
    story.store.shut()


async def test_uniform_takes_another_group_when_the_first_is_full() -> None:
    story = await cluster(node("n1", groups=RED), node("n2", groups=BLUE))
    await story.job(basic("wait", min_cores=4, max_cores=4), requested_nodes=("n1",))
    await story.settle()
    job = await story.job(basic("wait"), node_groups=("Red", "Blue"), node_group_op=NodeGroupOp.UNIFORM)
    await story.settle()
    assert nodes_of(story, job) == ["n2"]
    story.store.shut()


async def test_required_nodes_are_all_used_and_waited_for() -> None:
    story = await cluster()
    blocker = await story.job(basic("wait", min_cores=4, max_cores=4), requested_nodes=("n2",))
    await story.settle()
    job = await story.job(basic("wait", required_nodes=("n1", "N2"), min_cores=1, max_cores=2))
    await story.settle()
    assert nodes_of(story, job) == []
    story.engine.end(blocker)
    await story.settle()
    assert nodes_of(story, job) == ["n1,n2"]
    story.store.shut()


async def test_a_task_with_a_node_group_of_its_own_runs_there() -> None:
    story = await cluster()
    job = await story.job(basic("wait", requested_node_group="blue"))
    await story.settle()
    assert nodes_of(story, job) == ["n2"]
    story.store.shut()


async def test_a_wide_task_spans_nodes_and_a_single_node_job_does_not() -> None:
    story = await cluster(node("n1"), node("n2"))
    wide = await story.job(basic("wait", min_cores=6, max_cores=6))
    await story.settle()
    assert nodes_of(story, wide) == ["n1,n2"]
    (share, other) = story.engine.submitted[-1].placement.shares
    assert (len(share.cores), len(other.cores), share.node_cores) == (4, 2, 4)
    impossible = await story.job(basic(min_cores=6, max_cores=6), single_node=True)
    assert story.state(impossible) == "FAILED"
    await story.jobs.cancel(ALICE, wide)
    await story.settle()
    single = await story.job(sweep(6, "wait"), single_node=True)
    await story.settle()
    assert set(nodes_of(story, single)) == {"n1"}
    story.store.shut()


async def test_a_task_gets_up_to_its_maximum_of_what_is_free(story: Story) -> None:
    job = await story.job(basic("wait", min_cores=1, max_cores=3), basic("wait", min_cores=1, max_cores=3))
    await story.settle()
    assert [len(run.cores) for run in story.engine.live()] == [3, 1]
    assert story.state(job) == "RUNNING"


async def test_a_job_keeps_to_its_maximum_and_to_its_target(story: Story) -> None:
    job = await story.job(sweep(9, "wait"), auto_calculate_max=False, max_cores=3)
    aimed = await story.job(sweep(9, "wait"), target_resource_count=1, priority=3000)
    await story.settle()
    assert [who[0] for who in story.engine.running()] == [job, job, job, aimed]


async def test_a_job_begins_when_its_own_minimum_is_free_at_once(story: Story) -> None:
    first = await story.job(basic("wait", min_cores=2, max_cores=2))
    await story.settle()
    job = await story.job(
        sweep(9, "wait"), auto_calculate_min=False, min_cores=3, auto_calculate_max=False, max_cores=9
    )
    await story.settle()
    assert story.state(job) == "QUEUED"
    story.engine.end(first)
    await story.settle()
    assert len(story.engine.running()) == 4
    # It has begun: from now on it goes on with whatever there is.
    await story.advance(1)
    story.engine.end(job, 1, 1)
    await story.settle()
    assert len(story.engine.running()) == 4


# ---- units


async def test_sockets_come_with_their_cores() -> None:
    story = await cluster(node("n1", cores=8, sockets=2))
    job = await story.job(*[basic("wait", min_sockets=1, max_sockets=1)] * 3, unit_type=UnitType.SOCKET)
    await story.settle()
    assert [len(run.cores) for run in story.engine.live()] == [4, 4]
    assert story.states(job) == ["RUNNING", "RUNNING", "QUEUED"]
    story.store.shut()


async def test_a_job_of_nodes_has_them_whole() -> None:
    story = await cluster(node("n1"), node("n2"), node("n3"))
    small = await story.job(basic("wait"), requested_nodes=("n1",))
    await story.settle()
    job = await story.job(basic("wait", min_nodes=2, max_nodes=2), unit_type=UnitType.NODE)
    await story.settle()
    assert nodes_of(story, job) == ["n2,n3"]
    assert len(story.engine.live()[1].cores) == 8
    more = await story.job(basic("wait"))
    await story.settle()
    assert nodes_of(story, more) == ["n1"]
    assert story.state(small) == "RUNNING"
    story.store.shut()


async def test_gpus_are_counted_on_each_node_of_a_task() -> None:
    story = await cluster(node("n1", gpus=2), node("n2", gpus=2))
    job = await story.job(basic("wait", min_sockets=3, max_sockets=3), unit_type=UnitType.GPU)
    await story.settle()
    assert nodes_of(story, job) == ["n1,n2"]
    one = await story.job(sweep(3, "wait"), unit_type=UnitType.GPU)
    await story.settle()
    assert nodes_of(story, one) == ["n2"]
    await story.restart()
    await story.settle()
    assert nodes_of(story, one) == ["n2"]
    story.engine.end(job)
    await story.settle()
    assert sorted(nodes_of(story, one)) == ["n1", "n2", "n2"]
    story.store.shut()


async def test_cores_without_a_gpu_are_for_others() -> None:
    story = await cluster(node("n1", cores=4, gpus=1))
    await story.job(basic("wait"), unit_type=UnitType.GPU)
    plain = await story.job(sweep(9, "wait"))
    await story.settle()
    assert nodes_of(story, plain) == ["n1"] * 3
    story.store.shut()


# ---- alone


async def test_an_exclusive_job_shares_its_node_with_no_other(story: Story) -> None:
    job = await story.job(basic("wait"), exclusive=True)
    other = await story.job(basic("wait"))
    await story.settle()
    assert story.engine.running() == [(job, 1, 0)]
    alone = await story.job(basic("wait"), exclusive=True)
    story.engine.end(job)
    await story.settle()
    assert story.engine.running() == [(other, 1, 0)]
    story.engine.end(other)
    await story.settle()
    assert story.engine.running() == [(alone, 1, 0)]


async def test_tasks_of_an_exclusive_job_share_its_node(story: Story) -> None:
    job = await story.job(sweep(8, "wait"), exclusive=True)
    await story.settle()
    assert len(story.engine.running()) == 4
    assert story.state(job) == "RUNNING"


async def test_an_exclusive_task_has_the_node_for_itself(story: Story) -> None:
    job = await story.job(basic("wait"), basic("wait", exclusive=True), basic("wait"), exclusive=True)
    await story.settle()
    assert story.states(job) == ["RUNNING", "QUEUED", "RUNNING"]
    story.engine.end_all()
    await story.settle()
    assert story.states(job)[1] == "RUNNING"
    assert len(story.engine.live()[0].cores) == 4


# ---- memory, and nodes that come and go


async def test_memory_is_shared_out_by_what_jobs_expect() -> None:
    story = await cluster(node("n1", cores=8, memory_mb=1000))
    job = await story.job(sweep(9, "wait"), estimated_process_memory_mb=400)
    await story.settle()
    assert len(nodes_of(story, job)) == 2
    story.engine.end(job, 1, 1)
    await story.settle()
    assert len(nodes_of(story, job)) == 3
    other = await story.job(basic("wait"))
    await story.settle()
    assert len(nodes_of(story, other)) == 1
    never = await story.job(basic(), estimated_process_memory_mb=1001)
    assert story.state(never) == "FAILED"
    story.store.shut()


async def test_a_draining_node_takes_nothing_new_and_is_offline_when_it_is_empty(story: Story) -> None:
    job = await story.job(sweep(5, "wait"))
    await story.settle()
    await story.nodes.set_state(ADMIN, "N1", NodeState.OFFLINE)
    assert story.nodes.get(ADMIN, "n1").state is NodeState.DRAINING
    story.engine.end(job, 1, 1)
    await story.settle()
    assert len(story.engine.running()) == 3
    story.engine.end_all()
    await story.settle()
    assert story.nodes.get(ADMIN, "n1").state is NodeState.OFFLINE
    assert story.the_job(job).live == 0
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.settle()
    assert story.engine.running() == [(job, 1, 5)]


async def test_an_idle_node_goes_offline_at_once_and_a_busy_one_can_be_called_back(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    assert story.nodes.get(ADMIN, "n1").state is NodeState.OFFLINE
    job = await story.job(sweep(5, "wait"))
    await story.settle()
    assert story.state(job) == "QUEUED"
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    story.engine.end(job, 1, 1)
    await story.settle()
    assert len(story.engine.running()) == 4


async def test_a_node_taken_offline_in_the_commit_of_a_cycle_gets_nothing_from_it(story: Story) -> None:
    """The cycle is asked for before the dispatcher hears of the change, and comes behind it."""
    job = await story.job(basic("wait"))
    off = story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await asyncio.gather(off, story.dispatcher.turn())
    assert story.nodes.get(ADMIN, "n1").state is NodeState.OFFLINE
    await story.settle()
    assert (story.state(job), story.engine.launches) == ("QUEUED", [])


async def test_a_node_the_engine_no_longer_has_is_unreachable_and_comes_back() -> None:
    story = await cluster(node("n1"), node("n2"))
    story.engine.machines = [node("n2")]
    await story.restart()
    assert [one.reachable for one in story.nodes.list(ADMIN)] == [False, True]
    job = await story.job(sweep(9, "wait"))
    await story.settle()
    assert set(nodes_of(story, job)) == {"n2"}
    story.engine.machines = [node("n1"), node("n2", cores=2)]
    await story.restart()
    await story.settle()
    assert set(nodes_of(story, job)) == {"n1", "n2"}
    story.store.shut()
