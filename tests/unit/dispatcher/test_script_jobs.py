"""Jobs that came as a script: arrays, chunks on nodes, manners of their flavour, run times, holds."""

from typing import Any

import pytest

from headgate.core.chunks import MIB
from headgate.core.errors import NotPermitted, WrongState
from headgate.core.model import Chunk, TaskSpec, Template, TemplateItem
from headgate.core.properties import JOB
from headgate.core.vocabulary import Arrangement, HoldKind, Sharing, TaskType
from headgate.ports.engine import Ability, Ending, Fault
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, OPERATOR, Story, basic, sweep


def script(text: str = "wait", **more: Any) -> TaskSpec:
    return TaskSpec(**{"script": text.encode(), "interpreter": (), **more})


def chunked(*chunks: Chunk, **more: Any) -> TaskSpec:
    return script(chunks=chunks, **more)


async def two_nodes(**more: Any) -> Story:
    story = Story(node("n1", **more), node("n2", **more))
    await story.begin()
    return story


def cores(story: Story, job: int) -> dict[str, int]:
    """Cores that a running job holds, by node."""
    (run,) = [run for run in story.engine.live() if run.who[0] == job]
    return {name: sum(1 for there, _ in run.cores if there == name) for name in run.nodes}


# ---- arrays


async def test_an_index_set_has_an_instance_for_each_index(story: Story) -> None:
    job = await story.job(sweep(1, "true *", index_set="2,5-7"))
    await story.settle()
    assert [run.script for run in story.engine.launches] == [f"true {n}\n" for n in (2, 5, 6, 7)]
    assert story.the_task(job).instance_count == 4
    assert story.state(job) == "FINISHED"


@pytest.mark.parametrize("text", ["", " ", "5-2", "3,3", "2,1", "1,,2", "a", "1-", "-1", "1:2"])
async def test_what_is_no_index_set_fails_the_job(story: Story, text: str) -> None:
    job = await story.job(sweep(1, index_set=text or ","))
    assert story.state(job) == "FAILED"
    assert "no set of indices" in story.why(job)


async def test_a_million_and_one_indices_are_too_many(story: Story) -> None:
    job = await story.job(sweep(1, index_set="0-1000000"))
    assert (story.state(job), "1000001 instances" in story.why(job)) == ("FAILED", True)


async def test_never_more_instances_are_live_than_the_task_allows(story: Story) -> None:
    job = await story.job(sweep(7, "sleep 1", max_running=2))
    most = 0
    for _ in range(40):
        await story.step()
        most = max(most, story.the_task(job).live)
        story.clock.advance(0.2)
    await story.advance(10)
    assert most == 2
    assert story.state(job) == "FINISHED"


async def test_short_runs_given_ahead_count_too(story: Story) -> None:
    job = await story.job(sweep(500, "sleep 0.001", max_running=3))
    for _ in range(400):
        await story.step()
        assert story.the_task(job).live <= 3
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_a_job_behind_one_at_its_limit_of_instances_runs(story: Story) -> None:
    await story.job(sweep(7, "wait", max_running=1))
    other = await story.job(basic("wait", min_cores=3, max_cores=3))
    await story.settle()
    assert story.state(other) == "RUNNING"


async def test_a_star_in_a_script_is_a_star(story: Story) -> None:
    await story.job(
        script("echo *", type=TaskType.PARAMETRIC_SWEEP, start_value=7, end_value=7, stdout="out.*")
    )
    await story.settle()
    (run,) = story.engine.launches
    assert (run.script, run.launch.stdout) == ("echo *", "out.*")


# ---- chunks


async def test_parts_are_spread_as_the_task_is_arranged() -> None:
    story = await two_nodes()
    scattered = await story.job(chunked(Chunk(count=2, cores=1), arrangement=Arrangement.SCATTER))
    free = await story.job(chunked(Chunk(count=3, cores=1)))
    packed = await story.job(chunked(Chunk(count=2, cores=1), arrangement=Arrangement.PACK))
    await story.settle()
    assert cores(story, scattered) == {"n1": 1, "n2": 1}
    assert cores(story, free) == {"n1": 3}
    assert cores(story, packed) == {"n2": 2}
    placed = story.the_task(scattered).run.shares
    assert [share.parts for share in placed] == [(0,), (0,)]
    assert story.the_task(scattered).spec.min_nodes == 2
    story.store.shut()


