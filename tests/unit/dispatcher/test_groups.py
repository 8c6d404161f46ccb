"""dispatcher/nodes.py: node groups of the engine and of users, over restarts, and jobs that ask for them."""

from msgspec.structs import replace

from headgate.core.vocabulary import NodeState
from headgate.service.node_groups import NodeGroups
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic


def groups_of(story: Story, name: str) -> list[str]:
    return list(story.nodes.get(ALICE, name).groups)


def managed(story: Story) -> dict[str, bool]:
    return {group.name: group.managed for group in story.nodes.groups(ALICE)}


async def test_membership_that_users_made_survives_a_restart(story: Story) -> None:
    groups = NodeGroups(story.store)
    await groups.create(ADMIN, "Fast", "")
    await groups.add_members(ADMIN, "Fast", ["n1"])
    story.engine.machines = [node("n1", cores=8)]
    await story.restart()
    assert story.nodes.get(ALICE, "n1").cores == 8
    assert groups_of(story, "n1") == ["ComputeNodes", "Fast"]
    await groups.remove(ADMIN, "Fast")
    await story.restart()
    assert groups_of(story, "n1") == ["ComputeNodes"]


async def test_a_node_that_was_away_is_in_its_groups_when_it_is_back(story: Story) -> None:
    groups = NodeGroups(story.store)
    await groups.create(ADMIN, "Fast", "")
    await groups.add_members(ADMIN, "Fast", ["n1"])
    story.engine.machines = []
    await story.restart()
    assert story.nodes.members(ALICE, "Fast") == ["n1"]
    story.engine.machines = [node("n1")]
    await story.restart()
    assert groups_of(story, "n1") == ["ComputeNodes", "Fast"]


async def test_groups_that_the_engine_names_are_managed_and_go_when_it_names_them_no_more(
    story: Story,
) -> None:
    story.engine.machines = [node("n1", groups=("ComputeNodes", "Interactive"))]
    await story.restart()
    assert managed(story)["Interactive"] is True
    assert story.nodes.members(ALICE, "interactive") == ["n1"]
    story.engine.machines = [node("n1")]
    await story.restart()
    assert list(managed(story)) == ["ComputeNodes", "HeadNodes", "LinuxNodes"]


async def test_a_group_that_the_engine_comes_to_name_has_the_members_the_engine_says(story: Story) -> None:
    story.engine.machines = [node("n1"), node("n2")]
    await story.restart()
    groups = NodeGroups(story.store)
    await groups.create(ADMIN, "fast", "")
    await groups.add_members(ADMIN, "fast", ["n1"])
    story.engine.machines = [node("n1"), node("n2", groups=("ComputeNodes", "Fast"))]
    await story.restart()
    assert managed(story)["Fast"] is True
    assert story.nodes.members(ALICE, "fast") == ["n2"]


async def test_jobs_run_where_a_group_of_users_says(story: Story) -> None:
    story.engine.machines = [node("n1"), node("n2")]
    await story.restart()
    groups = NodeGroups(story.store)
    await groups.create(ADMIN, "Fast", "")
    await groups.add_members(ADMIN, "Fast", ["n2"])
    jobs = [await story.job(basic("wait"), node_groups=("fast",)) for _ in range(2)]
    await story.settle()
    assert {run.nodes for run in story.engine.live()} == {("n2",)}
    assert [story.state(job) for job in jobs] == ["RUNNING", "RUNNING"]


async def test_a_job_that_waits_for_a_group_starts_when_a_node_comes_into_it(story: Story) -> None:
    """Without a restart, and without anything else that would wake the dispatcher."""
    groups = NodeGroups(story.store)
    await groups.create(ADMIN, "Fast", "")
    await groups.add_members(ADMIN, "Fast", ["n1"])
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic("wait"), node_groups=("Fast",))
    await groups.remove_members(ADMIN, "Fast", ["n1"])
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.settle()
    assert story.state(job) == "QUEUED"
    await groups.add_members(ADMIN, "Fast", ["n1"])
    await story.settle()
    assert story.state(job) == "RUNNING"


async def test_a_node_that_becomes_free_loses_nothing_that_was_changed_meanwhile(story: Story) -> None:
    """The board is older than the store: a change of groups in the very same commit stays."""
    job = await story.job(basic("wait"))
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    await story.settle()
    story.engine.end(job)
    await story.dispatcher.look()
    # Past the dispatcher's ears: it has not heard of this when it finds the node free.
    await story.store.write(lambda tx: tx.put_node(replace(tx.nodes()[0], groups=("ComputeNodes", "New"))))
    await story.settle()
    assert story.nodes.get(ALICE, "n1").state is NodeState.OFFLINE
    assert groups_of(story, "n1") == ["ComputeNodes", "New"]
