"""Clients that others wrote sign, and the running server judges: botocore, requests-aws4auth and curl.

What a client sends is written down by a listener of ours and sent on from there, as it was and with a byte
altered. The host that was signed is that listener's, which is the client's choice (spec sigv4, section 9).
"""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from msgspec import Struct
from requests_aws4auth import AWS4Auth

from headgate import registry
from headgate.testing.server import Server, running
from tests.integration.engines.local.rig import wait_until

pytestmark = [
    pytest.mark.skipif("nifcloud" not in registry.DIALECTS, reason="this face is not served"),
    pytest.mark.xdist_group("signers"),  # one server serves them all
]

REGION, SERVICE = "jp-east-1", "hpc-api"
JSON = "application/json;charset=utf-8"
SUBMISSION = b'{"jobfile":"work/none.sh"}'
ROUTES = [
    ("GET", "/jobs", b""),
    ("GET", "/jobs?a=1&b=%20x", b""),
    ("GET", "/jobs/4711", b""),
    ("DELETE", "/jobs/4711", b""),
    ("POST", "/jobs", SUBMISSION),
    ("POST", "/files/sync", b'{"path":"work/in","direction":"from_online","delete":true}'),
    ("GET", "/files/sync/1", b""),
]


class Key(Struct, frozen=True):
    """What `headgate key create` prints."""

    access_key: str
    secret_key: str


Send = Callable[[Key, str, str, bytes], None]
"""Sends one request: key, method, address, body."""


def botocore(key: Key, method: str, url: str, body: bytes) -> None:
    """Signs as the NIFCLOUD SDK for Python does, which is made of it."""
    request = AWSRequest(method, url, {"Content-Type": JSON} if body else {}, body)
    SigV4Auth(Credentials(key.access_key, key.secret_key), SERVICE, REGION).add_auth(request)
    URLLib3Session().send(request.prepare())


def requests_aws4auth(key: Key, method: str, url: str, body: bytes) -> None:
    """Sends the hash of the body, too, and signs it."""
    auth = AWS4Auth(key.access_key, key.secret_key, REGION, SERVICE)
    headers = {"Content-Type": JSON} if body else {}
    requests.request(method, url, data=body or None, headers=headers, auth=auth, timeout=10)


def curl(key: Key, method: str, url: str, body: bytes) -> None:
    """As a shell script would."""
    sending = ["--header", f"Content-Type: {JSON}", "--data-binary", body.decode()] if body else []
    subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--max-time", "10", "--config", "-"),
            *("--request", method, "--aws-sigv4", f"aws:amz:{REGION}:{SERVICE}", *sending, url),
        ],
        input=f'user = "{key.access_key}:{key.secret_key}"\n'.encode(),
        check=True,
    )


def _curl_signs() -> bool:
    if shutil.which("curl") is None:
        return False
    told = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=False)
    return "--aws-sigv4" in told.stdout