async def test_a_whole_node_is_one_on_which_nothing_else_runs() -> None:
    story = await two_nodes()
    await story.job(basic("wait"), requested_nodes=("n1",))
    await story.settle()
    whole = await story.job(chunked(Chunk(count=1, cores=0)))
    second = await story.job(chunked(Chunk(count=1, cores=0)))
    await story.settle()
    assert cores(story, whole) == {"n2": 4}
    assert story.state(second) == "QUEUED"
    story.store.shut()


async def test_nodes_that_are_not_shared_take_nobody_else() -> None:
    story = await two_nodes()
    alone = await story.job(chunked(Chunk(cores=1), sharing=Sharing.EXCLUSIVE))
    await story.settle()
    other = await story.job(basic("wait", min_cores=4, max_cores=4))
    third = await story.job(basic("wait"))
    await story.settle()
    assert cores(story, alone) == {"n1": 1}
    assert cores(story, other) == {"n2": 4}
    assert story.state(third) == "QUEUED"
    story.engine.end(alone)
    await story.settle()
    assert cores(story, third) == {"n1": 1}
    story.store.shut()


async def test_memory_and_gpus_of_chunks_are_accounted_and_given_back() -> None:
    story = await two_nodes(memory_mb=1000, gpus=1)
    first = await story.job(chunked(Chunk(cores=1, memory=800 * MIB)))
    second = await story.job(chunked(Chunk(cores=1, memory=800 * MIB, gpus=1)))
    third = await story.job(chunked(Chunk(cores=1, memory=300 * MIB)))
    fourth = await story.job(chunked(Chunk(cores=1, gpus=1)))
    fifth = await story.job(chunked(Chunk(cores=1, memory=200 * MIB)))
    await story.settle()
    assert [story.state(job) for job in (first, second, third, fourth)] == [
        "RUNNING",
        "RUNNING",
        "QUEUED",
        "QUEUED",
    ]
    story.engine.end(first)
    await story.settle()
    assert cores(story, third) == {"n1": 1}
    assert cores(story, fourth) == {"n1": 1}
    assert cores(story, fifth) == {"n2": 1}
    story.store.shut()


async def test_what_chunks_hold_is_known_after_a_restart() -> None:
    story = await two_nodes(memory_mb=1000)
    await story.job(chunked(Chunk(count=2, cores=1, memory=800 * MIB)))
    await story.settle()
    await story.restart()
    waiting = await story.job(chunked(Chunk(cores=1, memory=300 * MIB)))
    small = await story.job(chunked(Chunk(cores=1, memory=200 * MIB)), priority=3000)
    await story.settle()
    assert (story.state(waiting), story.state(small)) == ("QUEUED", "RUNNING")
    story.store.shut()


async def test_places_are_kept_for_chunks_that_do_not_fit_now() -> None:
    """Backfill: a later job may only take what does not delay the first one."""
    story = await two_nodes()
    await story.job(chunked(Chunk(cores=3)), runtime_s=100)
    await story.settle()
    wide = await story.job(chunked(Chunk(count=2, cores=0), arrangement=Arrangement.SCATTER))
    long = await story.job(basic("wait", runtime_s=200))
    short = await story.job(basic("wait", runtime_s=50))
    await story.settle()
    assert [story.state(job) for job in (wide, long, short)] == ["QUEUED", "QUEUED", "RUNNING"]
    story.engine.end(short)
    await story.advance(101)
    assert story.state(wide) == "RUNNING"
    story.store.shut()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (chunked(Chunk(cores=5)), "1 x (5 cores) can't be had: no node"),
        (chunked(Chunk(host="n7")), "host n7"),
        (chunked(Chunk(features=("gpu",))), "features gpu"),
        (chunked(Chunk(count=2), arrangement=Arrangement.SCATTER), "too few nodes"),
    ],
)
async def test_chunks_that_never_fit_fail_the_submission(story: Story, task: TaskSpec, words: str) -> None:
    job = await story.job(task)
    assert story.state(job) == "FAILED"
    assert words in story.why(job)


