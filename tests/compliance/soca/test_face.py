"""What every request meets: paths, methods, levels, headers, forms, settings (spec soca, sections 1 to 4)."""

import json

import pytest
from msgspec.structs import replace

from headgate.core.model import Queue, QueueDefaults, QueueLimits
from headgate.core.states import JobState
from headgate.dialects.soca.operation import Level
from headgate.dialects.soca.operations import CLOUD, operations
from tests.compliance.soca.world import ROOT, World, encoded


async def test_every_operation_lets_in_whom_its_level_says(world: World) -> None:
    letting = {
        Level.PRIVATE: {"nobody": False, "ada": True, "boss": True, "root": True},
        Level.ADMIN: {"nobody": False, "ada": False, "boss": True, "root": True},
        Level.RESTRICTED: {"nobody": False, "ada": False, "boss": False, "root": True},
        Level.KEY: {"nobody": False, "ada": False, "boss": False, "root": True},
    }
    for operation in operations(world.context):
        if operation.level is Level.OPEN:
            continue
        for who, let_in in letting[operation.level].items():
            user = who if who in world.keys else None
            headers = {"X-SOCA-TOKEN": ROOT} if who == "root" else {}
            answer = await world.ask(operation.method, operation.path, user=user, headers=headers)
            # Nothing is given, so that whoever is let in gets no further than that.
            assert (answer.status != 401) is let_in, (operation.method, operation.path, who)


@pytest.mark.parametrize(("method", "path"), CLOUD)
async def test_what_only_a_cloud_has_is_disabled(world: World, method: str, path: str) -> None:
    answer = await world.ask(method, path.format(session=1, system="linux"), user=None)
    assert (answer.status, answer.code) == (401, "API_DISABLED")
    assert answer.message == "This API has been disabled by your Administrator"


async def test_refusals_are_json_wherever_they_come_from(world: World) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("PATCH", "/scheduler/job", 405)):
        answer = await world.ask(method, path)
        assert (answer.status, answer.json["success"]) == (status, False)
        assert answer.json["message"]
    wrong = await world.ask("PATCH", "/scheduler/job")
    assert wrong.headers["allow"] == "POST, GET, DELETE"
    wrong = await world.ask("POST", "/scheduler/job", b"<a/>", headers={"Content-Type": "text/xml"})
    assert (wrong.status, wrong.code) == (415, "UNSUPPORTED_MEDIA")


async def test_both_families_of_headers_count_and_never_against_each_other(world: World) -> None:
    edh = {"X-EDH-USER": "ada", "x-edh-token": world.keys["ada"]}
    assert (await world.ask("GET", "/scheduler/jobs", user=None, headers=edh)).status == 200
    assert (
        await world.ask("GET", "/scheduler/jobs", user="ada", headers={"X-EDH-USER": "ben"})
    ).status == 401


async def test_a_head_is_a_get_without_its_body(world: World) -> None:
    answer = await world.ask("HEAD", "/scheduler/queues")
    assert (answer.status, answer.body) == (200, b"")


async def test_the_page_and_the_descriptions_are_open(world: World) -> None:
    for path in ("/doc", "/doc/", "/doc/page.js", "/doc/page.css", "/doc/swagger.json", "/api.json"):
        answer = await world.ask("GET", path, user=None)
        assert answer.status == 200
        assert answer.body


async def test_somebody_elses_job_is_as_if_there_were_none(world: World) -> None:
    number = await world.submit("#PBS -v SECRET=x\ntrue\n")
    answer = await world.job(number, user="ben")
    unknown = await world.job("4711", user="ben")
    assert (answer.status, answer.message) == (unknown.status, unknown.message) == (210, unknown.message)
    assert (await world.ask("GET", "/scheduler/jobs", user="ben")).message == {}
    assert (await world.job(number, user="boss")).message["Variable_List"]["SECRET"] == "x"
    assert len((await world.ask("GET", "/scheduler/jobs", user="boss")).message) == 1
    deleted = await world.ask("DELETE", "/scheduler/job", {"job_id": number}, user="boss")
    assert deleted.message == "Job deleted"