SIGNERS = [
    botocore,
    requests_aws4auth,
    pytest.param(curl, marks=pytest.mark.skipif(not _curl_signs(), reason="no curl here that signs")),
]
each_signer = pytest.mark.parametrize("send", SIGNERS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the user ada."""
    with running(tmp_path_factory.mktemp("signers") / "data") as started:
        started.add_user("ada", "engine", os_account="nobody")
        yield started


@pytest.fixture(scope="module")
def key(server: Server) -> Key:
    """Of ada."""
    return new_key(server)


def new_key(server: Server) -> Key:
    return Key(**server.add_key("ada"))


def written_down(send: Send, key: Key, method: str, target: str, body: bytes) -> bytes:
    """The bytes of a request as this client sends them."""

    def listen() -> bytes:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as sent:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = sent.readline()
                assert line, "the client went away in the middle of its headers"
                head += line
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            received = sent.read(int(length[1]) if length else 0)
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        return head + received

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        listener.settimeout(10)
        listening = threads.submit(listen)
        send(key, method, f"http://127.0.0.1:{listener.getsockname()[1]}{target}", body)
        return listening.result(10)


def answer(server: Server, request: bytes) -> tuple[int, str]:
    """Status and, of an error, its code."""
    host, _, port = server.url.removeprefix("http://").strip("/").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection, method=request.partition(b" ")[0].decode())
        response.begin()
        body = response.read()
    said = json.loads(body) if body else {}
    return response.status, said.get("code", "") if isinstance(said, dict) else ""


def is_in(server: Server, request: bytes) -> bool:
    """Whether the signature was accepted, whatever became of the request then."""
    status, code = answer(server, request)
    assert status not in (403, 405, 500)
    assert code != "Client.URLNotFound"
    return status != 401


def altered(request: bytes) -> dict[str, bytes]:
    """The same, one thing about it changed; each goes to a route that there is."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, rest = head.split(b"\r\n", 1)
    method, target, version = first.split(b" ")

    def again(*, line: bytes = first, headers: bytes = rest, content: bytes = body) -> bytes:
        return line + b"\r\n" + headers + b"\r\n\r\n" + content

    another = b"%s %s %s"
    more = b"&c" if b"?" in target else b"?c"
    found = {
        "query": again(line=another % (method, target + more, version)),
        "host": again(headers=re.sub(rb"(?i)(\nhost: *|^host: *)127", rb"\g<1>128", rest)),
        "date": again(
            headers=re.sub(
                rb"(?i)(x-amz-date: *\d{8}T\d{5})(\d)", lambda of: of[1] + b"%d" % (9 - int(of[2])), rest
            )
        ),
        "signature": again(
            headers=re.sub(
                rb"(Signature=\w{63})(\w)", lambda of: of[1] + (b"0" if of[2] != b"0" else b"1"), rest
            )
        ),
        "key": again(headers=re.sub(rb"(Credential=\w{19})(\w)", rb"\g<1>_", rest)),
    }
    if target == b"/jobs/4711":
        other = b"DELETE" if method == b"GET" else b"GET"
        found["method"] = again(line=another % (other, target, version))
        found["path"] = again(line=another % (method, b"/jobs/4712", version))
    if body:
        found["body"] = again(content=body[:-2] + b" }")
        found["content type"] = again(headers=rest.replace(b"utf-8", b"UTF-8"))
    assert all(changed != request for changed in found.values()), "something was left as it was"
    return found


@each_signer
@pytest.mark.parametrize(("method", "target", "body"), ROUTES)
def test_a_request_is_accepted_as_its_client_signed_it_and_refused_when_altered(
    server: Server, key: Key, send: Send, method: str, target: str, body: bytes
) -> None:
    request = written_down(send, key, method, target, body)
    assert is_in(server, request)
    for what, changed in altered(request).items():
        assert answer(server, changed) == (401, "Client.AuthFailurePermission"), what
    assert is_in(server, request)


def test_a_body_in_chunks_is_the_body(server: Server, key: Key) -> None:
    """A signature is over what was sent, whatever framed it (spec sigv4, section 2)."""
    request = written_down(botocore, key, "POST", "/jobs", SUBMISSION)
    head, _, body = request.partition(b"\r\n\r\n")
    head = re.sub(rb"(?i)\r\ncontent-length: *\d+", b"\r\nTransfer-Encoding: chunked", head)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    assert is_in(server, head + b"\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert not is_in(server, head + b"\r\n\r\n" + chunks + b"1\r\n \r\n0\r\n\r\n")


def test_a_key_that_was_disabled_is_out_within_a_second(server: Server) -> None:
    key = new_key(server)
    request = written_down(botocore, key, "GET", "/jobs", b"")
    assert answer(server, request)[0] == 200
    server.here("key", "disable", key.access_key)
    wait_until(lambda: not is_in(server, request))
    server.here("key", "enable", key.access_key)
    wait_until(lambda: is_in(server, request))
    server.here("key", "remove", key.access_key)
    wait_until(lambda: not is_in(server, request))


def test_the_log_names_keys_and_holds_no_secret(server: Server, key: Key) -> None:
    request = written_down(botocore, key, "GET", "/jobs", b"")
    answer(server, altered(request)["query"])
    log = server.log.read_text()
    assert re.search(rf'"key": ?"{key.access_key}"', log) or f"key={key.access_key}" in log
    assert key.secret_key not in log
    assert "Signature=" not in log
