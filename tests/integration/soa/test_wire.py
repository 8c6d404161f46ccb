"""Sessions as programs that are not ours use them: the whole order of calls by curl, against a whole server
with real hosts; two clients at once; and what goes wrong on the way.
"""

import json
import re
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.dialects.windowshpc.fault_numbers import NUMBERS
from headgate.testing.server import Server, running

PAGES = Path(__file__).parents[2] / "compliance" / "windowshpc" / "soa"
PUBLISHED = (PAGES / "requests.xml").read_text()
ENVELOPE = PUBLISHED[PUBLISHED.index("<s:Envelope") : PUBLISHED.index("</requests>")]
VERSION = {"api-version": "2011-11-01"}
START = {
    "ServiceName": "CcpEchoSvc",
    "Username": None,
    "Password": None,
    "MaxMessageSize": 65536,
    "Runtime": -1,
    "MinUnits": 1,
    "MaxUnits": 1,  # else a busy session takes every core, and another waits until it shrinks
}
pytestmark = pytest.mark.xdist_group("soa-wire")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("soa") / "data") as server:
        for name in ("ann", "ben"):
            server.add_user(name, "pw", os_account="nobody")
        yield server


def client(server: Server, user: str = "ann") -> httpx.Client:
    headers = {**VERSION, "Accept": "application/json"}
    return httpx.Client(base_url=f"{server.url}/WindowsHPC", auth=(user, "pw"), headers=headers, timeout=30)


@pytest.fixture
def ann(server: Server) -> Iterator[httpx.Client]:
    with client(server) as ann:
        yield ann


@pytest.fixture
def session(ann: httpx.Client) -> Iterator[str]:
    """The address of a session of ann's that others may use."""
    made = ann.post("/Sessions/Create?durable=false", json={**START, "ShareSession": True})
    assert made.status_code == 201, made.text
    yield f"/Session/{made.json()['Id']}"
    ann.post(f"/Session/{made.json()['Id']}/Close")


def echoes(document: bytes) -> list[str]:
    return re.findall(r"<EchoResult>\w+:(\w*)</EchoResult>", document.decode())


def requests(batch: str, *words: str) -> bytes:
    """An array of requests, each with an id of its own."""
    one = ENVELOPE.replace("batch1", batch)
    each = [
        one.replace("hello", word).replace("555555555555", f"{number:012}")
        for number, word in enumerate(words)
    ]
    return f"<r>{''.join(each)}</r>".encode()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["Code"]) == (status, NUMBERS[code]), answer.text