async def test_subjobs_are_shown_and_deleted_one_by_one(world: World) -> None:
    number = (await world.submit("#PBS -J 2-6:2\ntrue\n")).removesuffix("[]")
    one = (await world.job(f"{number}[4]")).message
    assert (one["array_index"], one["array_id"]) == (4, f"{number}[].head1")
    for index in (1, 3, 8):
        assert (await world.job(f"{number}[{index}]")).status == 210
    plain = await world.submit("true\n")
    assert (await world.job(f"{plain}[]")).status == 210
    ids = {"job_id": f"{number}[4]"}
    assert (await world.ask("DELETE", "/scheduler/job", ids)).message == "Job deleted"
    again = await world.ask("DELETE", "/scheduler/job", ids)
    assert (again.status, again.code) == (500, "QDEL_ERROR")
    assert (await world.job(f"{number}[4]")).message["job_state"] == "X"
    assert (await world.job(f"{number}[]")).message["array_state_count"].startswith("Queued:2 ")
    assert (
        await world.ask("DELETE", "/scheduler/job", {"job_id": f"{number}[3]"})
    ).code == "JOB_NOT_DELETABLE"
    assert (await world.ask("DELETE", "/scheduler/job", {"job_id": f"{number}[]"})).message == "Job deleted"


async def test_a_list_is_filtered(world: World) -> None:
    await world.submit("#PBS -N a -q high -P p1\ntrue\n")
    await world.submit("#PBS -N b -h\ntrue\n")
    await world.submit("#PBS -N c\ntrue\n", user="ben")
    gone = await world.submit("#PBS -N d\ntrue\n")
    await world.put_job(int(gone), state=JobState.FINISHED)

    async def names(**query: str) -> list[str]:
        answer = await world.ask("GET", "/scheduler/jobs", user="boss", query=query)
        return [one["Job_Name"] for one in answer.message.values()]

    assert await names() == ["a", "b", "c"]
    assert await names(history="1") == ["a", "b", "c", "d"]
    assert await names(user="ben") == ["c"]
    assert await names(state="H") == ["b"]
    assert await names(queue="high") == ["a"]
    assert await names(project="p1") == ["a"]
    assert await names(name="b") == ["b"]
    assert await names(offset="1", limit="1") == ["b"]
    assert await names(limit="0") == []
    assert (await world.ask("GET", "/scheduler/jobs", query={"state": "Z"})).status == 400


async def test_a_list_of_more_than_a_page_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.dialects.soca.scheduler.PAGE", 3)
    ids = [await world.submit("true\n") for _ in range(10)]
    answer = await world.ask("GET", "/scheduler/jobs")
    assert list(json.loads(answer.body)["message"]) == [f"{number}.head1" for number in ids]
    one = await world.ask("GET", "/scheduler/jobs", query={"limit": "1", "offset": "7"})
    assert list(one.message) == [f"{ids[7]}.head1"]


async def test_strict_statuses_say_what_happened(strict: World) -> None:
    assert (await strict.job("4711")).status == 404
    number = await strict.submit("true\n")
    answer = await strict.ask("DELETE", "/scheduler/job", {"job_id": number}, user="ben")
    assert (answer.status, answer.code) == (403, "CLIENT_NOT_OWNER")
    assert (await strict.post("#PBS -q nosuch\n")).status == 400
    assert (await strict.ask("DELETE", "/scheduler/queue", {"name": "x"}, user="boss")).status == 404


async def test_jobs_of_others_may_be_listed_without_what_is_private(strict: World) -> None:
    number = await strict.submit("#PBS -v SECRET=x\ntrue\n")
    answer = await strict.ask("GET", "/scheduler/jobs", user="ben")
    shown = answer.message[f"{number}.head1"]
    assert shown["Job_Owner"] == "ada@login1"
    assert "Variable_List" not in shown
    assert b"SECRET" not in answer.body
    await strict.put_job(int(number), state=JobState.FAILED)
    assert (await strict.job(number)).message["job_state"] == "F"


async def test_queues_are_made_shown_and_removed(world: World) -> None:
    queue = "/scheduler/queue"
    assert (await world.ask("GET", "/scheduler/queues")).message == ["high", "normal"]
    for form, code in (
        ({"type": "alwayson"}, "QUEUE_NAME_MISSING"),
        ({"name": "x", "type": "sometimes"}, "QUEUE_TYPE_INVALID"),
        ({"name": "no/such", "type": "alwayson"}, "CLIENT_INVALID_PARAMETER"),
        ({"name": "x\n#PBS", "type": "alwayson"}, "CLIENT_INVALID_PARAMETER"),
    ):
        answer = await world.ask("POST", queue, form, user="boss")
        assert (answer.status, answer.code) == (400, code)
    made = await world.ask("POST", queue, {"name": "night", "type": "ondemand"}, user="boss")
    assert made.message == "Queue created"
    details = await world.ask("GET", "/scheduler/queues", query={"details": "true"})
    assert {one["name"]: one["type"] for one in details.message}["night"] == "ondemand"
    await world.submit("#PBS -q night\ntrue\n")
    answer = await world.ask("DELETE", queue, {"name": "night"}, user="boss")
    assert (answer.status, answer.code) == (200, "QUEUE_IN_USE")
    assert (await world.ask("DELETE", queue, {"name": "normal"}, user="boss")).code == "QUEUE_IN_USE"
    assert (await world.ask("DELETE", queue, {"name": "x"}, user="boss")).code == "QUEUE_UNKNOWN"
    gone = await world.ask("DELETE", queue, {"name": "high"}, user="boss")
    assert gone.message == "Queue deleted"


