"""A small client of SignalR 2, of one user: over a WebSocket, or polling. The judge is in `judge/`."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
from websockets.sync.client import ClientConnection, connect

from headgate.testing.server import Server

PATIENCE_S = 20.0
HUBS = json.dumps([{"Name": "JobEventHub"}, {"Name": "TaskEventHub"}, {"Name": "CommandHub"}])


class Client:
    """What both transports share. `frame`: the newest C and G."""

    transport = ""
    made: ClassVar[list["Client"]] = []

    def __init__(self, server: Server, user: tuple[str, str]) -> None:
        self.made.append(self)
        self.closing = ExitStack()
        self.server = server
        self.http = self.closing.enter_context(server.http(user))
        self.frame: dict[str, Any] = {}
        self.heard: list[tuple[str, list[Any]]] = []
        self.results: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.calls = 0
        self.token = self.get("negotiate")["ConnectionToken"]

    def query(self, **more: str) -> str:
        given = {"clientProtocol": "1.5", "transport": self.transport, "connectionData": HUBS, **more}
        if getattr(self, "token", ""):
            given["connectionToken"] = self.token
        return urlencode(given)

    def get(self, step: str) -> Any:
        answer = self.http.get(f"/hpc/signalr/{step}?{self.query()}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self) -> dict[str, str]:
        """Where this client is."""
        place = {"messageId": self.frame["C"]}
        return {**place, "groupsToken": self.frame["G"]} if "G" in self.frame else place

    def take(self, frame: dict[str, Any]) -> None:
        """Take note of a frame."""
        self.last = frame
        if "I" in frame:
            self.results[frame["I"]] = frame
            return
        self.frame.update({key: value for key, value in frame.items() if key in "CG"})
        self.heard += [(message["M"], message["A"]) for message in frame.get("M", ())]

    def call(self, hub: str, method: str, *arguments: object) -> dict[str, Any]:
        """Call a hub, and wait for what it says."""
        self.calls += 1
        number = str(self.calls)
        self.send(json.dumps({"H": hub, "M": method, "A": arguments, "I": number}))
        self.until(lambda: number in self.results)
        found: dict[str, Any] = self.results[number]
        return found

    def listen(self, job: int) -> None:
        """To the job and its tasks."""
        for hub in ("JobEventHub", "TaskEventHub"):
            assert "E" not in self.call(hub, "BeginListen", job)

    def until(self, done: Callable[[], bool]) -> None:
        """Take what comes until this holds."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, f"waited in vain; heard {self.heard}, last {self.last}"
            self.step()

    def send(self, text: str) -> None:
        raise NotImplementedError

    def step(self) -> None:
        """Take what comes next."""
        raise NotImplementedError

    # ---- what was heard

    def steps(self, method: str, *which: int) -> list[tuple[str, str]]:
        """(before, after) of each change of state heard of this job, or task."""
        length = len(which)
        return [(a[-1], a[-2]) for name, a in self.heard if name == method and a[:length] == [*which]]

    def ended(self, job: int) -> bool:
        """Whether the job and its first task have been heard to end."""
        changes = (self.steps("JobStateChange", job), self.steps("TaskStateChange", job, 1, 0))
        return all(steps and steps[-1][1] in ("Finished", "Failed", "Canceled") for steps in changes)


class OverWebSocket(Client):
    """A WebSocket."""

    transport = "webSockets"

    def __init__(self, server: Server, user: tuple[str, str], **options: Any) -> None:
        super().__init__(server, user)
        self.user = user
        self.socket = self.dial("connect", **options)
        self.step()
        assert self.last["S"] == 1
        assert self.get("start") == {"Response": "started"}

    def dial(self, step: str, place: dict[str, str] | None = None, **options: Any) -> ClientConnection:
        url = f"{self.server.url.replace('http', 'ws', 1)}/hpc/signalr/{step}?{self.query(**place or {})}"
        headers = {"Authorization": httpx.BasicAuth(*self.user)._auth_header}
        options = {"compression": None, "proxy": None, **options}
        socket: ClientConnection = self.closing.enter_context(
            connect(url, additional_headers=headers, **options)
        )
        return socket

    def reconnect(self) -> None:
        """Come back as a client does."""
        self.socket = self.dial("reconnect", self.place())

    def send(self, text: str) -> None:
        self.socket.send(text)

    def step(self) -> None:
        self.take(json.loads(self.socket.recv(timeout=PATIENCE_S)))


class Polling(Client):
    """Long polling."""

    transport = "longPolling"

    def __init__(self, server: Server, user: tuple[str, str]) -> None:
        super().__init__(server, user)
        self.take(self.post("connect"))
        assert self.last["S"] == 1
        assert self.get("start") == {"Response": "started"}

    def post(self, step: str, **form: str) -> Any:
        answer = self.http.post(f"/hpc/signalr/{step}?{self.query()}", data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, text: str) -> None:
        self.take(self.post("send", data=text))

    def step(self) -> None:
        self.take(self.post("poll", **self.place()))