async def test_a_resource_nobody_knows_is_a_warning(story: Story) -> None:
    job = await story.job(chunked(Chunk(extra={"fpga": "2", "scratch_size": "100"})))
    told = story.the_job(job).warnings
    assert len(told) == 2
    assert "fpga=2" in told[0]
    assert "scratch_size has no effect: only a cloud" in told[1]


# ---- manners


async def test_a_run_is_started_as_its_flavour_says(story: Story) -> None:
    task = script("#!/usr/bin/env python3\nwait", umask=0o077, limits={"core": 0}, append=True)
    job = await story.job(
        task, flavour="tiny", submit_directory="/data", environment={"TINY_INDEX": "mine", "EMPTY": ""}
    )
    await story.settle()
    launch = story.engine.run_of(job).launch
    variables = dict(launch.environment)
    assert (variables["TINY_INDEX"], variables["TINY_HOSTS"], variables["EMPTY"]) == ("None", "n1", "")
    assert launch.files == (("TINY_FILE", b"content\n"),)
    assert (launch.scratch, launch.output_directory) == (("TMPDIR",), "/data")
    assert launch.stdout == launch.stderr == f"out.{job}.None"
    assert (launch.login, launch.shell, launch.interpreter) == (True, "", ("/usr/bin/env", "python3"))
    assert (launch.umask, launch.limits, launch.append) == (0o077, (("core", 0),), True)
    (facts,) = story.tiny.told
    assert (facts.home, facts.user, facts.cluster, facts.index) == ("/home/me", "me", "cluster", None)


async def test_an_instance_is_told_its_index(story: Story) -> None:
    task = script(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=2, index_set="4,8")
    job = await story.job(task, flavour="tiny")
    await story.settle()
    assert dict(story.engine.run_of(job, 1, 2).launch.environment)["TINY_INDEX"] == "8"


async def test_a_fault_in_its_manners_fails_that_job_alone(story: Story) -> None:
    story.tiny.broken = ZeroDivisionError("oh")
    bad = await story.job(script(), flavour="tiny")
    good = await story.job(basic("wait"))
    await story.settle()
    assert (story.state(bad), story.state(good)) == ("FAILED", "RUNNING")
    assert "ZeroDivisionError" in story.why(bad, 1)
    strange = await story.job(script(), flavour="klingon")
    await story.settle()
    assert "does not know the script flavour 'klingon'" in story.why(strange, 1)


async def test_a_fault_in_its_manners_is_found_after_a_restart_too(story: Story) -> None:
    story.engine.answers.append("uncertain")
    job = await story.job(script(), flavour="tiny")
    await story.step()
    story.tiny.broken = ZeroDivisionError("oh")
    await story.restart()
    await story.settle()
    assert story.state(job) == "FAILED"


async def test_streams_are_joined_where_the_task_says_so(story: Story) -> None:
    await story.job(basic("true", stdout="o", stderr="e", join="oe"), basic("true", stderr="e", join="eo"))
    await story.settle()
    launches = [run.launch for run in story.engine.launches]
    assert [(one.stdout, one.stderr) for one in launches] == [("o", "o"), ("e", "e")]


async def test_a_group_the_owner_is_not_in_fails_the_run_with_the_reason(story: Story) -> None:
    story.accounts.refused_groups["wheel"] = "not a member of wheel"
    job = await story.job(script(), group="wheel")
    await story.settle()
    assert story.state(job) == "FAILED"
    assert "not a member of wheel" in story.why(job, 1)


async def test_somebody_else_can_not_be_run_as(story: Story) -> None:
    with pytest.raises(NotPermitted):
        await story.job(script(), flavour="tiny", run_as="bob")
    assert await story.job(script(), flavour="tiny", run_as="Alice")


# ---- run time