async def test_a_queue_tells_its_users_what_it_gives_and_allows(world: World) -> None:
    limited = Queue(
        name="night",
        description="long ones",
        defaults=QueueDefaults(runtime_s=3600, resources={"instance_type": "c5.large"}),
        maxima=QueueLimits(runtime_s=43200, nodes=4),
        max_queued_per_user=3,
        max_nodes_running=8,
        restricted=("spot_price",),
        allowed_types=("c5",),
    )
    await world.context.queues.create(None, limited)
    every = (await world.ask("GET", "/scheduler/queues", query={"details": "1"})).message
    (night,) = [one for one in every if one["name"] == "night"]
    assert night["description"] == "long ones"
    assert night["defaults"] == {"walltime": "01:00:00", "instance_type": "c5.large"}
    assert (night["minima"], night["maxima"]) == ({}, {"walltime": "12:00:00", "nodes": "4"})
    assert (night["max_queued_jobs_per_user"], night["max_provisioned_instances"]) == (3, 8)
    assert night["restricted_parameters"] == ["spot_price"]
    assert (night["allowed_instance_types"], night["excluded_instance_types"]) == (["c5"], [])
    described = (await world.ask("GET", "/api.json")).json["components"]["schemas"]["Queue"]
    assert described["properties"].keys() == night.keys()


async def test_a_job_of_a_type_that_its_queue_excludes_is_told_which_are_excluded_and_which_allowed(
    world: World,
) -> None:
    both = Queue(name="both", allowed_types=("c5", "p3"), excluded_types=("p3.16xlarge", "c5.metal"))
    await world.context.queues.create(None, both)
    await world.context.queues.create(None, Queue(name="excluding", excluded_types=("p3", "g4dn")))
    said = (
        "Job violates queue and/or server resource limits: instance_type p3.16xlarge is not allowed in queue"
    )
    for queue, lists, facts in (
        ("both", "allowed: c5, p3; excluded: p3.16xlarge, c5.metal", ("c5, p3", "p3.16xlarge, c5.metal")),
        ("excluding", "allowed: all others; excluded: p3, g4dn", (None, "p3, g4dn")),
    ):
        answer = await world.post(f"#PBS -q {queue} -l instance_type=c5.large+p3.16xlarge\ntrue\n")
        assert (answer.status, answer.code) == (500, "QUEUE_TYPE")
        assert answer.message["stderr"] == f"qsub: {said} {queue}; {lists}.\n"
        assert (answer.json.get("allowed"), answer.json["excluded"]) == facts


async def test_a_job_that_waits_for_its_queue_says_so(world: World) -> None:
    await world.context.queues.change(None, "high", lambda queue: replace(queue, max_running=0))
    await world.context.queues.change(None, "normal", lambda queue: replace(queue, started=False))
    first, second = await world.submit("#PBS -q high\ntrue\n"), await world.submit("true\n")
    shown = (await world.ask("GET", "/scheduler/jobs")).message
    message = shown[f"{first}.head1"]["Resource_List"]["error_message"]
    assert message == "Number_of_concurrent_running_jobs_(0)_or_queued_job_being_launched_reached"
    one = (await world.job(second)).message
    assert one["Resource_List"]["error_message"] == "queue_normal_is_not_started"
    assert one["comment"] == "Not Running: queue normal is not started"


async def test_an_interpreter_is_not_run(world: World) -> None:
    form = {"payload": encoded("id\n"), "interpreter": "/bin/bash"}
    answer = await world.ask("POST", "/scheduler/job", form)
    assert (answer.status, answer.code) == (401, "API_DISABLED")
    assert answer.message == "This API has been disabled by your Administrator"
    reason = "Nothing is run without the scheduler: interpreter '/bin/bash' is off. Leave it out."
    assert answer.json["reason"] == reason
    assert await world.count() == 0


async def test_what_only_a_cloud_has_is_refused_with_that_reason(world: World) -> None:
    answer = await world.ask("GET", "/dcv/desktops")
    assert (answer.status, answer.code, answer.json["reason"]) == (
        401,
        "API_DISABLED",
        "Only a cloud has it.",
    )


async def test_a_refusal_of_the_caller_gives_no_reason(world: World) -> None:
    refused = await world.ask("POST", "/scheduler/queue", {"name": "x"})
    assert (refused.status, "reason" in refused.json) == (401, False)
