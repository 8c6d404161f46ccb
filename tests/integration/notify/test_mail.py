"""A real server that tells of jobs by mail, judged by a mail server that is sometimes away."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.testing.server import Server
from tests.integration.notify.post import Post, serving

ADA = ("ada", "engine")


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.05)


@pytest.fixture
def server(tmp_path: Path, free_tcp_port: int) -> Iterator[Server]:
    """Not started yet. Mail goes to example.org, by a server on `free_tcp_port`."""
    config = tmp_path / "headgate.toml"
    config.write_text(
        f"""
        [mail]
        host = "127.0.0.1"
        port = {free_tcp_port}
        tls = "none"
        sender = "headgate@example.org"
        domains = ["example.org"]
        retry_s = 0.2
        [server]
        cluster_name = "hpc"
        """
    )
    made = Server(tmp_path / "data", ["--config", str(config)])
    made.add_user(*ADA, os_account="nobody")
    try:
        yield made
    finally:
        made.stop()


def submit(server: Server, to: str, name: str = "sim", command: str = "true") -> dict[str, object]:
    with server.http(ADA) as client:
        asked = {"name": name, "notify_on_start": True, "notify_on_completion": True, "email_address": to}
        answer = client.post(
            "/v1/jobs", json={**asked, "tasks": [{"command": command, "work_directory": "/"}]}
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, object] = answer.json()
        return made


def ended(server: Server, job: object) -> bool:
    with server.http(ADA) as client:
        return client.get(f"/v1/jobs/{job}").json()["state"] in ("finished", "failed")


def test_a_job_is_told_of_and_a_stranger_is_not(server: Server, free_tcp_port: int) -> None:
    post = Post()
    server.start()
    with serving(post, free_tcp_port):
        assert "warnings" not in submit(server, "ada@example.org", name="x\r\nBcc: y@evil.org")
        eventually(lambda: len(post.envelopes) == 2, "two mails")
        stranger = submit(server, "ada@evil.org")
        eventually(lambda: ended(server, stranger["id"]), "its end")
        submit(server, "ada@example.org", command="exit 3")
        eventually(lambda: len(post.envelopes) == 4, "two more mails")
    assert "does not send to" in str(stranger["warnings"])
    assert post.subjects() == [
        "Job 1 (x Bcc: y@evil.org) started on hpc",
        "Job 1 (x Bcc: y@evil.org) finished on hpc",
        "Job 3 (sim) started on hpc",
        "Job 3 (sim) failed on hpc",
    ]
    assert {tuple(one.rcpt_tos) for one in post.envelopes} == {("ada@example.org",)}
    assert all(one["Bcc"] is None for one in post.messages())


def test_no_mail_is_lost_when_the_server_is_killed(server: Server, free_tcp_port: int) -> None:
    """The mail server is away, the job ends, the server is killed; both come back."""
    post = Post()
    job = submit(server.start(), "ada@example.org")["id"]
    eventually(lambda: ended(server, job), "its end")
    eventually(lambda: "mail_server_unreachable" in server.log.read_text(), "an attempt")
    server.kill()
    with serving(post, free_tcp_port):
        server.start()
        eventually(lambda: len(post.envelopes) >= 2, "two mails")
        server.terminate()
        server.start()
        submit(server, "ada@example.org", name="next")
        eventually(lambda: "Job 2 (next) finished on hpc" in post.subjects(), "the next job's mails")
    numbers = [str(one["Message-ID"]) for one in post.messages()]
    assert len(numbers) == len(set(numbers)) == 4, "nor is one repeated, without a kill in its midst"


def test_a_kill_in_the_midst_of_a_mail_repeats_that_one_at_most(server: Server, free_tcp_port: int) -> None:
    post = Post()
    server.start()
    with serving(post, free_tcp_port):
        jobs = [submit(server, "ada@example.org")["id"] for _ in range(10)]
        eventually(lambda: len(post.envelopes) >= 3, "some mails")
        server.kill()
        server.start()
        eventually(lambda: len({str(one["Message-ID"]) for one in post.messages()}) == 20, "all mails")
        assert all(ended(server, job) for job in jobs)
    assert len(post.envelopes) <= 21
