"""The client: an operation of /v1 each. Blocking, and usable by one thread at a time.

with Client("http://127.0.0.1:8080", user=("ada", "…")) as client:
    job = client.submit({"name": "hello", "tasks": [{"command": "echo hello"}]})
    job = client.wait(job.id)
    print(client.output(job.id, 1))
"""

import os
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from headgate.client import tokens
from headgate.client.answers import Job, JobPage, Me, Node, NodeList, Problem, Task, TaskPage, Token
from headgate.client.errors import ClientError, Refused, Unreachable

T = TypeVar("T")

TIMEOUT_S = 60.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0


class Client:
    """See the module. `user` is a name and a password, `token` a bearer token; one of them.

    verify: False takes any certificate; a path names the certificate to trust.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        user: tuple[str, str] | None = None,
        verify: bool | str = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = tokens.tidy(url)
        self._http = httpx.Client(
            base_url=self.url + "/v1",
            auth=user,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            verify=_trust(verify),
            timeout=TIMEOUT_S,
            transport=transport,
        )

    @classmethod
    def from_environment(cls, url: str = "", environ: Mapping[str, str] = os.environ) -> Self:
        """The server and the token of `headgate login`; HEADGATE_URL and HEADGATE_TOKEN come first.

        Raises ClientError when there is no token.
        """
        known = tokens.login(url, environ)
        return cls(known.url, token=known.token, verify=known.certificate or known.verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ---- who

    def create_token(self, lasts_s: int | None = None) -> Token:
        """A token instead of the password this client was made with."""
        return self._post("/tokens", {} if lasts_s is None else {"lasts_s": lasts_s}, Token)

    def revoke_token(self) -> None:
        """End the token this client was made with."""
        self._ask("DELETE", "/tokens/current")

    def me(self) -> Me:
        """Who the server takes us for."""
        return self._get("/me", Me)

    # ---- jobs

    def submit(self, job: Mapping[str, Any]) -> Job:
        """Make and submit a job; `job` is the body of POST /v1/jobs."""
        return self._post("/jobs", job, Job)

    def job(self, job_id: int) -> Job:
        """One job."""
        return self._get(f"/jobs/{job_id}", Job)

    def jobs(self, *, state: str = "", owner: str = "", sort: str = "id", page: int = 100) -> Iterator[Job]:
        """All jobs that match, page by page as they are asked for."""
        query = {"limit": str(page), "sort": sort}
        query |= {name: value for name, value in (("state", state), ("owner", owner)) if value}
        while True:
            found = self._get("/jobs", JobPage, query)
            yield from found.jobs
            if found.next is None:
                return
            query["cursor"] = found.next

    def cancel(self, job_id: int, *, message: str = "", forced: bool = False) -> Job:
        """Begin to cancel a job."""
        return self._post(f"/jobs/{job_id}/cancel", {"message": message, "forced": forced}, Job)

    def hold(self, job_id: int, kind: str = "user") -> Job:
        """Hold a job; kind: `user`, `operator` or `system`."""
        return self._post(f"/jobs/{job_id}/hold", {"kind": kind}, Job)

    def release(self, job_id: int, kind: str = "user") -> Job:
        """Release one hold of a job."""
        return self._post(f"/jobs/{job_id}/release", {"kind": kind}, Job)

    def requeue(self, job_id: int) -> Job:
        """Run again what failed or was cancelled."""
        return self._post(f"/jobs/{job_id}/requeue", None, Job)

    def wait(self, job_id: int, *, timeout_s: float | None = None) -> Job:
        """Wait until a job has ended. Raises ClientError when that takes longer than `timeout_s`."""
        began = time.monotonic()
        pause = FIRST_PAUSE_S
        while True:
            job = self.job(job_id)
            if job.has_ended:
                return job
            if timeout_s is not None and time.monotonic() - began > timeout_s:
                raise ClientError(f"Job {job_id} has not ended within {timeout_s:g} s; it is {job.state}.")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    # ---- tasks

    def tasks(
        self, job_id: int, *, state: str = "", task: int | None = None, expand: bool = False, page: int = 100
    ) -> Iterator[Task]:
        """The tasks of a job, or this one of them; with `expand` the instances of a sweep each."""
        query = {"limit": str(page), "expand": "true" if expand else "false"}
        query |= {"state": state} if state else {}
        query |= {} if task is None else {"task": str(task)}
        while True:
            found = self._get(f"/jobs/{job_id}/tasks", TaskPage, query)
            yield from found.tasks
            if found.next is None:
                return
            query["cursor"] = found.next

    def task(self, job_id: int, number: int, instance: int | None = None) -> Task:
        """One task or instance."""
        return self._get(_task_path(job_id, number, instance), Task)

    def output(self, job_id: int, number: int, instance: int | None = None) -> str:
        """What a task wrote, as far as it was captured."""
        return self.captured(job_id, number, instance)[0]

    def captured(self, job_id: int, number: int, instance: int | None = None) -> tuple[str, bool]:
        """The same, and whether no more of it was kept."""
        answer = self._ask("GET", _task_path(job_id, number, instance) + "/output")
        return answer.text, "x-headgate-cut" in answer.headers

    # ---- nodes

    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        return self._get("/nodes", NodeList).nodes

    def set_node_state(self, name: str, state: str) -> Node:
        """Bring a node `online`, or take it `offline`."""
        return self._post(f"/nodes/{quote(name, safe='')}/state", {"state": state}, Node)

    # ---- asking

    def _get(self, path: str, wanted: type[T], query: Mapping[str, str] | None = None) -> T:
        return _decode(self._ask("GET", path, query=query), wanted)

    def _post(self, path: str, body: object, wanted: type[T]) -> T:
        return _decode(self._ask("POST", path, body=body), wanted)

    def _ask(
        self, method: str, path: str, *, body: object = None, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            answer = self._http.request(method, path, content=content, headers=headers, params=query)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} can't be reached: {error}{_advice(self.url, error)}") from None
        if answer.is_success:
            return answer
        raise _refused(answer)


def _advice(url: str, error: httpx.HTTPError) -> str:
    """What may help, where the error does not say so itself."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ". Name its certificate, if it signed that itself: headgate login --certificate FILE"
    if isinstance(error, httpx.RemoteProtocolError) and url.startswith("http:"):
        return " Does it speak https?"
    return ""


def _trust(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, bool):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise ClientError(f"The certificate {verify} can't be used: {error.strerror or error}") from None


def _task_path(job_id: int, number: int, instance: int | None) -> str:
    return f"/jobs/{job_id}/tasks/{number}" + (f"/instances/{instance}" if instance else "")


def _decode(answer: httpx.Response, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=wanted)
    except msgspec.MsgspecError as error:
        raise Unreachable(f"{answer.url} gave an answer that is not Headgate's: {error}") from None


def _refused(answer: httpx.Response) -> Refused:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem()
    text = problem.detail or f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    return Refused(text, status=answer.status_code, code=problem.code, field=problem.field)
