"""The traps of the contracts that only bytes on a connection show (hpcpack-2016, 1 and 7; windowshpc, 8)."""

import base64
import re
import socket

import httpx
import pytest

from headgate.formats import hpcpack_xml as xml
from headgate.testing.server import Server
from tests.integration.hpcpack.conftest import ADA

LOGIN = "Authorization: Basic " + base64.b64encode(":".join(ADA).encode()).decode()
EMPTY = '<ArrayOfProperty xmlns="http://schemas.microsoft.com/HPCS2008R2/common"/>'


def ask(server: Server, start: str, *headers: str, body: str = "") -> tuple[int, str, str]:
    """Status, head and body of the answer to exactly these bytes."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    lines = [f"{start} HTTP/1.1", f"Host: {host}", "Connection: close", LOGIN, *headers, "", body]
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall("\r\n".join(lines).encode())
        got = b""
        while part := wire.recv(65536):
            got += part
    head, _, content = got.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, content


def new_job(server: Server) -> int:
    """A job with one task."""
    with server.http(ADA) as http:
        job: int = http.post("/hpc/jobs").raise_for_status().json()
        task = [{"Name": "CommandLine", "Value": "true"}, {"Name": "WorkDirectory", "Value": "/"}]
        http.post(f"/hpc/jobs/{job}/tasks", json=task).raise_for_status()
    return job


@pytest.mark.parametrize(
    "target",
    [
        "/hpc/cluster/version",
        "/HPC/Cluster/Version",
        "/Hpc//cluster//version/",
        "//hpc/cluster/version",
        "/WindowsHPC/Version",
        "/windowshpc/{cluster}//version",
        "/WindowsHpc/Version?api-version=2012-11-01.4.0",
        "//WindowsHPC//Version",
    ],
)
def test_the_root_is_found_in_any_case_and_with_doubled_slashes(server: Server, target: str) -> None:
    with server.http(ADA) as http:
        cluster = http.get("/hpc/cluster/activeHeadNode").json()
    status, _, body = ask(server, f"GET {target.replace('{cluster}', cluster)}")
    assert (status, re.findall(r"\d+\.\d+\.\d+\.\d+", body)) == (200, ["5.3.6450.0"])


@pytest.mark.parametrize("blank", ["+", "%20", " "])
@pytest.mark.parametrize("path", ["/hpc/jobs", "/WindowsHPC/Jobs"])
def test_a_blank_in_a_filter_arrives(server: Server, path: str, blank: str) -> None:
    new_job(server)
    words = "JobState eq Configuring and ChangeTimeFrom eq 01/31/2020 14:00:00".replace(" ", blank)
    assert "Configuring" in ask(server, f"GET {path}?rowsPerRead=1&properties=State&$filter={words}")[2]
    words = words.replace("2020", "2999")
    assert "State" not in ask(server, f"GET {path}?rowsPerRead=1&properties=State&$filter={words}")[2]


@pytest.mark.parametrize(
    "start",
    [
        "GET /WindowsHPC /Jobs?$filter=JobState eq Running",
        "GET /WindowsHPC/Jobs HTTP/1.1 ?$filter=JobState eq Running",
        "GET /WindowsHPC/Jobs?$filter=JobState HTTP/1.1",
        "GET  /WindowsHPC/Jobs?$filter=JobState eq Running",
    ],
)
def test_a_blank_elsewhere_in_the_request_line_is_not_put_right(server: Server, start: str) -> None:
    """RFC 9112, section 3: guessing what was meant would let a request past whoever filters before us."""
    assert ask(server, start)[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 0",),
        (),
        ("Content-Length: 0", "Content-Type: text/plain; charset=utf-8"),
        ("Content-Length: 0", "Content-Type: application/x-www-form-urlencoded"),
        ("Transfer-Encoding: chunked",),
    ],
)
@pytest.mark.parametrize(("root", "done"), [("/hpc/jobs/{}/submit", 204), ("/WindowsHPC/Job/{}/Submit", 200)])
def test_an_empty_body_is_never_411_or_415(
    server: Server, root: str, done: int, headers: tuple[str, ...]
) -> None:
    chunked = "0\r\n\r\n" if "Transfer-Encoding: chunked" in headers else ""
    status, head, body = ask(server, f"POST {root.format(new_job(server))}", *headers, body=chunked)
    assert (status, body) == (done, ""), head


@pytest.mark.parametrize("step", ["Jobs", "Job/{}/Submit", "Job/{}/Requeue"])
@pytest.mark.parametrize("body", ["", EMPTY, "<ArrayOfProperty></ArrayOfProperty>"])
def test_no_body_and_an_empty_element_are_the_same(server: Server, step: str, body: str) -> None:
    """To the face before 2016: create, submit, requeue."""
    job = new_job(server)
    if "Requeue" in step:
        assert ask(server, f"POST /WindowsHPC/Job/{job}/Cancel", "Content-Length: 0")[0] == 200
        # A job that has run nothing is canceled at once or is on its way: both are seen as the same state.
        assert ask(server, f"POST /WindowsHPC/Job/{job}/Submit", "Content-Length: 0")[0] == 400
    kind = ("Content-Type: application/xml",) if body else ()
    length = f"Content-Length: {len(body)}"
    status, _, _ = ask(server, f"POST /WindowsHPC/{step.format(job)}", length, *kind, body=body)
    assert status == 200


def test_the_continuation_header_is_there_while_rows_remain_and_needs_no_encoding(server: Server) -> None:
    for _ in range(3):
        new_job(server)
    seen: list[str] = []
    more = ""
    while True:
        target = f"/WindowsHPC/Jobs?Properties=Id&RowsPerRead=2&SortJobsBy=Id{more}"
        status, head, body = ask(server, f"GET {target}")
        page = [dict(row)["Id"] or "" for row in xml.read_rows(body.encode())]
        assert status == 200
        assert page
        seen += page
        token = re.search(r"(?i)x-ms-continuation-queryid: (\S+)", head)
        if token is None:
            assert "continuation" not in head.lower()
            break
        assert re.fullmatch(r"[\w.~-]+", token[1])
        more = f"&QueryId={token[1]}"
    assert seen == sorted(set(seen), key=int)


def test_paging_says_the_count_and_never_continues(server: Server) -> None:
    for _ in range(2):
        new_job(server)
    _, head, _ = ask(server, "GET /hpc/jobs?startRow=0&rowsPerRead=1&queryId=nonsense")
    assert "x-ms-continuation" not in head.lower()
    assert int(re.findall(r"(?i)x-ms-row-count: (\d+)", head)[0]) >= 2


def test_a_body_that_is_sent_after_the_challenge_is_read(server: Server) -> None:
    """Section 1.1: .NET clients send their request without credentials first, with all of its body."""
    body = [{"Name": "Name", "Value": "x" * 70}]
    with httpx.Client(base_url=server.url) as http:
        first = http.post("/hpc/jobs", json=body)
        assert first.status_code == 401
        assert first.headers["www-authenticate"].startswith("Basic ")
        assert http.post("/hpc/jobs", json=body, auth=ADA).status_code == 200


def test_the_text_that_clients_wait_for(server: Server) -> None:
    """hpcpack-model 6.2: until a subtask is expanded, in the raw bytes of every form."""
    with server.http(ADA) as http:
        job = http.post("/hpc/jobs").json()
        http.post(f"/hpc/jobs/{job}/tasks", json=[{"Name": "Type", "Value": "ParametricSweep"}])
    for target, headers in (
        (f"/hpc/jobs/{job}/tasks/1/subtasks/1", ()),
        (f"/hpc/jobs/{job}/tasks/1/subtasks/1", ("Accept: application/xml",)),
        (f"/WindowsHPC/Job/{job}/Task/1/SubTask/1", ()),
        (f"/WindowsHPC/Job/{job}/Task/1/SubTask/1", ("api-version: 2012-11-01.4.0",)),
    ):
        status, _, body = ask(server, f"GET {target}", *headers)
        assert status == 404
        assert "the specified subtask has not been expanded yet" in body
