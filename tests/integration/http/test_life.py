"""Start and end of a server: what it refuses, TLS, and that nothing under way is lost."""

import os
import socket
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server, running
from tests.integration.http.conftest import ADA, Wire

SLEEP = {"tasks": [{"command": "sleep 3; echo woke", "work_directory": "/"}]}


def refused(server: Server) -> str:
    """What a server said that ended with exit status 1 instead of serving."""
    server.start(wait=False)
    assert server.process is not None
    assert server.process.wait(20) == 1
    return server.log.read_text()


def test_the_ready_line_tells_where(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        port = server.url.rpartition(":")[2]
        assert int(port) > 0
        assert server.ready_line.endswith(
            f"ready: http://127.0.0.1:{port} (engine local, data {tmp_path / 'data'})"
        )
        assert server.terminate() == 0


def test_a_second_server_on_one_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "data") as first:
        second = Server(tmp_path / "data")
        second.log = tmp_path / "second.log"
        assert "another headgate server is running" in refused(second)
        assert httpx.get(first.url + "/readyz").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_machines_are_not_served_without_tls(tmp_path: Path, host: str) -> None:
    assert "--tls-self-signed" in refused(Server(tmp_path / "data", ["--host", host]))


def test_other_machines_are_served_without_tls_if_one_insists(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--host", "0.0.0.0", "--insecure") as server:
        port = server.url.rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_a_certificate_of_our_own_making_is_used_again(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", ["--tls-self-signed"])
    certificate = tmp_path / "data" / "tls" / "cert.pem"
    kept = []
    try:
        for _ in range(2):
            server.start()
            assert server.url.startswith("https://127.0.0.1:")
            trusting = ssl.create_default_context(cafile=certificate)
            assert httpx.get(server.url + "/healthz", verify=trusting).status_code == 200
            with pytest.raises(httpx.ConnectError):
                httpx.get(server.url + "/healthz")
            kept.append(certificate.read_bytes())
            server.terminate()
    finally:
        server.stop()
    assert kept[0] == kept[1]
    assert (certificate.parent / "key.pem").stat().st_mode & 0o777 == 0o600


def test_a_handshake_that_stalls_is_ended_as_headers_that_do_not_come(tmp_path: Path) -> None:
    quick = {"HEADGATE_SERVER__HEADER_TIMEOUT_S": "0.5"}
    with running(tmp_path / "data", "--tls-self-signed", environment=quick) as server:
        port = int(server.url.rpartition(":")[2])
        for begun in (b"", b"\x16\x03\x01\x02\x00\x01"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as stalled:
                stalled.sendall(begun)
                assert stalled.recv(10) == b"", "uvloop's own minute is longer than this waits"


@pytest.mark.parametrize("fronts", ["0", "1"])
def test_the_end_waits_for_requests_under_way(tmp_path: Path, fronts: str) -> None:
    with running(tmp_path / "data", "--fronts", fronts) as server:
        server.add_user(*ADA)
        with server.http(ADA) as client:
            assert client.get("/v1/me").status_code == 200
            token = client.post("/v1/tokens").json()["token"]
        wire = Wire(server)
        body = '{"tasks": [{"command": "true"}]}'
        wire.send(
            f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body[:5]}"
        )
        time.sleep(0.3)
        ended: list[int] = []
        ending = threading.Thread(target=lambda: ended.append(server.terminate()))
        ending.start()
        time.sleep(0.7)
        assert server.running
        with pytest.raises(OSError, match="refused"), socket.create_connection(wire.socket.getpeername()):
            pass
        wire.send(body[5:])
        assert wire.read().startswith("HTTP/1.1 201 ")
        ending.join(20)
        wire.socket.close()
        assert ended == [0]


def test_jobs_go_on_running_while_no_server_is_there(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        server.add_user(*ADA, os_account="nobody")
        with server.http(ADA) as client:
            job = client.post("/v1/jobs", json=SLEEP).json()["id"]
            _until(client, f"/v1/jobs/{job}", "running")
        server.terminate()
        server.start()
        with server.http(ADA) as client:
            _until(client, f"/v1/jobs/{job}", "finished")
            assert client.get(f"/v1/jobs/{job}/tasks/1/output").text == "woke\n"
    finally:
        server.stop()


def _until(client: httpx.Client, path: str, state: str) -> None:
    until = time.monotonic() + 20
    while (found := client.get(path).json())["state"] != state:
        assert time.monotonic() < until, found
        time.sleep(0.05)


def test_settings_come_from_the_file_the_environment_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text(
        '[server]\ncluster_name = "FromFile"\nport = 1\n[engine.local]\nnodes = [{name = "n1"}]\n'
    )
    environment = {"HEADGATE_SERVER__CLUSTER_NAME": "FromVariable", "HEADGATE_CONFIG": str(file)}
    with running(tmp_path / "data", environment=environment) as server, server.http() as client:
        assert "FromVariable" in client.get("/hpc/cluster/activeHeadNode").text
        assert [node["name"] for node in client.get("/v1/nodes").json()["nodes"]] == ["n1"]


def test_a_misspelt_setting_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"HEADGATE_SERVER__BODY_LIMITT": "1"})
    assert "did you mean server.body_limit" in refused(server)


def test_a_folder_with_other_things_in_it_is_not_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "letters").write_text("private")
    assert "name a folder of its own" in refused(Server(folder))
    assert folder.stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_made_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with running(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if path.stat().st_mode & 0o077]


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "Can't listen" in refused(Server(tmp_path / "data", ["--port", port]))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand the folder to somebody else")
def test_a_folder_of_another_account_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    assert "belongs to another account" in refused(Server(folder))
