"""What nobody should send, on a real server: the documented error, nothing submitted, nothing written."""

import os
from base64 import b64encode
from pathlib import Path

import pytest

from tests.integration.soca.conftest import Site


def payload(script: bytes) -> dict[str, str]:
    return {"payload": b64encode(script).decode()}


def tree(site: Site) -> list[str]:
    return sorted(str(path) for path in Path(site.homes).rglob("*"))


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"payload": "not base64!"}, 400, "CLIENT_INVALID_PARAMETER"),
        ({"payload": "abc"}, 400, "CLIENT_INVALID_PARAMETER"),
        (payload(b"\x7fELF\x02\xff\xfe"), 400, "CLIENT_INVALID_PARAMETER"),
        (payload(b"#!/bin/bash\necho \0\n"), 400, "QSUB_DIRECTIVE"),
        (payload(b"#PBS -l ami_id=x\ntrue\n"), 400, "QSUB_DIRECTIVE"),
        (payload(b"#PBS -q no/such;queue\ntrue\n"), 400, "QSUB_DIRECTIVE"),
        (payload(b"true\n" * 300_000), 413, "TOO_LARGE"),
        (payload(b"true\n") | {"job_name": "x\n#PBS -q high"}, 400, "CLIENT_INVALID_PARAMETER"),
        (payload(b"true\n") | {"job_name": "x -q high"}, 400, "QSUB_DIRECTIVE"),
        (payload(b"true\n") | {"queue": "-h"}, 500, "UNKNOWN_QUEUE"),
        (payload(b"true\n") | {"input_file_path": "../../etc"}, 400, "CLIENT_INVALID_PARAMETER"),
        (payload(b"true\n") | {"input_file_path": "/etc/cron.d"}, 400, "CLIENT_INVALID_PARAMETER"),
        (payload(b"true\n") | {"interpreter": "/bin/bash"}, 401, "API_DISABLED"),
        (payload(b"#PBS -l select=1:ncpus=4000\ntrue\n"), 500, "QSUB_ERROR"),
        (payload(b"#PBS -u root\ntrue\n"), 500, "QSUB_ERROR"),
    ],
)
def test_a_bad_submission_changes_nothing(site: Site, form: dict[str, str], status: int, code: str) -> None:
    with site.http("boss") as http:
        before, written = http.get("/scheduler/jobs?history=1").json(), tree(site)
        answer = http.post("/scheduler/job", data=form)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json()["success"] is False
        assert http.get("/scheduler/jobs?history=1").json() == before
        assert tree(site) == written


def test_dots_in_the_middle_of_a_path_are_refused(site: Site) -> None:
    form = payload(b"true\n") | {"input_file_path": f"{site.homes}/ada/../../etc"}
    with site.http() as http:
        assert http.post("/scheduler/job", data=form).status_code == 400


def test_a_link_out_of_the_home_leads_where_the_account_may_go_and_no_further(site: Site) -> None:
    home = site.homes / "ben"
    home.mkdir(exist_ok=True)
    (home / "out").symlink_to("/etc")
    if os.geteuid() == 0:
        os.chown(home, 65534, 65534)
    elif os.access("/etc", os.W_OK):
        pytest.skip("this account may write /etc")
    with site.http("ben") as http:
        form = payload(b"true\n") | {"input_file_path": str(home / "out")}
        number = http.post("/scheduler/job", data=form).json()["message"]
    found = site.ended(number, "ben")
    assert found["Exit_status"] == -1
    assert "can't be left" in found["comment"]
    assert not list(Path("/etc").glob("job_submit_*"))


def test_a_hundred_megabytes_are_refused_before_they_are_read(site: Site) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(100 * 1024 * 1024)}
    with site.http() as http:
        answer = http.post("/scheduler/job", content=(b"a" * 65536 for _ in range(1600)), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "TOO_LARGE"
    assert answer.json()["success"] is False


def test_a_script_with_the_line_ends_of_windows_runs(site: Site) -> None:
    with site.http() as http:
        answer = http.post(
            "/scheduler/job", data=payload(b"#!/bin/bash\r\n#PBS -N crlf\r\nexit 3\r\n")
        ).json()
    assert any("CR LF" in warning for warning in answer["warnings"])
    assert site.ended(answer["message"])["Exit_status"] == 3


def test_files_are_those_of_the_account(site: Site, tmp_path: Path) -> None:
    with site.http() as http:
        shown = http.get("/system/files", params={"file": "/etc/hostname"})
        assert (shown.status_code, shown.json()["message"]) == (200, Path("/etc/hostname").read_text())
        if os.geteuid() == 0:
            for path in ("/etc/shadow", "/etc/../etc/shadow", str(site.server.data / "secret.key")):
                answer = http.get("/system/files", params={"file": path})
                assert (answer.status_code, answer.json()["code"]) == (500, "FILE_ERROR")
            form = {"file_name": b64encode(b"/etc/x").decode(), "file_content": b64encode(b"y").decode()}
            assert http.post("/system/files", data=form).json()["code"] == "FILE_ERROR"
            assert not Path("/etc/x").exists()