# ---- the order of calls


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_whole_order_of_calls_by_curl(server: Server, tmp_path: Path) -> None:
    def curl(*arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
        done = subprocess.run(
            ["curl", "-sS", "-u", "ann:pw", "-H", "api-version: 2011-11-01", "-o", tmp_path / "answer", "-w",
             "%{http_code}", *arguments],
            input=stdin, capture_output=True, check=True,
        )  # fmt: skip
        return int(done.stdout), (tmp_path / "answer").read_bytes()

    url = f"{server.url}/WindowsHPC"
    assert b"<Name>Name</Name>" in curl(f"{url}/Clusters")[1]
    start = ("-H", "Content-Type: application/json", "-d", json.dumps(START))
    status, made = curl(*start, f"{url}/sessions/create?durable=False")
    assert status == 201
    session = re.search(rb"<Id>(\d+)</Id>", made)
    assert session is not None
    assert server.url.removeprefix("http://").encode() in made
    batch = f"{url}/session/{session[1].decode()}/batch/batch1"
    # Chunked, as all clients of this protocol upload.
    assert curl("-T", "-", "-X", "POST", batch, stdin=PUBLISHED.encode()) == (200, b"")
    assert curl("-d", "", f"{batch}/Commit") == (201, b"")
    status, answers = curl("-d", "", f"{batch}/Response?clientdata=cd-7")
    assert (status, echoes(answers)) == (200, ["hello"])
    assert b"<Count>1</Count><Reason>Success</Reason>" in answers
    assert curl(f"{batch}/Status")[1].endswith(b">Finished</BrokerClientStatus>")
    assert curl("-d", "", f"{batch}/Purge") == (200, b"")
    assert curl("-d", "", f"{url}/Session/{session[1].decode()}/Close") == (200, b"")


def test_two_clients_have_a_batch_each(server: Server, ann: httpx.Client, session: str) -> None:
    with client(server, "ben") as ben:
        for number in range(3):
            for name, one in (("a", ann), ("b", ben)):
                sent = one.post(f"{session}/batch/{name}", content=requests(name, f"{name}{number}"))
                assert sent.status_code == 200
                # The same id again, in another upload: a duplicate.
                assert one.post(f"{session}/batch/{name}", content=requests(name, "again")).status_code == 200
        for name, one in (("a", ann), ("b", ben)):
            assert one.post(f"{session}/batch/{name}/Commit").status_code == 201
            assert echoes(one.post(f"{session}/batch/{name}/Response").content) == [f"{name}0"]
        refused(ben.post(f"{session}/batch/a/Response"), 403, "AccessDenied_BrokerQueue")
        refused(ben.post(f"{session}/batch/a", content=requests("a", "x")), 403, "AccessDenied_BrokerQueue")
        refused(ben.post(f"{session}/Close"), 403, "AccessDenied_Broker")


def test_the_generic_form(ann: httpx.Client, session: str) -> None:
    batch = f"{session}/batch/generic"
    words = ["red", "", "<&>", "ü"]
    body = "".join(f"{word}\uffffu{word}\0" for word in words).encode()
    assert ann.post(f"{batch}?genericservice=true&commit=true", content=body).status_code == 201
    answers = ann.post(f"{batch}/Response?genericservice=true").content.decode().split("\0")
    assert answers.pop() == ""
    assert answers.pop() == "http://hpc.microsoft.com/EndOfGetResponse\uffff4\uffffSuccess"
    found = {data: output for _, output, data in (one.split("\uffff") for one in answers)}
    assert sorted(found) == sorted(f"u{word}" for word in words)
    assert all(output.endswith(f" (GenericService): {data[1:]}") for data, output in found.items())


def test_answers_come_while_the_upload_goes_on(server: Server, ann: httpx.Client, session: str) -> None:
    """An upload that is not over, and a read that is not over, at the same time."""
    number = session.rpartition("/")[2]
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as upload:
        upload.sendall(head(f"/WindowsHPC/Session/{number}/batch/slow"))
        send_chunk(upload, b"<r>" + ENVELOPE.replace("batch1", "slow").encode())
        wait_until(lambda: ann.get(f"{session}/batch/slow/Status").text == "1")
        with ann.stream("POST", f"{session}/batch/slow/Response") as reading:
            parts = reading.iter_bytes()
            seen = next(parts)
            while b"EchoResult" not in seen:
                seen += next(parts)
            send_chunk(upload, requests("slow", "more")[3:])
            upload.sendall(b"0\r\n\r\n")
            assert upload.recv(100).startswith(b"HTTP/1.1 200 ")
            assert ann.post(f"{session}/batch/slow/Commit").status_code == 201
            seen += b"".join(parts)
    assert echoes(seen) == ["hello", "more"]


def test_a_client_that_breaks_off_leaves_a_batch_that_goes_on(
    server: Server, ann: httpx.Client, session: str
) -> None:
    number = session.rpartition("/")[2]
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as upload:
        upload.sendall(head(f"/WindowsHPC/Session/{number}/batch/broken?commit=true"))
        send_chunk(upload, requests("broken", "one")[:-4] + b"<s:Envelope xm")
        wait_until(lambda: ann.get(f"{session}/batch/broken/Status").text == "1")
    assert ann.get(f"{session}/batch/broken/Status").text == "1"
    again = requests("broken", "one", "two")
    assert ann.post(f"{session}/batch/broken?commit=true", content=again).status_code == 201
    assert sorted(echoes(ann.post(f"{session}/batch/broken/Response").content)) == ["one", "two"]


# ---- what is wrong

WRONG: dict[str, tuple[bytes, int, str]] = {
    "half an envelope": (PUBLISHED[:-40].encode(), 400, "InvalidArgument"),
    "SOAP 1.1": (
        PUBLISHED.replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/").encode(),
        400,
        "InvalidArgument",
    ),
    "a bomb": (
        b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>', 400, "InvalidArgument"
    ),
    "a file": (b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', 400, "InvalidArgument"),
    "deep": (b"<r>" + ENVELOPE.replace("hello", "<x>" * 5000).encode(), 400, "InvalidArgument"),
    "no XML": (b"hello", 400, "InvalidArgument"),
    "much user data": (PUBLISHED.replace("item 1", "u" * 1025).encode(), 400, "InvalidArgument"),
    "another batch": (PUBLISHED.replace("batch1", "other").encode(), 400, "Broker_ClientIdNotMatch"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_and_the_session_goes_on(ann: httpx.Client, session: str, name: str) -> None:
    body, status, code = WRONG[name]
    refused(ann.post(f"{session}/batch/batch1", content=body), status, code)
    assert ann.post(f"{session}/batch/batch1?commit=true", content=PUBLISHED.encode()).status_code == 201
    assert echoes(ann.post(f"{session}/batch/batch1/Response").content) == ["hello"]


def test_a_message_of_a_gigabyte_is_refused_early_and_fills_no_memory(
    server: Server, ann: httpx.Client, session: str
) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b"<r>" + ENVELOPE[: ENVELOPE.index("hello")].encode()
        for _ in range(1 << 14):
            sent += 1 << 16
            yield b"x" * (1 << 16)

    before = peak(server)
    try:
        refused(ann.post(f"{session}/batch/large", content=body()), 413, "InvalidArgument")
    except httpx.WriteError:
        pass  # the answer came while this client was still sending
    assert sent < 1 << 28
    assert peak(server) - before < 64 << 10
    assert ann.get(f"{session}/batch/large/Status").text == "0"


def peak(server: Server) -> int:
    """The most memory the server has had, in KiB."""
    assert server._process is not None
    status = Path(f"/proc/{server._process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


def test_a_session_that_is_not_there_and_a_service_that_is_not(ann: httpx.Client) -> None:
    refused(ann.post("/Session/4711/batch/b", content=PUBLISHED.encode()), 404, "InvalidSessionId")
    refused(ann.post("/Session/4711/batch/b/Response"), 404, "InvalidSessionId")
    unknown = {**START, "ServiceName": "Nothing"}
    refused(ann.post("/Sessions/Create?durable=true", json=unknown), 404, "Service_NotFound")
    refused(ann.get("/SoaService/Nothing/Versions"), 404, "Service_NotFound")


def test_a_committed_batch_takes_no_more(ann: httpx.Client, session: str) -> None:
    batch = f"{session}/batch/batch1"
    refused(ann.post(f"{batch}/Commit"), 400, "Broker_EOMReject_NoRequest")
    assert ann.post(f"{batch}?commit=true", content=PUBLISHED.encode()).status_code == 201
    answer = ann.post(batch, content=requests("batch1", "later"))
    assert answer.status_code == 400
    assert answer.json()["Code"] in {
        NUMBERS[f"Broker_EOM{code}"] for code in ("Rejected", "Reject_EndRequests")
    }


def test_a_job_that_is_no_session_can_not_be_attached_to(ann: httpx.Client) -> None:
    job = ann.post("/Jobs", content=b"", headers={"Content-Type": "application/xml"})
    number = re.search(r">(\d+)<", job.text)
    assert number is not None
    answer = ann.get(f"/Session/{number[1]}/Attach?durable=true")
    assert answer.json()["Code"] in (
        NUMBERS["Session_ValidateJobFailed_NotServiceJob"],
        NUMBERS["InvalidSessionId"],
    )


# ---- what a socket says


def head(target: str) -> bytes:
    return (
        f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YW5uOnB3\r\napi-version: 2011-11-01\r\n"
        "Transfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n\r\n"
    ).encode()


def send_chunk(upload: socket.socket, data: bytes) -> None:
    upload.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def wait_until(true: Any) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come true")


def test_a_reader_that_stalls_holds_up_no_other_session(
    server: Server, ann: httpx.Client, session: str
) -> None:
    """More answers than sockets hold lie before a reader that reads nothing; the broker has them still."""
    words = [f"{number:04}" + "x" * 4000 for number in range(1500)]
    for first in range(0, len(words), 500):
        some = [
            ENVELOPE.replace("batch1", "stalled").replace("hello", word).replace("555555555555", word[:12])
            for word in words[first : first + 500]
        ]
        assert ann.post(f"{session}/batch/stalled", content=f"<r>{''.join(some)}</r>").status_code == 200
    assert ann.post(f"{session}/batch/stalled/Commit").status_code == 201
    host, port = server.url.removeprefix("http://").split(":")
    secret = b64encode(b"ann:pw").decode()
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((host, int(port)))
        stalled.sendall(
            f"POST /WindowsHPC{session}/batch/stalled/Response HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Basic {secret}\r\napi-version: 2011-11-01\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert stalled.recv(4096).startswith(b"HTTP/1.1 200")
        made = ann.post("/Sessions/Create?durable=false", json=START)
        other = f"/Session/{made.json()['Id']}"
        sent = [f"w{number}" for number in range(100)]
        assert ann.post(f"{other}/batch/b?commit=true", content=requests("b", *sent)).status_code == 201
        assert sorted(echoes(ann.post(f"{other}/batch/b/Response").content)) == sorted(sent)
        assert ann.post(f"{other}/Close").status_code == 200
        # A batch beside it in the same session, too.
        assert ann.post(f"{session}/batch/c?commit=true", content=requests("c", "beside")).status_code == 201
        assert echoes(ann.post(f"{session}/batch/c/Response").content) == ["beside"]
    assert sorted(echoes(ann.post(f"{session}/batch/stalled/Response?reset=true").content)) == words