async def test_the_run_time_of_a_script_is_that_of_each_run(story: Story) -> None:
    one = script("wait", type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=2, min_cores=3, max_cores=3)
    job = await story.job(one, flavour="tiny", runtime_s=10)
    await story.advance(10.1)
    assert story.engine.running() == [(job, 1, 2)]
    assert story.instance_state(job, 1, 1) == "FAILED"
    await story.advance(10.1)
    assert story.state(job) == "FAILED"
    assert story.why(job, 1, 2) == "The task ran longer than its run time."


async def test_signals_of_the_end_and_before_it_go_to_the_engine(story: Story) -> None:
    job = await story.job(
        script(), flavour="tiny", runtime_s=100, stop_signal="TERM", stop_grace_s=10.0, limit_signal="XCPU",
        warning_signal="USR1", warning_before_s=30,
    )  # fmt: skip
    await story.settle()
    launch = story.engine.run_of(job).launch
    assert (launch.stop_signal, launch.grace_s, launch.limit_signal) == ("TERM", 10.0, "XCPU")
    assert (launch.warning_signal, launch.warning_after_s, launch.wall_time_s) == ("USR1", 70.0, 100.0)
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert [(one.stop_signal, one.grace_s) for one in story.engine.told] == [("TERM", 10.0)]


async def test_a_job_that_expires_is_stopped_by_the_signal_for_that(story: Story) -> None:
    await story.job(basic("wait"), runtime_s=10, stop_signal="TERM", limit_signal="XCPU")
    await story.advance(11)
    assert story.engine.told[0].stop_signal == "XCPU"


@pytest.mark.parametrize("flavour", ["", "tiny"])
async def test_a_longer_run_time_reaches_what_is_running(story: Story, flavour: str) -> None:
    job = await story.job(script(), sweep(1, "wait"), flavour=flavour, runtime_s=10)
    await story.advance(5)
    await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 100})
    await story.advance(60)
    assert len(story.engine.running()) == 2
    await story.advance(50)
    assert not story.engine.running()


async def test_a_shorter_run_time_reaches_it_too_and_none_at_all(story: Story) -> None:
    job = await story.job(script(), flavour="tiny", runtime_s=100)
    other = await story.job(script(), flavour="tiny", runtime_s=100)
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 10})
    await story.jobs.set(ALICE, other, {JOB["RuntimeSeconds"]: None})
    await story.advance(200)
    assert (story.state(job), story.state(other)) == ("FAILED", "RUNNING")


async def test_a_changed_run_time_is_told_again_until_it_arrives(story: Story) -> None:
    job = await story.job(script(), flavour="tiny", runtime_s=10)
    await story.settle()
    story.engine.failing["allow"] = 2
    await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 100})
    for _ in range(4):
        await story.advance(0.6)
    assert story.engine.run_of(job).launch.wall_time_s == 100


async def test_a_changed_run_time_is_told_after_a_restart(story: Story) -> None:
    job = await story.job(script(), flavour="tiny", runtime_s=10)
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 100})
    await story.restart()
    await story.advance(60)
    assert story.state(job) == "RUNNING"


async def test_an_engine_that_can_not_change_it_stops_at_the_old_time(story: Story) -> None:
    story.engine.abilities = story.engine.abilities - {Ability.WALL_TIME}
    job = await story.job(script(), flavour="tiny", runtime_s=10)
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 100})
    await story.advance(11)
    assert story.state(job) == "FAILED"


async def test_what_runs_longer_now_is_reckoned_with(story: Story) -> None:
    """Backfill knows the new end of the lane."""
    wide = await story.job(basic("wait", min_cores=3, max_cores=3), runtime_s=100)
    await story.settle()
    await story.job(basic("wait", min_cores=4, max_cores=4))
    await story.jobs.set(ALICE, wide, {JOB["RuntimeSeconds"]: 1000})
    await story.settle()
    short = await story.job(basic("wait", runtime_s=500))
    await story.settle()
    assert story.state(short) == "RUNNING"


# ---- holds


