"""The conformance checklist of spec soca, section 11, by its numbers.

Rows that need something to run (the directory and its modes of 3, the output of 21) are in
tests/integration/soca/test_guide.py; 25, `/ping`, is in tests/integration/soca/test_ping.py.
"""

import base64
import json
import re

import pytest

from headgate.core.states import JobState
from tests.compliance.soca.world import ROOT, World, encoded

HELLO = "#!/bin/bash\n#PBS -N my-job\necho hello\n"
LETTERS = set("QREHSWB")
DIGITS = re.compile(r"\d+")


@pytest.mark.parametrize("path", ["/scheduler/jobs", "/scheduler/job", "/ldap/users"])
async def test_01_without_headers_nobody_is_let_in(world: World, path: str) -> None:
    answer = await world.ask("GET", path, user=None)
    assert (answer.status, answer.json["success"], answer.message) == (401, False, "Not authorized")


async def test_02_a_key_goes_with_its_own_user_only(world: World) -> None:
    answer = await world.ask("GET", "/scheduler/jobs", user="ada", headers={"X-SOCA-USER": "ben"})
    assert (answer.status, answer.message) == (401, "Not authorized")


async def test_03_a_script_in_a_multipart_form_is_submitted(world: World) -> None:
    payload = encoded(HELLO)
    form = f'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{payload}\r\n--b--\r\n'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await world.ask("POST", "/scheduler/job", form, headers=headers)
    assert answer.status == 200
    assert DIGITS.fullmatch(answer.message)
    spec = world.store.peek(lambda look: look.job(int(answer.message))).spec
    assert re.fullmatch(r"/home/ada/soca_job_output/my-job_[A-Za-z0-9]{10}", spec.submit_directory)
    assert re.fullmatch(r"job_submit_[A-Za-z0-9]{10}\.sh", spec.script_file)


async def test_04_a_script_in_an_urlencoded_form_is_submitted(world: World) -> None:
    assert DIGITS.fullmatch(await world.submit(HELLO))


async def test_05_a_payload_may_be_wrapped_in_lines(world: World) -> None:
    script = "#!/bin/bash\n" + "# a comment that makes it long\n" * 20
    wrapped = base64.encodebytes(script.encode()).decode()
    assert wrapped.count("\n") > 5
    answer = await world.ask("POST", "/scheduler/job", {"payload": wrapped})
    assert answer.status == 200


@pytest.mark.parametrize("payload", [None, "", "abc", base64.b64encode(b"\xff").decode(), "#!/bin/bash"])
async def test_06_a_payload_that_is_none_makes_no_job(world: World, payload: str | None) -> None:
    answer = await world.ask("POST", "/scheduler/job", {} if payload is None else {"payload": payload})
    assert (answer.status, answer.json["success"]) == (400, False)
    assert "payload" in answer.message
    assert await world.count() == 0


async def test_07_an_array_has_brackets(world: World) -> None:
    assert re.fullmatch(r"\d+\[\]", await world.submit("#PBS -J 1-3\ntrue\n"))


async def test_08_an_unknown_queue_is_what_qsub_says(world: World) -> None:
    answer = await world.post("#PBS -q nosuch\ntrue\n")
    assert (answer.status, answer.code) == (500, "UNKNOWN_QUEUE")
    assert "Unknown queue" in answer.message["stderr"]
    assert answer.message["job_script"] == "#PBS -q nosuch\ntrue\n"
    assert await world.count() == 0


@pytest.mark.parametrize("suffix", ["", ".head1"])
async def test_09_10_a_job_is_shown_under_its_short_and_its_full_id(world: World, suffix: str) -> None:
    number = await world.submit(HELLO)
    answer = await world.job(number + suffix)
    assert answer.status == 200
    assert answer.message["Job_Owner"].startswith("ada@")
    assert answer.message["Job_Name"] == "my-job"
    assert answer.message["job_state"] in LETTERS


async def test_11_without_an_id_the_question_is_malformed(world: World) -> None:
    answer = await world.ask("GET", "/scheduler/job")
    assert answer.status == 400
    assert answer.message == "Client input malformed. job_id (str) parameter is required"


async def test_12_a_job_that_has_ended_is_gone_like_one_that_never_was(world: World) -> None:
    number = await world.submit(HELLO)
    await world.put_job(int(number), state=JobState.FINISHED)
    for asked in (number, "4711"):
        answer = await world.job(asked)
        assert (answer.status, answer.json["success"]) == (210, False)
        assert answer.message.startswith("Unable to retrieve Job ID")
    assert (await world.job(number, history="true")).message["job_state"] == "F"


async def test_13_a_list_is_by_full_ids(world: World) -> None:
    first, array = await world.submit(HELLO), await world.submit("#PBS -J 1-3\ntrue\n")
    answer = await world.ask("GET", "/scheduler/jobs")
    assert answer.status == 200
    assert list(answer.message) == [f"{first}.head1", f"{array}.head1"]
    assert answer.message[f"{first}.head1"] == (await world.job(first)).message


async def test_14_a_list_of_nobodys_jobs_is_empty(world: World) -> None:
    await world.submit(HELLO)
    answer = await world.ask("GET", "/scheduler/jobs", query={"user": "nobody-here"})
    assert (answer.status, answer.message) == (200, {})


