"""dialects/hpcpack/rendering.py: our nodes, operations and figures in the words of 2019."""

import pytest

from headgate.core.figures import Figure
from headgate.core.model import Node
from headgate.core.vocabulary import NodeState, Role
from headgate.dialects.hpcpack import rendering


@pytest.mark.parametrize(
    ("state", "reachable", "words"),
    [
        (NodeState.ONLINE, True, ("Online", "OK")),
        (NodeState.OFFLINE, True, ("Offline", "OK")),
        (NodeState.DRAINING, True, ("Draining", "Transitional")),
        (NodeState.ONLINE, False, ("Online", "Error")),
        (NodeState.DRAINING, False, ("Draining", "Error")),
    ],
)
def test_state_and_health(state: NodeState, reachable: bool, words: tuple[str, str]) -> None:
    one = Node(name="n", state=state, reachable=reachable)
    assert (rendering.state_of(one), rendering.health_of(one)) == words


def test_every_state_of_ours_has_a_word_of_the_contract() -> None:
    for state in NodeState:
        assert rendering.state_of(Node(name="n", state=state)).upper() == state.name


def test_a_node_is_what_its_groups_say_and_serves_while_it_is_not_offline() -> None:
    groups = ("computenodes", "Fast", "HeadNodes")
    online = rendering.node(Node(name="n", groups=groups), "5.0.0.0")
    assert online.installed_service_roles == ["ComputeNode", "HeadNode"]
    assert online.active_service_roles == ["ComputeNode", "HeadNode"]
    offline = rendering.node(Node(name="n", groups=groups, state=NodeState.OFFLINE), "5.0.0.0")
    assert offline.installed_service_roles == ["ComputeNode", "HeadNode"]
    assert offline.active_service_roles == ["HeadNode"]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.USER, ["User"]),
        (Role.ADMIN, ["User", "Administrator"]),
        (Role.JOBADMIN, ["User", "JobAdministrator"]),
        (Role.OPERATOR, ["User", "JobOperator"]),
        (Role.ADMIN | Role.JOBADMIN, ["User", "Administrator", "JobAdministrator"]),
    ],
)
def test_everybody_is_a_user(role: Role, names: list[str]) -> None:
    assert rendering.user_roles(role) == names


def test_every_figure_is_defined_and_spelled_as_the_contract_spells_answers() -> None:
    assert [one.name for one in rendering.definitions()] == [figure.value for figure in Figure]
    assert rendering.metric_name(Figure.CPU_USAGE) == "HpcCpuUsage"
