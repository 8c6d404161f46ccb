"""dialects/nifcloud/attributes.py: spec nifcloud, 5.2; spec pjm, sections 3 and 7."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from headgate.core.model import Chunk, Job, JobSpec, Step, Task, TaskSpec, Times
from headgate.core.scripts import Submitter
from headgate.core.states import JobState
from headgate.core.vocabulary import UnitType
from headgate.dialects.nifcloud.attributes import Site, duration, local_time, of_job
from headgate.dialects.nifcloud.openapi import JOB
from headgate.scripts.pjm import FLAVOUR
from headgate.service.portraits import Portrait

SITE = Site(ZoneInfo("Asia/Tokyo"), "staff")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


NOW = at("2024-01-02T03:04:05")


def shown(job: Job, work: TaskSpec | None = None, now: int = NOW) -> dict[str, str]:
    task = None if work is None else Task(spec=work)
    return of_job(Portrait(job, task, True), SITE, now=now)


def of_script(*directives: str, **fields: object) -> dict[str, str]:
    text = "".join(f"#PJM {one}\n" for one in directives).encode()
    script = FLAVOUR.parse(text, Submitter(now=NOW, time_zone="Asia/Tokyo", file="run.sh"))
    job = replace(
        Job(state=JobState.QUEUED, owner="ada", times=Times(created=NOW)), spec=script.job, **fields
    )
    return shown(job, script.task)


def test_every_member_is_there_as_text_whatever_the_job_is() -> None:
    for job in (Job(), Job(id=7, state=JobState.RUNNING, spec=JobSpec(queue="q"))):
        found = shown(job)
        assert set(found) == set(JOB)
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize(
    ("directives", "member", "value"),
    [
        (("-L node=12",), "node_require", "12"),
        (("-L node=2x3x2",), "node_require", "12:2x3x2"),
        (("-L node=2x3x2:torus:strict",), "node_require", "12:2x3x2"),
        ((), "node_require", "1"),
        (("-L elapse=1:00:00",), "Fugaku:elapse_limit", "0001:00:00"),
        (("-L elapse=60-120",), "Fugaku:elapsed_limit", "0000:01:00"),
        (("-L elapse=unlimited",), "Fugaku:elapsed_limit", "unlimited"),
        (("-p 0",), "priority", "0"),
        (("-p 255",), "priority", "255"),
        ((), "priority", "127"),
        (("-g proj01",), "group", "proj01"),
        ((), "group", "staff"),
        (("-N other",), "job_name", "other"),
        ((), "job_name", "run.sh"),
        (("-L vnode=3", "-L vnode-core=4", "-L vnode-mem=2Gi"), "Fugaku:vnode", "3"),
        (("-L vnode=3", "-L vnode-core=4", "-L vnode-mem=2Gi"), "Fugaku:core", "4"),
        (("-L vnode=3", "-L vnode-core=4", "-L vnode-mem=2Gi"), "Fugaku:v_mem", "2048MiB"),
        (("-L vnode=3", "-P vn-policy=abs-pack"), "Fugaku:v_pol", "A_PCK"),
        (("-L vnode=3", "-P vn-policy=pack"), "Fugaku:v_pol", "PACK"),
        (("-L vnode=3", "-P vn-policy=unpack=2"), "Fugaku:v_pol", "UPCK"),
        (("-L vnode=3", "-P vn-policy=abs-unpack"), "Fugaku:v_pol", "A_UPK"),
        (("-L vnode=3", "-P exec-policy=simplex"), "Fugaku:e_pol", "SMPLX"),
        (("-L node=3",), "Fugaku:vnode", "-"),
        (("-L node=3", "--mpi rank-map-bynode"), "Fugaku:rank", "bynode"),
        (("-L node=3",), "Fugaku:rank", "bychip"),
        (("--bulk --sparam 0-3",), "Fugaku:md", "BU"),
        (("--step",), "Fugaku:md", "ST"),
        ((), "Fugaku:md", "NM"),
        (("--at 202401021230",), "start_date", "2024-01-02T12:30:00"),
        ((), "start_date", "-"),
    ],
)
def test_what_a_script_says_is_shown(directives: tuple[str, ...], member: str, value: str) -> None:
    assert of_script(*directives)[member] == value


def test_a_job_of_another_kind_is_shown_as_well() -> None:
    spec = JobSpec(unit_type=UnitType.NODE, min_nodes=3, priority=4000, group="crew")
    found = shown(Job(spec=spec), TaskSpec())
    assert (found["node_require"], found["priority"], found["group"]) == ("3", "255", "crew")
    pbs = shown(Job(spec=JobSpec(flavour="pbs"), asked_nodes=2), TaskSpec(chunks=(Chunk(count=2, cores=4),)))
    assert (pbs["node_require"], pbs["Fugaku:vnode"]) == ("2", "-")
    assert shown(Job(spec=JobSpec(step=Step())))["Fugaku:md"] == "ST"


def test_times_are_local_across_the_new_year_and_without_an_offset() -> None:
    assert local_time(at("2023-12-31T15:00:00"), SITE.zone) == "2024-01-01T00:00:00"
    assert local_time(at("2023-12-31T14:59:59"), SITE.zone) == "2023-12-31T23:59:59"
    times = Times(created=NOW, submitted=NOW + 1_000_000, started=NOW + 2_000_000)
    found = shown(Job(state=JobState.RUNNING, times=times), now=NOW + 730_900_000)
    assert (found["accept"], found["start_date"]) == ("2024-01-02T12:04:06", "2024-01-02T12:04:07")
    assert found["elapse_time"] == found["elapsed_time"] == "0000:12:08"


def test_an_hour_that_summer_time_skips_or_repeats_is_in_no_duration() -> None:
    """The wall clock of the place goes from 1:59 to 3:00, and half a year later from 1:59 to 1:00."""
    site = Site(ZoneInfo("America/New_York"), "staff")
    for started, shown_at in (
        ("2024-03-10T06:59:59", "2024-03-10T01:59:59"),
        ("2024-03-10T07:00:00", "2024-03-10T03:00:00"),
        ("2024-11-03T05:59:59", "2024-11-03T01:59:59"),
        ("2024-11-03T06:00:00", "2024-11-03T01:00:00"),
    ):
        begun = at(started)
        job = Job(state=JobState.RUNNING, times=Times(created=begun, submitted=begun, started=begun))
        found = of_job(Portrait(job, None, full=True), site, now=begun + 3_600_000_000)
        assert (found["start_date"], found["elapse_time"]) == (shown_at, "0001:00:00")


def test_hours_have_four_digits_or_more() -> None:
    assert [duration(seconds) for seconds in (0, 59, 3600, 36_000_000, 360_000_000)] == [
        *("0000:00:00", "0000:00:59", "0001:00:00", "10000:00:00", "100000:00:00"),
    ]
