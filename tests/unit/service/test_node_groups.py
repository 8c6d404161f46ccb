"""service/node_groups.py: groups that users make."""

import pytest

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.ports.identity import Caller
from headgate.service.node_groups import NodeGroups
from headgate.service.operations import Operations
from tests.unit.dispatcher.story import ADMIN, ALICE, JOBADMIN, OPERATOR, Story


@pytest.fixture
def groups(story: Story) -> NodeGroups:
    return NodeGroups(story.store)


async def log(story: Story) -> list[tuple[str, str, str]]:
    """(name, node, operator) of every operation, the latest first."""
    listed = await Operations(story.store).list(ALICE, after=None, before=None, nodes=None)
    return [(one.name, one.node, one.operator) for one in listed]


async def test_a_group_is_created_described_renamed_and_removed(story: Story, groups: NodeGroups) -> None:
    created = await groups.create(ADMIN, " Big ", "of many cores")
    assert (created.name, created.description, created.managed) == ("Big", "of many cores", False)
    assert groups.get(ALICE, "BIG") == created
    assert await groups.add_members(ADMIN, "big", ["N1"]) == ["n1"]
    renamed = await groups.change(ADMIN, "big", new_name="Large", description=None)
    assert (renamed.name, renamed.description) == ("Large", "of many cores")
    assert story.nodes.members(ALICE, "large") == ["n1"]
    with pytest.raises(NotFound):
        groups.get(ALICE, "Big")
    assert (await groups.change(ADMIN, "large", new_name="LARGE", description="x")).name == "LARGE"
    assert story.nodes.get(ALICE, "n1").groups == ("ComputeNodes", "LARGE")
    await groups.remove(ADMIN, "Large")
    assert story.nodes.get(ALICE, "n1").groups == ("ComputeNodes",)
    assert [name for name, _, _ in await log(story)] == [
        "Remove node group",
        "Change node group",
        "Change node group",
        "Add node to group",
        "Create node group",
    ]


async def test_describing_a_group_anew_leaves_its_members(story: Story, groups: NodeGroups) -> None:
    await groups.create(ADMIN, "g", "old")
    await groups.add_members(ADMIN, "g", ["n1"])
    described = await groups.change(ADMIN, "G", new_name=None, description="new")
    assert (described.name, described.description) == ("g", "new")
    assert story.nodes.members(ALICE, "g") == ["n1"]
    assert (await log(story))[0] == ("Change node group", "", "root")


async def test_all_of_the_nodes_become_members_or_none(groups: NodeGroups, story: Story) -> None:
    await groups.create(ADMIN, "g", "")
    with pytest.raises(NotFound, match="no node 'n2'"):
        await groups.add_members(ADMIN, "g", ["n1", "n2"])
    assert story.nodes.members(ALICE, "g") == []
    assert [name for name, _, _ in await log(story)] == ["Create node group"]


async def test_a_list_without_end_is_refused(groups: NodeGroups) -> None:
    await groups.create(ADMIN, "g", "")
    with pytest.raises(BadRequest, match="names 10001 nodes"):
        await groups.add_members(ADMIN, "g", ["n1"] * 10_001)


async def test_what_is_so_already_is_not_noted(groups: NodeGroups, story: Story) -> None:
    await groups.create(ADMIN, "g", "d")
    assert await groups.add_members(OPERATOR, "g", ["n1", "N1"]) == ["n1"]
    before = await log(story)
    assert before[0] == ("Add node to group", "n1", "olga")
    await groups.add_members(ADMIN, "g", ["n1"])
    await groups.change(ADMIN, "g", new_name="g", description="d")
    assert await log(story) == before
    assert await groups.remove_members(ADMIN, "g", ["n1"]) == []
    assert (await log(story))[0] == ("Remove node from group", "n1", "root")


@pytest.mark.parametrize("caller", [ALICE, JOBADMIN])
async def test_who_may_not_change_nodes_may_not_change_groups(groups: NodeGroups, caller: Caller) -> None:
    await groups.create(ADMIN, "g", "")
    with pytest.raises(NotPermitted):
        await groups.create(caller, "h", "")
    with pytest.raises(NotPermitted):
        await groups.change(caller, "g", new_name="x", description=None)
    with pytest.raises(NotPermitted):
        await groups.remove(caller, "g")
    with pytest.raises(NotPermitted):
        await groups.add_members(caller, "g", ["n1"])


async def test_managed_groups_stay_as_they_are(groups: NodeGroups) -> None:
    with pytest.raises(WrongState, match="ComputeNodes is managed"):
        await groups.change(ADMIN, "computenodes", new_name="x", description=None)
    with pytest.raises(WrongState):
        await groups.remove(ADMIN, "ComputeNodes")
    with pytest.raises(WrongState):
        await groups.remove_members(ADMIN, "ComputeNodes", ["n1"])


async def test_a_name_is_given_once(groups: NodeGroups) -> None:
    await groups.create(ADMIN, "one", "")
    await groups.create(ADMIN, "two", "")
    with pytest.raises(WrongState, match="Node group already exists: ONE"):
        await groups.create(ADMIN, "ONE", "")
    with pytest.raises(WrongState, match="already exists"):
        await groups.change(ADMIN, "two", new_name="One", description=None)
    with pytest.raises(WrongState, match="already exists"):
        await groups.create(ADMIN, "headnodes", "")


@pytest.mark.parametrize("name", ["", "  ", "a,b", "a/b", "a\\b", "a\nb", "\x00", "..", "x" * 129, "\ud800"])
async def test_names_that_would_not_come_back_whole_are_refused(groups: NodeGroups, name: str) -> None:
    with pytest.raises(BadRequest, match="The name of a node group"):
        await groups.create(ADMIN, name, "")


@pytest.mark.parametrize("text", ["x" * 1025, "\x00"])
async def test_descriptions_that_would_not_come_back_whole_are_refused(groups: NodeGroups, text: str) -> None:
    with pytest.raises(BadRequest, match="The description of a node group"):
        await groups.create(ADMIN, "g", text)


async def test_a_group_without_members_is_not_the_first_of_the_list(groups: NodeGroups, story: Story) -> None:
    """Hpcpack-model, section 5: the official sample takes the first group and its first member."""
    await groups.create(ADMIN, "AAA", "")
    assert [group.name for group in story.nodes.groups(ALICE)] == [
        "ComputeNodes",
        "HeadNodes",
        "LinuxNodes",
        "AAA",
    ]


async def test_names_compare_folded(groups: NodeGroups) -> None:
    await groups.create(ADMIN, "Straße", "")
    assert await groups.add_members(ADMIN, "STRASSE", ["n1"]) == ["n1"]
