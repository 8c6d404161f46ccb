"""A client that connects sees contiguous changes of state, over each transport, whatever comes between."""

import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from headgate.testing.server import Server
from tests.integration.signalr.client import Client, OverWebSocket, Polling
from tests.integration.signalr.conftest import ADA, BEN, BOSS, add_users, assert_contiguous, job_of, submit

BOTH = pytest.mark.parametrize("kind", [OverWebSocket, Polling])


def assert_whole_life(client: Client, job: int) -> None:
    """Section 5: a job from Configuring, a task from Submitted, both to Finished, without a gap."""
    assert_contiguous(client.steps("JobStateChange", job), "Configuring", "Finished")
    assert_contiguous(client.steps("TaskStateChange", job, 1, 0), "Submitted", "Finished")


def hear_to_the_end(client: Client, job: int) -> None:
    client.until(lambda: client.ended(job))
    assert_whole_life(client, job)


@BOTH
def test_a_job_and_its_task_are_followed_from_before_they_are_submitted(
    server: Server, kind: type[Client]
) -> None:
    client = kind(server, ADA)
    job, other = job_of(server, "true"), job_of(server, "true")
    client.listen(job)
    submit(server, other)
    submit(server, job)
    hear_to_the_end(client, job)
    assert client.steps("JobStateChange", other) == []


@BOTH
def test_the_subtasks_of_a_sweep_are_followed_one_by_one(server: Server, kind: type[Client]) -> None:
    client = kind(server, ADA)
    with server.http(ADA) as http:
        job = http.post("/hpc/jobs", json=[]).json()
        sweep = {"Type": "ParametricSweep", "StartValue": 1, "EndValue": 3, "CommandLine": "true"}
        rows = [{"Name": name, "Value": value} for name, value in {**sweep, "WorkDirectory": "/"}.items()]
        assert http.post(f"/hpc/jobs/{job}/tasks", json=rows).status_code == 200
    client.listen(job)
    submit(server, job)
    hear_to_the_end(client, job)
    for instance in (1, 2, 3):
        assert_contiguous(client.steps("TaskStateChange", job, 1, instance), "Queued", "Finished")


def test_every_user_may_follow_every_job_each_hears_all_of_it(server: Server) -> None:
    clients: list[Client] = [OverWebSocket(server, ADA), Polling(server, BEN), OverWebSocket(server, BEN)]
    job = job_of(server, "true")
    for client in clients:
        client.listen(job)
    submit(server, job)
    for client in clients:
        hear_to_the_end(client, job)


def test_a_connection_that_broke_is_resumed_where_it_broke(server: Server) -> None:
    client = OverWebSocket(server, ADA)
    job = job_of(server, "true")
    client.listen(job)
    client.socket.socket.close()  # without a word
    submit(server, job)
    with server.http(ADA) as http:
        while http.get(f"/hpc/jobs/{job}?properties=State").json()[0]["Value"] != "Finished":
            time.sleep(0.01)
    client.reconnect()
    hear_to_the_end(client, job)


def test_messages_come_as_server_sent_events_too(server: Server) -> None:
    client = Polling(server, ADA)
    client.transport = "serverSentEvents"
    job = job_of(server, "true")
    with client.http.stream("GET", f"/hpc/signalr/connect?{client.query()}") as stream:
        lines = (line.removeprefix("data: ") for line in stream.iter_lines() if line)
        assert stream.headers["content-type"] == "text/event-stream"
        assert next(lines) == "initialized"
        client.take(json.loads(next(lines)))
        assert client.last["S"] == 1
        second = server.http(ADA)
        for hub in ("JobEventHub", "TaskEventHub"):
            data = json.dumps({"H": hub, "M": "BeginListen", "A": [job], "I": 0})
            answer = second.post(f"/hpc/signalr/send?{client.query()}", data={"data": data})
            assert answer.json() == {"I": "0"}
        second.close()
        submit(server, job)
        while not client.ended(job):
            client.take(json.loads(next(lines)))
    assert_whole_life(client, job)


# ---- who gets in


def test_an_upgrade_without_a_password_is_challenged(server: Server) -> None:
    client = OverWebSocket(server, ADA)
    client.user = ("ada", "wrong")
    for step in ("connect", "reconnect"):
        with pytest.raises(InvalidStatus) as refused:
            client.dial(step, client.place())
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["www-authenticate"].startswith("Basic ")


def test_somebody_elses_token_opens_nothing(server: Server) -> None:
    client = OverWebSocket(server, ADA)
    client.user = BEN
    with pytest.raises(InvalidStatus) as refused:
        client.dial("reconnect", client.place())
    assert refused.value.response.status_code == 403
    assert '"error"' not in server.log.read_text()


