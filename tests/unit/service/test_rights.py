"""Who may do what, role by role."""

from collections.abc import Awaitable, Callable

import pytest

from headgate.core.errors import NotPermitted
from headgate.core.properties import JOB, TASK
from headgate.core.vocabulary import NodeState, Role
from headgate.ports.identity import Caller
from headgate.ports.store import JobQuery
from headgate.service.rights import check_run_as, require_acting, require_admin
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, JOBADMIN, OPERATOR, Story, basic

Act = Callable[[Story, Caller, int], Awaitable[object]]

CHANGE: dict[str, Act] = {
    "set a job": lambda s, c, j: s.jobs.set(c, j, {JOB["Name"]: "new"}),
    "submit a job": lambda s, c, j: s.jobs.submit(c, j),
    "set a job's variables": lambda s, c, j: s.jobs.set_environment(c, j, {"A": "1"}),
    "set a job's custom properties": lambda s, c, j: s.jobs.set_custom_properties(c, j, {"A": "1"}),
    "add a task": lambda s, c, j: s.tasks.add(c, j, {TASK["CommandLine"]: "true"}),
    "set a task": lambda s, c, j: s.tasks.set(c, j, 1, {TASK["Name"]: "new"}),
    "set a task's variables": lambda s, c, j: s.tasks.set_environment(c, j, 1, {"A": "1"}),
    "set a task's custom properties": lambda s, c, j: s.tasks.set_custom_properties(c, j, 1, {"A": "1"}),
}
STOP: dict[str, Act] = {
    "cancel a job": lambda s, c, j: s.jobs.cancel(c, j),
    "finish a job": lambda s, c, j: s.jobs.finish(c, j),
    "cancel a task": lambda s, c, j: s.tasks.cancel(c, j, 1),
}


async def at_once(value: object) -> object:
    return value


SEE: dict[str, Act] = {
    "read a job's variables": lambda s, c, j: at_once(s.jobs.environment(c, j)),
    "read a job's custom properties": lambda s, c, j: at_once(s.jobs.custom_properties(c, j)),
    "read a task's variables": lambda s, c, j: at_once(s.tasks.environment(c, j, 1)),
    "read a task's custom properties": lambda s, c, j: at_once(s.tasks.custom_properties(c, j, 1)),
}
DOMAIN_ALICE = Caller("alice", Role.USER, "DOM\\Alice")


@pytest.mark.parametrize("what", [*CHANGE, *STOP, *SEE])
@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (ALICE, {"change", "stop", "see"}),
        (DOMAIN_ALICE, {"change", "stop", "see"}),
        (BOB, set()),
        (OPERATOR, {"stop", "see"}),
        (JOBADMIN, {"change", "stop", "see"}),
        (ADMIN, {"change", "stop", "see"}),
    ],
    ids=["owner", "owner with a domain", "another user", "operator", "jobadmin", "admin"],
)
async def test_a_role_may_do_what_it_may_and_nothing_else(
    story: Story, what: str, caller: Caller, may: set[str]
) -> None:
    job = await story.job(basic(), submitted=False)
    kind = "change" if what in CHANGE else "stop" if what in STOP else "see"
    act = {**CHANGE, **STOP, **SEE}[what]
    if kind in may:
        await act(story, caller, job)
        return
    before = story.the_job(job)
    with pytest.raises(NotPermitted) as refused:
        await act(story, caller, job)
    assert refused.value.code == "Operation_PermissionDenied"
    assert caller.name in refused.value.text
    assert story.the_job(job) == before


async def test_requeueing_is_a_change(story: Story) -> None:
    job = await story.job(basic("exit 1"), basic("wait"))
    await story.settle()
    for stranger in (BOB, OPERATOR):
        with pytest.raises(NotPermitted):
            await story.tasks.requeue(stranger, job, 1)
    await story.tasks.requeue(JOBADMIN, job, 1)
    await story.jobs.cancel(OPERATOR, job)
    await story.settle()
    with pytest.raises(NotPermitted):
        await story.jobs.requeue(OPERATOR, job)
    await story.jobs.requeue(ADMIN, job)


async def test_everybody_may_look_a_job_up_but_not_into_it(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job, output=b"secret")
    await story.settle()
    for caller, full in ((ALICE, True), (BOB, False), (OPERATOR, True), (JOBADMIN, True), (ADMIN, True)):
        assert story.jobs.get(caller, job).full is full
        view = story.tasks.get(caller, job, 1)
        assert (view.full, view.own, view.output) == (full, caller is ALICE, b"secret" if full else b"")


async def test_the_owner_reads_as_the_owner_spelled_it_and_as_stored_to_others(story: Story) -> None:
    job = await story.job(basic(), owner=DOMAIN_ALICE)
    assert story.jobs.get(DOMAIN_ALICE, job).job.owner == "DOM\\Alice"
    assert story.jobs.get(BOB, job).job.owner == "alice"
    page = await story.jobs.list(DOMAIN_ALICE, JobQuery(owner="dom\\alice"), limit=10)
    assert [found.owner for found in page.jobs] == ["DOM\\Alice"]
    assert (await story.jobs.list(BOB, JobQuery(owner="ALICE"), limit=10)).jobs[0].owner == "alice"


@pytest.mark.parametrize("run_as", ["", "alice", "ALICE", "DOM\\alice", "alice@example.org"])
def test_a_job_may_name_its_owner_as_who_it_runs_as(run_as: str) -> None:
    check_run_as("Dom\\Alice", run_as)


@pytest.mark.parametrize("run_as", ["bob", "DOM\\bob", "root", "alice2"])
async def test_a_job_may_not_name_anybody_else(story: Story, run_as: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        await story.jobs.create(ALICE, {JOB["UserName"]: run_as})
    assert refused.value.code == "Operation_AuthenticationFailure"
    job = await story.job(basic(), submitted=False)
    with pytest.raises(NotPermitted):
        await story.jobs.set(ALICE, job, {JOB["UserName"]: run_as})
    # An administrator who changes somebody's job does not make it run as somebody else.
    with pytest.raises(NotPermitted):
        await story.jobs.set(ADMIN, job, {JOB["UserName"]: "root"})


@pytest.mark.parametrize(
    ("caller", "may"), [(ALICE, False), (OPERATOR, True), (JOBADMIN, False), (ADMIN, True)]
)
async def test_nodes_are_for_operators_and_administrators(story: Story, caller: Caller, may: bool) -> None:
    if may:
        await story.nodes.set_state(caller, "n1", NodeState.OFFLINE)
    else:
        with pytest.raises(NotPermitted):
            await story.nodes.set_state(caller, "n1", NodeState.OFFLINE)
    assert (story.nodes.get(BOB, "N1").state is NodeState.OFFLINE) is may


@pytest.mark.parametrize(
    ("caller", "may"), [(ALICE, False), (OPERATOR, False), (JOBADMIN, True), (ADMIN, True)]
)
def test_acting_as_another_user_is_for_job_administrators(caller: Caller, may: bool) -> None:
    if may:
        require_acting(caller)
    else:
        with pytest.raises(NotPermitted) as refused:
            require_acting(caller)
        assert refused.value.code == "Operation_ServiceAsClientUserNotTrusted"


def test_administration_is_for_administrators_and_the_local_command_line() -> None:
    require_admin(None)
    require_admin(ADMIN)
    for caller in (ALICE, OPERATOR, JOBADMIN):
        with pytest.raises(NotPermitted):
            require_admin(caller)
