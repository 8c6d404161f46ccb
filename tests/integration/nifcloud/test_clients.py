"""Programs that sign by themselves are let in as they are: only the address is another."""

import json
import shutil
import subprocess
from collections.abc import Callable

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
import requests
from requests_aws4auth import AWS4Auth

from tests.integration.nifcloud.conftest import Site

pytestmark = pytest.mark.xdist_group("nifcloud")  # one server serves them all

Ask = Callable[[Site, str, str, str], tuple[int, str]]
SCOPE = ("jp-east-1", "hpc-api")
SCRIPT = "#!/bin/sh\n#PJM -L elapse=1:00\nsleep 100\n"
BODY = json.dumps({"jobfile": "signed.sh"})
TYPE = {"Content-Type": "application/json;charset=utf-8"}


@pytest.fixture(autouse=True)
def script(site: Site) -> None:
    site.put("signed.sh", SCRIPT)


def by_botocore(site: Site, method: str, path: str, body: str) -> tuple[int, str]:
    key = site.signers["ada"]
    credentials = botocore.credentials.Credentials(key.access_key, key.secret_key)
    request = botocore.awsrequest.AWSRequest(
        method, site.server.url + path, data=body or None, headers=TYPE if body else {}
    )
    botocore.auth.SigV4Auth(credentials, SCOPE[1], SCOPE[0]).add_auth(request)
    answer = httpx.request(method, site.server.url + path, content=body, headers=dict(request.headers))
    return answer.status_code, answer.text


def by_aws4auth(site: Site, method: str, path: str, body: str) -> tuple[int, str]:
    key = site.signers["ada"]
    answer = requests.request(
        method,
        site.server.url + path,
        data=body or None,
        headers=TYPE if body else {},
        auth=AWS4Auth(key.access_key, key.secret_key, *SCOPE),
        timeout=20,
    )
    return answer.status_code, answer.text


def by_curl(site: Site, method: str, path: str, body: str) -> tuple[int, str]:
    key = site.signers["ada"]
    more = ["-H", "Content-Type: application/json", "--data", body] if body else []
    done = subprocess.run(
        [
            *("curl", "-sS", "-X", method, "-w", "\n%{http_code}", "-K", "-"),
            *("--aws-sigv4", f"aws:amz:{':'.join(SCOPE)}", *more, site.server.url + path),
        ],
        input=f'user = "{key.access_key}:{key.secret_key}"',
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text


@pytest.mark.parametrize("ask", [by_botocore, by_aws4auth, by_curl])
def test_a_client_submits_polls_lists_syncs_and_cancels(site: Site, ask: Ask) -> None:
    if ask is by_curl and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    status, text = ask(site, "POST", "/jobs", BODY)
    assert status == 201, text
    number = json.loads(text)["job_id"]
    try:
        status, text = ask(site, "GET", f"/jobs/{number}", "")
        assert (status, json.loads(text)["job_name"]) == (200, "signed.sh")
        status, text = ask(site, "GET", "/jobs", "")
        assert str(number) in [one["job_id"] for one in json.loads(text)]
        assert ask(site, "GET", "/files/sync/2147483647", "") == (200, '{"status":"error: no such ID"}')
    finally:
        assert ask(site, "DELETE", f"/jobs/{number}", "") == (204, "")