def test_a_page_of_another_site_cannot_open_a_websocket(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        OverWebSocket(server, ADA, origin="http://evil.example")
    assert refused.value.response.status_code == 403
    assert "another site" in refused.value.response.body.decode()
    OverWebSocket(server, ADA, origin=server.url)


@pytest.mark.parametrize(
    "path", ["/hpc/jobs/1", "/v1/jobs", "/WindowsHPC/x", "/", "/hpc/signalr", "/hpc/abcdefg/connect"]
)
def test_there_is_no_websocket_elsewhere(server: Server, path: str) -> None:
    client = OverWebSocket(server, ADA)
    with server.http(ADA) as http:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        answer = http.get(f"{path}?{client.query()}", headers=headers)
        assert answer.status_code in (400, 404)


# ---- what comes between


@pytest.mark.parametrize("frame", ["garbage", "[]", b"\x00\xff", '{"H":1}', ""])
def test_garbage_ends_its_connection_with_the_reason_and_nothing_else(server: Server, frame: Any) -> None:
    bystander, client = OverWebSocket(server, ADA), OverWebSocket(server, ADA)
    client.socket.send(frame)
    client.until(lambda: "D" in client.last)
    assert "not a hub invocation" in client.last["E"]
    with pytest.raises(ConnectionClosed):
        client.socket.recv(timeout=10)
    bystander.listen(job_of(server, "true"))


def test_a_frame_that_is_too_large_ends_its_connection(server: Server) -> None:
    client = OverWebSocket(server, ADA)
    client.send("x" * (256 * 1024 + 1))
    with pytest.raises(ConnectionClosed) as closed:
        client.socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@BOTH
def test_a_server_that_is_killed_and_started_again_is_no_gap(tmp_path: Path, kind: type[Client]) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        server.arguments = ("--port", server.url.rpartition(":")[2])
        add_users(server)
        client = kind(server, ADA)
        job = job_of(server, "sleep 1")
        client.listen(job)
        submit(server, job)
        client.until(lambda: ("Queued", "Running") in client.steps("JobStateChange", job))
        server.kill()
        time.sleep(1)  # it ends while nobody looks
        server.start()
        if isinstance(client, OverWebSocket):
            client.reconnect()
        hear_to_the_end(client, job)
    finally:
        server.stop()


def test_a_server_that_stops_lets_its_clients_go_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        add_users(server)
        polling, socket = Polling(server, ADA), OverWebSocket(server, ADA)
        waiting = threading.Thread(target=polling.step)
        waiting.start()
        time.sleep(0.2)
        assert server.terminate() == 0
        waiting.join(10)
        assert polling.last["T"] == 1
        with pytest.raises(ConnectionClosed) as closed:
            socket.socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in (1001, 1012)
    finally:
        server.stop()


# ---- commands


@BOTH
def test_what_a_command_prints_is_told_line_by_line_while_it_runs(server: Server, kind: type[Client]) -> None:
    client = kind(server, BOSS)
    with server.http(BOSS) as http:
        node = http.get("/hpc/nodes?properties=Name").json()[0]["Properties"][0]["Value"]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # the command looks into it from another account
        line = f"echo one; echo two >&2; until [ -e {folder}/go ]; do sleep 0.05; done; printf three"
        job = client.call("CommandHub", "CreateCommand", line, [node])["R"]
        assert "E" not in client.call("CommandHub", "StartCommand", job)
        client.until(lambda: len(client.heard) >= 2)
        Path(folder, "go").touch()
        client.until(lambda: client.heard[-1][1][3])
    assert {name for name, _ in client.heard} == {"OutputLine"}
    assert [arguments for _, arguments in client.heard] == [
        [job, node, "one", False, False],
        [job, node, "two", False, False],
        [job, node, "three", False, False],
        [job, node, "", True, False],
    ]


def test_commands_are_for_administrators(server: Server) -> None:
    client = OverWebSocket(server, ADA)
    answer = client.call("CommandHub", "CreateCommand", "true", ["x"])
    assert "role admin" in answer["E"]


def test_the_open_websockets_are_counted(server: Server) -> None:
    OverWebSocket(server, ADA)
    text = httpx.get(f"{server.url}/metrics", auth=server.admin).text
    count = next(line for line in text.splitlines() if line.startswith("headgate_websockets"))
    assert float(count.split()[1]) >= 1
    assert 'headgate_requests_total{face="hpcpack",status="101"}' in text