async def test_a_held_job_waits_until_every_hold_is_released(story: Story) -> None:
    job = await story.job(basic("wait"), holds=(HoldKind.USER,))
    await story.jobs.hold(OPERATOR, job, HoldKind.OPERATOR)
    await story.jobs.release(ALICE, job)
    await story.settle()
    assert story.state(job) == "QUEUED"
    with pytest.raises(NotPermitted):
        await story.jobs.release(ALICE, job, HoldKind.OPERATOR)
    await story.jobs.release(OPERATOR, job, HoldKind.OPERATOR)
    await story.settle()
    assert story.state(job) == "RUNNING"


@pytest.mark.parametrize(
    ("caller", "kinds"),
    [
        (ALICE, {HoldKind.USER}),
        (BOB, set()),
        (OPERATOR, {HoldKind.USER, HoldKind.OPERATOR}),
        (ADMIN, set(HoldKind)),
    ],
)
async def test_who_may_hold(story: Story, caller: Any, kinds: set[HoldKind]) -> None:
    job = await story.job(basic("wait"), holds=(HoldKind.USER,))
    for kind in HoldKind:
        if kind in kinds:
            await story.jobs.hold(caller, job, kind)
            await story.jobs.release(caller, job, kind)
        else:
            with pytest.raises(NotPermitted):
                await story.jobs.hold(caller, job, kind)
            with pytest.raises(NotPermitted):
                await story.jobs.release(caller, job, kind)


async def test_only_who_may_hold_can_submit_held(story: Story) -> None:
    with pytest.raises(NotPermitted):
        await story.job(basic("wait"), holds=(HoldKind.SYSTEM,))


async def test_a_running_array_that_is_held_starts_nothing_more(story: Story) -> None:
    job = await story.job(sweep(3, "wait", max_running=1))
    await story.settle()
    await story.jobs.hold(ALICE, job)
    story.engine.end(job, instance=1)
    await story.settle()
    assert not story.engine.running()
    await story.jobs.release(ALICE, job)
    await story.settle()
    assert story.engine.running() == [(job, 1, 2)]


async def test_a_job_that_has_ended_can_not_be_held(story: Story) -> None:
    job = await story.job(basic("true"))
    await story.settle()
    with pytest.raises(WrongState):
        await story.jobs.hold(ALICE, job)


async def test_a_held_run_that_is_lost_is_not_run_again_before_its_release(story: Story) -> None:
    job = await story.job(script())
    await story.settle()
    await story.jobs.hold(ALICE, job)
    story.engine.end(job, ending=Ending.LOST, fault=Fault.REBOOT)
    await story.settle()
    assert not story.engine.running()
    await story.jobs.release(ALICE, job)
    await story.settle()
    assert story.engine.running() == [(job, 1, 0)]


async def test_notices_and_the_rest_are_kept_as_they_were_said(story: Story) -> None:
    said: dict[str, Any] = {"notify_on_failure": True, "notify_each": True, "notify_on_requeue": True}
    job = await story.job(script(rerunnable=False), priority=2100, flavour="tiny", **said)
    spec = story.the_job(job).spec
    assert (spec.notify_on_failure, spec.notify_each, spec.notify_on_requeue) == (True, True, True)
    assert (spec.priority, story.the_task(job).spec.rerunnable) == (2100, False)


# ---- templates


async def test_a_template_fills_in_what_the_script_leaves_open_and_no_more(story: Story) -> None:
    items = {"Priority": TemplateItem(default="3000"), "Project": TemplateItem(default="shared")}
    await story.store.write(lambda tx: tx.put_template(Template(name="Default", items=items)))
    said = await story.job(script(), flavour="tiny", priority=2100)
    silent = await story.job(script(), flavour="tiny", project="mine")
    assert (story.the_job(said).spec.priority, story.the_job(said).spec.project) == (2100, "shared")
    assert (story.the_job(silent).spec.priority, story.the_job(silent).spec.project) == (3000, "mine")


async def test_warnings_of_a_script_outlast_a_change_of_its_job(story: Story) -> None:
    job = await story.job(script(), flavour="tiny", environment={"CCP_JOBID": "7"})
    await story.jobs.set(ALICE, job, {JOB["Name"]: "other"})
    told = story.the_job(job).warnings
    assert any("CCP_JOBID" in text for text in told)