async def test_15_a_job_is_deleted_by_query_form_or_json(world: World) -> None:
    for where in ("query", "form", "json"):
        number = await world.submit(HELLO)
        if where == "query":
            answer = await world.ask("DELETE", "/scheduler/job", query={"job_id": number})
        elif where == "form":
            answer = await world.ask("DELETE", "/scheduler/job", {"job_id": number})
        else:
            body = json.dumps({"job_id": int(number)}).encode()
            headers = {"Content-Type": "application/json"}
            answer = await world.ask("DELETE", "/scheduler/job", body, headers=headers)
        assert (answer.status, answer.message) == (200, "Job deleted"), where
        assert (await world.job(number)).status == 210


async def test_16_somebody_elses_job_is_not_deleted(world: World) -> None:
    number = await world.submit(HELLO)
    answer = await world.ask("DELETE", "/scheduler/job", {"job_id": number}, user="ben")
    assert (answer.status, answer.code) == (400, "CLIENT_NOT_OWNER")
    assert answer.message == "You are not the owner of this resource"
    assert (await world.job(number)).message["job_state"] == "Q"


async def test_17_an_unknown_job_is_not_deleted(world: World) -> None:
    answer = await world.ask("DELETE", "/scheduler/job", {"job_id": "4711"})
    assert answer.status == 500
    assert answer.message == "Unable to retrieve this job. Job may have terminated"


async def test_18_two_ids_in_one_delete_nothing(world: World) -> None:
    first, second = await world.submit(HELLO), await world.submit(HELLO)
    answer = await world.ask("DELETE", "/scheduler/job", {"job_id": f"{first} {second}"})
    assert answer.status == 400
    for number in (first, second):
        assert (await world.job(number)).status == 200


async def test_19_queues_are_for_administrators(world: World) -> None:
    answer = await world.ask("POST", "/scheduler/queue", {"name": "mine", "type": "alwayson"})
    assert (answer.status, answer.message) == (401, "Not authorized")


async def test_20_a_queue_is_made_once(world: World) -> None:
    form = {"name": "night", "type": "ondemand"}
    first = await world.ask("POST", "/scheduler/queue", form, user="boss")
    second = await world.ask("POST", "/scheduler/queue", form, user="boss")
    assert (first.status, first.json["success"], first.message) == (200, True, "Queue created")
    assert (second.status, second.json["success"]) == (200, False)
    assert second.message == "Queue already exist. Delete it first"


async def test_21_several_options_on_one_line_all_count(world: World) -> None:
    answer = await world.job(await world.submit("#PBS -V -j oe -o out.log\ntrue\n"))
    assert answer.message["Join_Path"] == "oe"
    assert re.fullmatch(r"login1:/home/ada/soca_job_output/_\w{10}/out\.log", answer.message["Output_Path"])
    assert set(answer.message["Variable_List"]) == {
        *("HOME", "LOGNAME", "USER", "SHELL", "PATH"),
        *("PBS_O_HOME", "PBS_O_LOGNAME", "PBS_O_SHELL", "PBS_O_PATH"),
        *("PBS_O_WORKDIR", "PBS_O_SYSTEM", "PBS_O_QUEUE", "PBS_O_HOST"),
    }


async def test_22_resources_of_clouds_are_taken_and_shown(world: World) -> None:
    script = "#PBS -l nodes=1,instance_type=c5.xlarge+m5.large -l scratch_size=100,spot_price=auto\ntrue\n"
    answer = await world.post(script)
    assert answer.status == 200
    assert any("spot_price" in warning for warning in answer.json["warnings"])
    shown = (await world.job(answer.message)).message["Resource_List"]
    assert shown["instance_type"] == "c5.xlarge+m5.large"
    assert shown["scratch_size"] == "100"
    assert shown["spot_price"] == "auto"


async def test_23_the_root_key_alone_makes_users_and_no_jobs(world: World) -> None:
    root = {"X-SOCA-TOKEN": ROOT}
    form = {"user": "eve", "password": "Lovelace-1", "sudoers": "1", "email": "eve@example.org", "uid": "0"}
    made = await world.ask("POST", "/ldap/user", form | {"gid": "0"}, user=None, headers=root)
    assert (made.status, made.message) == (200, "Added user")
    job = await world.ask("POST", "/scheduler/job", {"payload": encoded(HELLO)}, user=None, headers=root)
    assert job.status == 500
    assert job.message == "Unable to retrieve request owner. X-SOCA-USER must be set"
    acting = await world.ask(
        "POST", "/scheduler/job", {"payload": encoded(HELLO)}, user=None, headers=root | {"X-EDH-USER": "ada"}
    )
    assert (await world.job(acting.message)).message["Job_Owner"] == "ada@login1"


@pytest.mark.parametrize("name", ["inf", "005", "1e5"])
async def test_24_what_looks_like_a_number_stays_text(world: World, name: str) -> None:
    script = f"#PBS -N {name} -P 007\n#PBS -v 'Q=a\\\"b,B=c\\d,N=12'\ntrue\n"
    number = await world.submit(script)
    one, many = await world.job(number), await world.ask("GET", "/scheduler/jobs")
    assert many.message[f"{number}.head1"] == one.message
    assert one.message["Job_Name"] == name
    assert one.message["project"] == "007"
    assert one.message["Variable_List"]["N"] == "12"
    assert one.message["Variable_List"]["B"] == "c\\d"
    assert '"' in one.message["Variable_List"]["Q"]
