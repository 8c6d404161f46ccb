"""A whole server with fronts: who they are, and what happens when one side dies."""

import os
import pwd
import signal
import socket
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server, descendants, running

WITHIN_S = 10.0
JOB = {"tasks": [{"command": "true"}]}


def fronts_of(server: Server) -> list[int]:
    """The processes of its fronts."""
    assert server.process is not None
    return [pid for pid in descendants(server.process.pid) if _comm(pid) == "headgate-front"]


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def status_of(pid: int) -> dict[str, str]:
    """proc(5), status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def wait_until(question: object, what: str) -> None:
    """Wait until this gives something true."""
    assert callable(question)
    until = time.monotonic() + WITHIN_S
    while not question():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def ended(pid: int) -> bool:
    """Whether there is no such process, or nothing of it but its status."""
    try:
        return status_of(pid)["State"].startswith("Z")
    except OSError:
        return True


def test_a_front_has_nothing_of_the_server_but_its_sockets(tmp_path: Path) -> None:
    secret = {"HEADGATE_SOMETHING": "do-not-tell"}
    with running(tmp_path / "data", "--fronts", "2", "--tls-self-signed", environment=secret) as server:
        fronts = fronts_of(server)
        assert len(fronts) == 2
        for pid in fronts:
            assert Path(f"/proc/{pid}/environ").read_bytes() == b"LC_ALL=C.UTF-8\0"
            assert str(tmp_path) not in Path(f"/proc/{pid}/cmdline").read_text()
            assert status_of(pid)["NoNewPrivs"] == "1"
            # Ctrl-C of a terminal reaches the server alone.
            assert os.getsid(pid) == pid
            opened = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            assert [one for one in opened if one.startswith(f"{server.data}/")] == []
        assert server.process is not None
        trusting = ssl.create_default_context(cafile=server.data / "tls" / "cert.pem")
        with httpx.Client(base_url=server.url, auth=server.admin, verify=trusting) as client:
            assert client.get("/v1/me").status_code == 200
            text = client.get("/metrics").text
        assert "headgate_fronts 2.0" in text
        assert "headgate_front_connections" in text
        assert server.terminate() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root has none to give up")
def test_a_front_of_root_is_nobody(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    with running(tmp_path / "data", "--fronts", "1") as server:
        facts = status_of(fronts_of(server)[0])
        assert set(facts["Uid"].split()) == {str(nobody.pw_uid)}
        assert set(facts["Gid"].split()) == {str(nobody.pw_gid)}
        assert facts["Groups"] == ""
        assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == 0
        folder = server.data.stat()
        assert folder.st_uid == 0
        assert folder.st_mode & 0o077 == 0
        # Nobody else of that account, a job for instance, looks into it: the key of TLS is in there.
        assert os.stat(f"/proc/{fronts_of(server)[0]}/mem").st_uid == 0


def test_a_server_that_is_killed_takes_its_fronts_along_and_another_has_the_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    server = Server(tmp_path / "data", ["--fronts", "2", "--port", port])
    try:
        server.start()
        fronts = fronts_of(server)
        assert len(fronts) == 2
        with server.http() as client:
            job = client.post("/v1/jobs", json=JOB).json()["id"]
            server.kill()
            with pytest.raises(httpx.TransportError):
                client.get("/v1/me")
        server.start()
        assert all(ended(pid) for pid in fronts)
        with server.http() as client:
            assert client.get(f"/v1/jobs/{job}").status_code == 200
    finally:
        server.stop()


def test_what_was_answered_before_a_front_was_killed_is_there_once(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--fronts", "1") as server:
        answered, unanswered = [], 0
        for _ in range(5):
            assert httpx.get(server.url + "/healthz").status_code == 200
            victim = fronts_of(server)
            killing = threading.Timer(0.2, os.kill, (victim[0], signal.SIGKILL))
            killing.start()
            with server.http() as client:
                try:
                    while not ended(victim[0]):
                        answered.append(client.post("/v1/jobs", json=JOB).json()["id"])
                except httpx.TransportError:
                    unanswered += 1
            killing.join()
            wait_until(lambda: fronts_of(server) not in ([], victim), "no front in its place")  # noqa: B023  called before the next one
        with server.http() as client:
            page = client.get("/v1/jobs", params={"limit": 1000}).json()
            found = [job["id"] for job in page["jobs"]]
        assert len(set(answered)) == len(answered)
        assert set(answered) <= set(found)
        assert len(found) <= len(answered) + unanswered
        assert "front_ended" in server.log.read_text()


def test_more_fronts_than_anybody_needs_are_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", ["--fronts", "65"])
    server.start(wait=False)
    assert server.process is not None
    assert server.process.wait(20) == 1
    assert "fronts is 0 to 64" in server.log.read_text()
