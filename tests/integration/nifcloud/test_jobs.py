"""The way of a client: sign, submit a script from the storage, poll, find the output, or cancel."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.nifcloud.conftest import PASSWORD, Site, key_for

pytestmark = pytest.mark.xdist_group("nifcloud")  # one server serves them all

SCRIPT = """\
#!/bin/sh
#PJM -L "node=1,elapse=0:10:00,rscgrp=small"
#PJM -g proj01
echo "$PJM_JOBID in $(pwd)"
"""
WAITS = SCRIPT + "sleep 600\n"


def output(path: Path) -> str:
    """What a job wrote; it may take a moment to be there."""
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until, sorted(path.parent.iterdir())
        time.sleep(0.02)
    return path.read_text()


def test_a_script_of_the_storage_runs_there_and_leaves_its_output(site: Site) -> None:
    site.put("work/run.sh", SCRIPT)
    number = site.submit("work/run.sh")
    site.gone(number)
    root = site.storage / "ada"
    assert output(root / f"run.sh.{number}.out") == f"{number} in {root}\n"
    assert output(root / f"run.sh.{number}.err") == ""
    if os.geteuid() == 0:
        assert (root / f"run.sh.{number}.out").owner() == "nobody"
        assert (root.stat().st_mode & 0o777, root.owner()) == (0o700, "nobody")


def test_an_absolute_path_inside_the_storage_is_the_same_script(site: Site) -> None:
    site.put("run.sh", SCRIPT)
    site.gone(site.submit(str(site.storage / "ada" / "run.sh")))


def running_job(site: Site, user: str = "ada") -> tuple[int, dict[str, Any]]:
    """A job that runs until it is cancelled."""
    site.put("waits.sh", WAITS, user)
    number = site.submit("waits.sh", user)
    until = time.monotonic() + 20
    while (found := site.ask("GET", f"/jobs/{number}", user=user).json())["status"] != "RUN":
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return number, found


def test_a_running_job_is_shown_cancelled_and_then_gone(site: Site) -> None:
    number, found = running_job(site)
    listed = site.ask("GET", "/jobs")
    assert listed.headers["content-type"] == "application/json"
    [shown] = [one for one in listed.json() if one["job_id"] == str(number)]
    assert shown.keys() == found.keys()
    assert found | {"start_date": "", "accept": "", "elapse_time": "", "elapsed_time": ""} == {
        "job_id": str(number),
        "job_name": "waits.sh",
        "status": "RUN",
        "user": "ada",
        "group": "proj01",
        "start_date": "",
        "elapse_time": "",
        "elapsed_time": "",
        "node_require": "1",
        "priority": "127",
        "accept": "",
        "queue": "small",
        "Fugaku:elapse_limit": "0000:10:00",
        "Fugaku:elapsed_limit": "0000:10:00",
        "Fugaku:md": "NM",
        **{f"Fugaku:{name}": "-" for name in ("vnode", "core", "v_mem", "v_pol", "e_pol")},
        "Fugaku:rank": "bychip",
        "Fugaku:lst": "RNA",
        **{f"Fugaku:{name}": "0" for name in ("ec", "pc", "sn")},
        "Fugaku:reason": "-",
    }
    cancelled = site.ask("DELETE", f"/jobs/{number}")
    assert (cancelled.status_code, cancelled.content) == (204, b"")
    site.gone(number)
    assert site.ask("DELETE", f"/jobs/{number}").status_code == 404
    assert all(one["job_id"] != str(number) for one in site.ask("GET", "/jobs").json())


def test_other_faces_have_the_same_job_under_the_same_number(site: Site) -> None:
    number, _ = running_job(site)
    try:
        old = httpx.get(f"{site.server.url}/hpc/jobs/{number}", auth=("ada", PASSWORD))
        assert old.status_code == 200
        assert "waits.sh" in old.text
        data = str(site.server.data)
        token = subprocess.run(
            [sys.executable, "-m", "headgate", "token", "create", "ada", "--data", data],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        soca = httpx.get(
            f"{site.server.url}/api/scheduler/job",
            params={"job_id": number},
            headers={"X-SOCA-USER": "ada", "X-SOCA-TOKEN": token},
        ).json()
        assert soca["message"]["Job_Name"] == "waits.sh"
        assert soca["message"]["job_state"] == "R"
    finally:
        site.ask("DELETE", f"/jobs/{number}")


def test_jobs_of_others_are_not_there_for_anybody(site: Site) -> None:
    number, _ = running_job(site)
    try:
        for user in ("ben", "boss"):
            for method in ("GET", "DELETE"):
                answer = site.ask(method, f"/jobs/{number}", user=user)
                unknown = site.ask(method, "/jobs/2147483647", user=user)
                assert (answer.status_code, answer.json()) == (unknown.status_code, unknown.json())
                assert answer.json()["message"] == "Operation not permitted."
            assert site.ask("GET", "/jobs", user=user).json() == []
        assert site.ask("GET", f"/jobs/{number}").json()["status"] == "RUN"
    finally:
        site.ask("DELETE", f"/jobs/{number}")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "-",
            "--version",
            "missing.sh",
            ".",
            "folder",
            "a\0b",
            "../ben/run.sh",
            "folder/../../ben/run.sh",
        ),
        *("/etc/hostname", "/ben/run.sh", "passwd", "bens", "/proc/self/environ", "\udcff", "bad.sh"),
    ],
)
def test_what_is_no_script_of_ones_own_is_refused_alike_and_makes_no_job(site: Site, path: str) -> None:
    site.put("run.sh", SCRIPT, "ben")
    site.put("bad.sh", "#!/bin/sh\n#PJM -L node=none\ntrue\n")
    inside = site.storage / "ada"
    (inside / "folder").mkdir(exist_ok=True)
    for name, target in (("passwd", "/etc/passwd"), ("bens", "../ben/run.sh")):
        if not (inside / name).is_symlink():
            (inside / name).symlink_to(target)
    answer = site.ask("POST", "/jobs", {"jobfile": path})
    assert answer.status_code == 400
    assert answer.json() == {"code": "GeneralError", "message": "Operation failed."}
    assert site.ask("GET", "/jobs").json() == []


def test_who_has_no_os_account_submits_nothing(site: Site) -> None:
    if os.geteuid() != 0:
        pytest.skip("where the server is not root, everybody has its account")
    site.server.add_user("nameless", PASSWORD, role="user")
    site.signers["nameless"] = key_for(site.server, "nameless")
    answer = site.ask("POST", "/jobs", {"jobfile": "run.sh"}, user="nameless")
    assert answer.json() == {"code": "GeneralError", "message": "Operation failed."}
    assert site.ask("GET", "/jobs", user="nameless").json() == []


def test_a_signature_is_good_for_what_was_signed_alone(site: Site) -> None:
    url = site.server.url
    headers = dict(site.signers["ada"].headers("GET", f"{url}/jobs"))
    assert httpx.get(f"{url}/jobs", headers=headers).status_code == 200
    for path, text in (
        ("/jobs?a=1", "Authentication API abended."),
        ("/jobs/1", "Authentication API abended."),
    ):
        answer = httpx.get(url + path, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, text)
    answer = httpx.get(f"{url}/jobs")
    assert answer.json() == {
        "code": "Client.AuthFailureRequired.AccessKey",
        "message": "No access key was provided.",
    }


def test_of_several_content_encodings_every_one_counts(site: Site) -> None:
    body = b'{"jobfile": "missing"}'
    url = f"{site.server.url}/jobs"
    signed = list(site.signers["ada"].headers("POST", url, body).items())
    for first, second, said in (
        ("gzip", "identity", "Invalid Content-Type."),
        ("identity", "identity", "Operation failed."),
    ):
        more = [("content-encoding", first), ("content-encoding", second)]
        answer = httpx.post(url, content=body, headers=[*signed, *more])
        assert (answer.status_code, answer.json()["message"]) == (400, said)
