"""A real server to measure: `headgate serve` on a temporary folder, with a user whose jobs may run."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.http import Client
from headgate.testing.server import Server, descendants

USER = "bench"
PASSWORD = "benchmark"
ENDED = ("Finished", "Failed", "Canceled")


class Rig(Server):
    """A server, and what the measurements ask of it over the HPC Pack face."""

    user = (USER, PASSWORD)

    def client(self, *, as_admin: bool = False) -> Client:
        """A connection, as the user whose jobs these are."""
        return Client(self.url, self.admin if as_admin else self.user)

    def set_nodes(self, state: str) -> None:
        """Take all nodes offline, so that nothing starts, or bring them online."""
        with self.http() as http:
            for node in http.get("/v1/nodes").json()["nodes"]:
                http.post(f"/v1/nodes/{node['name']}/state", json={"state": state}).raise_for_status()

    @property
    def pid(self) -> int:
        """The server process."""
        return self._process.pid

    @property
    def fronts(self) -> list[int]:
        """The processes of its fronts."""
        return [pid for pid in descendants(self.pid) if _name_of(pid) == "headgate-front"]


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@contextmanager
def serving(
    data: Path, *, nodes: str = "offline", fronts: int | None = None, tls: bool = False
) -> Iterator[Rig]:
    """A server that is ready, with its nodes in this state and the user in place; gone afterwards.

    fronts: how many; None: as `python -m benchmarks --fronts` says. tls: with a certificate that nobody
    trusts, and only what needs no user.
    """
    flags = () if fronts is None else ("--fronts", str(fronts))
    rig = Rig(data, (*flags, "--tls-self-signed") if tls else flags)
    try:
        rig.start()
        if tls:
            yield rig
            return
        rig.set_nodes(nodes)
        with rig.http() as http:
            known = http.get("/v1/me", auth=rig.user).status_code == 200
        if not known:
            rig.add_user(USER, PASSWORD, os_account="nobody" if os.geteuid() == 0 else "")
        yield rig
    finally:
        rig.stop()


def properties(**values: object) -> list[dict[str, str]]:
    """A property list as the HPC Pack face takes it."""
    return [{"Name": name, "Value": str(value)} for name, value in values.items()]


def job_state(client: Client, job_id: int) -> Mapping[str, str]:
    """A few properties of a job, by name."""
    found = client.ask("GET", f"/hpc/jobs/{job_id}?properties=State,ErrorMessage,StartTime,EndTime").json()
    return {one["Name"]: one["Value"] for one in found}


def wait_ended(client: Client, job_id: int, *, within_s: float = 300.0) -> str:
    """Wait until a job has ended. Its last state."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        state = job_state(client, job_id)["State"]
        if state in ENDED:
            return state
        time.sleep(0.02)
    raise AssertionError(f"job {job_id} had not ended after {within_s} s")


def add_sweep(client: Client, command: str, count: int) -> int:
    """A job with one sweep of so many instances, not submitted yet. Its id."""
    job_id = int(client.ask("POST", "/hpc/jobs", properties(Name="sweep")).body)
    task = properties(
        CommandLine=command,
        Type="ParametricSweep",
        StartValue=1,
        EndValue=count,
        IncrementValue=1,
        WorkDirectory="/",
    )
    client.ask("POST", f"/hpc/jobs/{job_id}/tasks", task)
    return job_id


def count_jobs(client: Client, state: str = "") -> int:
    """How many jobs there are, exactly; in this state, if one is named."""
    wanted = f"&$filter=JobState+eq+{state}" if state else ""
    return int(client.ask("GET", f"/hpc/jobs?startRow=0&rowsPerRead=1{wanted}").header("x-ms-row-count"))
