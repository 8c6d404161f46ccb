"""service/nodes.py and operations.py: what is done to nodes is noted, and ends when it is done."""

import pytest

from headgate.core.errors import NotFound, NotPermitted, NotSupported
from headgate.core.operations import Operation, OperationState, Severity
from headgate.core.vocabulary import NodeState
from headgate.ports.engine import NodeSighting
from headgate.service.nodes import OWN_SCHEDULER, Nodes
from headgate.service.operations import Operations
from tests.unit.dispatcher.story import ADMIN, ALICE, OPERATOR, Story, basic


async def log(story: Story) -> list[Operation]:
    """Every operation, the latest first."""
    return list(await Operations(story.store).list(ALICE, after=None, before=None, nodes=None))


async def test_a_free_node_is_offline_at_once(story: Story) -> None:
    await story.nodes.set_state(OPERATOR, "N1", NodeState.OFFLINE)
    (one,) = await log(story)
    assert (one.name, one.node, one.operator) == ("Take node offline", "n1", "olga")
    assert one.state is OperationState.COMMITTED
    assert one.changed == one.entries[0].at
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    latest, _ = await log(story)
    assert (latest.name, latest.state) == ("Bring node online", OperationState.COMMITTED)


async def test_a_busy_node_is_being_taken_offline_until_what_runs_there_has_ended(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.settle()
    (one,) = await log(story)
    assert (one.state, len(one.entries)) == (OperationState.EXECUTING, 1)
    story.engine.end(job)
    await story.advance(1)
    assert story.nodes.get(ALICE, "n1").state is NodeState.OFFLINE
    (done,) = await log(story)
    assert (done.id, done.state) == (one.id, OperationState.COMMITTED)
    assert [entry.message for entry in done.entries][1:] == ["Node n1 is offline."]
    assert done.changed > one.changed


async def test_it_ends_after_a_restart_too(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.restart()
    story.engine.end(job)
    await story.advance(1)
    (done,) = await log(story)
    assert done.state is OperationState.COMMITTED


async def test_bringing_a_node_online_again_reverts_taking_it_offline(story: Story) -> None:
    await story.job(basic("wait"))
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.settle()
    by_name = {one.name: one for one in await log(story)}
    assert by_name["Take node offline"].state is OperationState.REVERTED
    assert by_name["Take node offline"].entries[-1].severity is Severity.WARNING
    assert by_name["Bring node online"].state is OperationState.COMMITTED
    assert story.nodes.get(ALICE, "n1").state is NodeState.ONLINE


async def test_where_it_is_so_already_nothing_is_noted(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    assert len(await log(story)) == 1


async def test_what_is_refused_is_not_noted(story: Story) -> None:
    with pytest.raises(NotPermitted):
        await story.nodes.set_state(ALICE, "n1", NodeState.OFFLINE)
    with pytest.raises(NotFound):
        await story.nodes.set_state(ADMIN, "n9", NodeState.OFFLINE)
    assert await log(story) == []


def test_no_engine_can_restart_a_machine(story: Story) -> None:
    with pytest.raises(NotSupported, match="The engine local can't reboot its nodes"):
        story.nodes.power(ADMIN, "n1", "reboot")
    with pytest.raises(NotPermitted):
        story.nodes.power(ALICE, "n1", "reboot")
    with pytest.raises(NotFound):
        story.nodes.power(ADMIN, "n9", "reboot")


async def test_the_nodes_of_jobs_are_those_they_run_on(story: Story) -> None:
    job = await story.job(basic("wait"))
    other = await story.job(basic("true"))
    await story.settle()
    assert story.nodes.of_jobs(ALICE, [job, 999]) == {"n1"}
    assert story.nodes.of_jobs(ALICE, [other]) == frozenset()


async def test_the_first_operation_is_the_earliest(story: Story) -> None:
    service = Operations(story.store)
    with pytest.raises(NotFound):
        await service.first(ALICE, after=None, before=None, nodes=None)
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    story.clock.advance(1)
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    first = await service.first(ALICE, after=None, before=None, nodes=["N1"])
    assert first.name == "Take node offline"
    assert service.get(ALICE, first.id) == first
    with pytest.raises(NotFound):
        await service.first(ALICE, after=None, before=first.changed, nodes=None)


class Keeper:
    """An engine that says what its nodes do; `busy`: they drain first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool, str]] = []
        self.busy = False
        self.refuses = ""

    async def keep_node(self, name: str, *, online: bool, reason: str) -> NodeSighting:
        if self.refuses:
            raise NotPermitted(self.refuses)
        self.asked.append((name, online, reason))
        left = NodeState.DRAINING if self.busy else NodeState.OFFLINE
        state = NodeState.ONLINE if online else left
        return NodeSighting(name=name, cores=1, state=state, reason="" if online else reason)


async def kept(story: Story, keeper: Keeper | None) -> Nodes:
    await story.store.write(lambda tx: tx.put_meta(OWN_SCHEDULER, story.engine.name))
    return Nodes(story.store, keeper)


async def test_an_engine_that_decides_is_asked_to_take_its_node_offline(story: Story) -> None:
    keeper = Keeper()
    nodes = await kept(story, keeper)
    keeper.busy = True
    await nodes.set_state(OPERATOR, "N1", NodeState.OFFLINE)
    node = nodes.get(ALICE, "n1")
    assert (node.state, node.reason) == (NodeState.DRAINING, "headgate: olga")
    assert (await log(story))[0].state is OperationState.EXECUTING
    keeper.busy = False
    await nodes.set_state(OPERATOR, "n1", NodeState.OFFLINE)
    assert nodes.get(ALICE, "n1").state is NodeState.OFFLINE
    await nodes.set_state(OPERATOR, "n1", NodeState.ONLINE)
    assert (nodes.get(ALICE, "n1").state, nodes.get(ALICE, "n1").reason) == (NodeState.ONLINE, "")
    assert keeper.asked == [("n1", online, "headgate: olga") for online in (False, False, True)]


async def test_what_an_engine_does_not_let_us_do_changes_nothing(story: Story) -> None:
    keeper = Keeper()
    nodes = await kept(story, keeper)
    keeper.refuses = "no"
    with pytest.raises(NotPermitted, match="no"):
        await nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    assert nodes.get(ALICE, "n1").state is NodeState.ONLINE
    assert not await log(story)


async def test_only_who_may_is_heard_by_the_engine(story: Story) -> None:
    keeper = Keeper()
    nodes = await kept(story, keeper)
    with pytest.raises(NotPermitted):
        await nodes.set_state(ALICE, "n1", NodeState.OFFLINE)
    assert not keeper.asked
