"""The demonstration: a real server, and a real job through each face it has, shown as it happens.

Starts `headgate serve` on a new folder, makes a user, sends a parametric sweep to the HPC Pack face exactly
as one of its clients would, waits until it has run on this machine, shows the output, does the same through
our own /v1, the legacy HPC Pack face, SOCA's and NIFCLOUD's, and then keeps serving until Ctrl-C (`--exit`:
ends instead). As root the tasks run as `nobody`, in the demonstration's own folder; with `--engine slurm` on
a Slurm cluster on loopback, which takes root and Slurm's packages.
"""

import argparse
import base64
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from headgate.testing import slurm
from headgate.testing.signing import Signer

USER = "demo"
WANTED_PORT = 8080
READY_S = 30.0
JOB_S = 60.0
HEADGATE = (sys.executable, "-m", "headgate")
ENDED = ("Finished", "Failed", "Canceled")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration. The exit status is 0 when every job ended well."""
    parser = argparse.ArgumentParser(description="Run a real job through each face of a real server.")
    parser.add_argument("--exit", action="store_true", help="end after the jobs instead of serving on")
    parser.add_argument(
        "--engine",
        choices=("local", "slurm"),
        default="local",
        help="slurm: on a Slurm cluster of two nodes, made for it on loopback",
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    reason = slurm.unavailable() if options.engine == "slurm" else ""
    if reason:
        say(f"There can be no Slurm cluster here: {reason}. `make demo` without ENGINE runs on this machine.")
        return 1
    with folder() as here, engine(options.engine, here) as extra, served(here, extra) as (url, password):
        well = hpcpack(url, password, here / "work")
        well = own_api(url, password, here / "work") and well
        well = windowshpc(url, password, here / "work") and well
        well = soca(url, here) and well
        well = nifcloud(url, here) and well
        if not options.exit:
            keep_serving(url, password)
    say("The server and the folder of the demonstration are gone.")
    return 0 if well else 1


# ---- the server


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of our own: `data` for the server alone, `work` for whoever runs the tasks, `storage` with the
    folder of our user. Gone afterwards.
    """
    here = Path(tempfile.mkdtemp(prefix="headgate-demo-"))
    here.chmod(0o755)
    (here / "storage").mkdir(mode=0o755)
    for theirs in (here / "work", here / "storage" / USER):
        theirs.mkdir(mode=0o755)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    try:
        yield here
    finally:
        shutil.rmtree(here, ignore_errors=True)


@contextmanager
def engine(name: str, here: Path) -> Iterator[list[str]]:
    """What the engine needs, and the flags of `serve` for it."""
    if name == "local":
        yield []
        return
    with slurm.cluster(nodes=2, settings=[slurm.QUICK], folder=here) as up:
        title("A Slurm cluster on loopback, for as long as the demonstration lasts")
        say(up.command("sinfo").stdout.rstrip())
        say(f"To look at it meanwhile:  SLURM_CONF={up.conf} squeue --states=all")
        config = here / "headgate.toml"
        config.write_text(f'[engine.slurm]\nconf = "{up.conf}"\nspool = "{here / "spool"}"\n')
        yield ["--engine", "slurm", "--config", str(config)]


@contextmanager
def served(here: Path, extra: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A running server with one user: its address and the user's password. extra: more flags of `serve`."""
    data, password = here / "data", secrets.token_urlsafe(12)
    account = ["--os-account", "nobody"] if os.geteuid() == 0 else []
    subprocess.run(
        [*HEADGATE, "user", "add", USER, "--role", "user", *account, "--password-stdin", "--data", str(data)],
        input=password.encode(),
        check=True,
    )
    log, port = here / "server.log", str(free_port())
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*HEADGATE, "serve", "--host", "127.0.0.1", "--port", port, "--data", str(data), *extra],
            # `nobody` has no home; jobs that start at home get one in our folder.
            env={
                **os.environ,
                "HEADGATE_SOCA__HOME_ROOT": str(here / "work"),
                "HEADGATE_STORAGE__ROOT": str(here / "storage"),
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C is for us; we then end the server in our own time
        )
    try:
        yield wait_ready(process, log), password
    except httpx.HTTPError:
        say(f"The server's log:\n{log.read_text(errors='replace')}")
        raise
    finally:
        process.terminate()
        process.wait(READY_S)


def free_port() -> int:
    """8080 if nobody has it, else 0: whatever is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", WANTED_PORT))
        except OSError:
            return 0
    return WANTED_PORT


def wait_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address in the server's ready line."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("Headgate ") and " ready: " in line:
                say(line)
                return line.partition(" ready: ")[2].split()[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"The server did not start:\n{log.read_text(errors='replace')}")


# ---- HPC Pack


def hpcpack(url: str, password: str, work: Path) -> bool:
    """A parametric sweep through `/hpc`, request by request. Whether it ended well."""
    title("A parametric sweep through the HPC Pack face, as its clients send it")
    with httpx.Client(base_url=url, auth=(USER, password), timeout=30) as client:
        job = call(client, "POST", "/hpc/jobs", properties(Name="squares", Priority="AboveNormal"))
        sweep = properties(
            Name="square of *",
            Type="ParametricSweep",
            StartValue="1",
            EndValue="8",
            IncrementValue="1",
            # In a sweep `*` is the value of the instance, and `^*` a star.
            CommandLine='sleep 0.3; echo "* squared is $((* ^* *)), says $(id -un) on core $CCP_COREIDS"',
            WorkDirectory=str(work),
        )
        call(client, "POST", f"/hpc/jobs/{job}/tasks", sweep)
        call(client, "POST", f"/hpc/jobs/{job}/envVariables", properties(OMP_NUM_THREADS="1"))
        call(client, "POST", f"/hpc/jobs/{job}/submit")
        state = wait_hpcpack(client, job)
        show = "properties=TaskId,State,ExitCode,Output&rowsPerRead=20"
        rows = client.get(f"/hpc/jobs/{job}/tasks?{show}").json()
        say(f"GET  /hpc/jobs/{job}/tasks?{show}")
        for row in rows:
            found = {entry["Name"]: entry["Value"] for entry in row["Properties"]}
            output = found["Output"].strip()
            say(f"     {found['TaskId']:<8} {found['State']:<9} {found['ExitCode']:<3} {output}")
    return bool(state == "Finished" and len(rows) == 8)


def properties(**values: str) -> list[dict[str, str]]:
    """A property list as HPC Pack writes it."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def wait_hpcpack(client: httpx.Client, job: Any) -> str:
    """Poll the job as clients do, and show each new state."""
    path, shown = f"/hpc/jobs/{job}?properties=Id,State,Progress", ""
    until = time.monotonic() + JOB_S
    while time.monotonic() < until:
        text = client.get(path).raise_for_status().text
        if text != shown:
            say(f"GET  {path}\n  -> 200  {text}")
            shown = text
        state = {entry["Name"]: entry["Value"] for entry in json.loads(text)}["State"]
        if state in ENDED:
            return str(state)
        time.sleep(0.1)
    return "not ended"


def call(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Send a request, show it with its answer, and return the answer."""
    content = json.dumps(body) if body is not None else ""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    answer = client.request(method, path, content=content, headers=headers)
    say(f"{method:<4} {path}" + (f"\n     {content}" if content else ""))
    say(f"  -> {answer.status_code}  {answer.text}")
    answer.raise_for_status()
    return answer.json() if answer.content else None


# ---- our own API


def own_api(url: str, password: str, work: Path) -> bool:
    """A job through `/v1`. Whether it ended well."""
    title("A job through Headgate's own /v1 (the same list of jobs)")
    with httpx.Client(base_url=url, timeout=30) as client:
        token = client.post("/v1/tokens", auth=(USER, password)).raise_for_status().json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        task = {"command": "echo hello from $(hostname); uname -sr", "work_directory": str(work)}
        job = call(client, "POST", "/v1/jobs", {"name": "hello", "tasks": [task]})["id"]
        until, state = time.monotonic() + JOB_S, ""
        while time.monotonic() < until and state not in ("finished", "failed", "canceled"):
            state = client.get(f"/v1/jobs/{job}").raise_for_status().json()["state"]
            time.sleep(0.05)
        say(f"GET  /v1/jobs/{job}\n  -> state {state}")
        output = client.get(f"/v1/jobs/{job}/tasks/1/output").raise_for_status().text
        say(f"GET  /v1/jobs/{job}/tasks/1/output\n  -> {output.strip()}")
    return state == "finished"


# ---- legacy HPC Pack


def windowshpc(url: str, password: str, work: Path) -> bool:
    """A job XML document through `/WindowsHPC`. Whether it ended well."""
    title("A job XML document through the legacy HPC Pack face")
    headers = {"api-version": "2012-11-01.4.0", "Content-Type": "application/xml"}
    document = (
        '<Job Name="legacy"><Tasks>'
        f'<Task CommandLine="echo the same list of jobs, in XML" WorkDirectory="{work}"/></Tasks></Job>'
    )
    with httpx.Client(base_url=url, auth=(USER, password), headers=headers, timeout=30) as client:
        job = re.findall(r"\d+(?=</int>)", send(client, "POST", "/WindowsHPC/Jobs/JobFile", document))[0]
        send(client, "POST", f"/WindowsHPC/Job/{job}/Submit")
        until, text = time.monotonic() + JOB_S, ""
        while time.monotonic() < until and not any(f">{state}<" in text for state in ENDED):
            text = client.get(f"/WindowsHPC/Job/{job}?Properties=State").raise_for_status().text
            time.sleep(0.05)
        send(client, "GET", f"/WindowsHPC/Job/{job}/Task/1?Properties=TaskId,State,Output")
    return ">Finished<" in text


def send(client: httpx.Client, method: str, path: str, body: str = "") -> str:
    """Send XML, show it with its answer, and return the answer's text."""
    answer = client.request(method, path, content=body).raise_for_status()
    say(f"{method:<4} {path}" + (f"\n     {body}" if body else ""))
    say(f"  -> {answer.status_code}  {answer.text}")
    return answer.text


# ---- SOCA

SCRIPT = """#!/bin/bash
#PBS -N primes -l select=1:ncpus=1 -l walltime=00:01:00 -j oe
echo "job $PBS_JOBNAME in queue $PBS_QUEUE"
for n in {2..30}; do factor $n; done | awk 'NF == 2 { printf "%s ", $2 }'
"""


def soca(url: str, here: Path) -> bool:
    """An OpenPBS script through `/api`. Whether it ended well."""
    title("An OpenPBS script through the SOCA face")
    made = [*HEADGATE, "token", "create", USER, "--data", str(here / "data")]
    key = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
    with httpx.Client(base_url=url, headers={"X-SOCA-USER": USER, "X-SOCA-TOKEN": key}, timeout=30) as client:
        payload = base64.b64encode(SCRIPT.encode()).decode()
        answer = client.post("/api/scheduler/job", data={"payload": payload}).raise_for_status()
        say("POST /api/scheduler/job\n     payload = base64 of:")
        say("\n".join(f"     {line}" for line in SCRIPT.splitlines()))
        say(f"  -> {answer.status_code}  {answer.text}")
        job = answer.json()["message"]
        until = time.monotonic() + JOB_S
        found: dict[str, Any] = {}
        while time.monotonic() < until and found.get("job_state") != "F":
            asked = client.get("/api/scheduler/job", params={"job_id": job, "history": "true"})
            found = asked.raise_for_status().json()["message"]
            time.sleep(0.05)
        shown = {name: found.get(name) for name in ("Job_Name", "job_state", "queue", "Exit_status")}
        say(f"GET  /api/scheduler/job?job_id={job}&history=true\n  -> {json.dumps(shown)}, and more")
        output = Path(str(found["Output_Path"]).partition(":")[2])
        say(f"{output.name}:\n{output.read_text().strip()}")
    return found.get("job_state") == "F" and found.get("Exit_status") == 0


# ---- NIFCLOUD

PJM_SCRIPT = """#!/bin/sh
#PJM -L "node=1,elapse=0:01:00,rscgrp=small" --mpi proc=2
echo "job $PJM_JOBID of $PJM_RSCGRP on $PJM_NODE node for at most $PJM_ELAPSE_LIMIT s"
sleep 1
echo "$PJM_MPI_PROC processes, they said"
"""


def nifcloud(url: str, here: Path) -> bool:
    """A script for Fugaku through `/jobs`, by signed requests. Whether it ended well."""
    title("A PJM script through the face of NIFCLOUD, signed")
    made = [*HEADGATE, "key", "create", USER, "--data", str(here / "data")]
    key = json.loads(subprocess.run(made, check=True, capture_output=True, text=True).stdout)
    signer, storage = Signer(**key), here / "storage" / USER
    (storage / "fugaku.sh").write_text(PJM_SCRIPT)
    say("In the user's storage, fugaku.sh:")
    say("\n".join(f"     {line}" for line in PJM_SCRIPT.splitlines()))

    def ask(method: str, path: str, body: str = "") -> httpx.Response:
        headers = dict(signer.headers(method, url + path, body.encode()))
        return httpx.request(method, url + path, content=body, headers=headers, timeout=30)

    body = json.dumps({"jobfile": "fugaku.sh"})
    answer = ask("POST", "/jobs", body).raise_for_status()
    say(f"POST /jobs\n     {body}\n  -> {answer.status_code}  {answer.text}")
    path, shown = answer.headers["location"], ""
    until = time.monotonic() + JOB_S
    while time.monotonic() < until and (answer := ask("GET", path)).status_code == 200:
        state = answer.json()["status"]
        if state != shown:
            say(f"GET  {path}\n  -> 200  status {state}, and more")
            shown = state
        time.sleep(0.05)
    say(f"GET  {path}\n  -> {answer.status_code}  {answer.text}: it has ended")
    output = storage / f"fugaku.sh.{path.rpartition('/')[2]}.out"
    said = output.read_text() if output.exists() else ""
    say(f"{output.name}:\n{said.strip()}")
    return answer.status_code == 404 and "of small on 1 node for at most 60 s" in said


# ---- talking


def keep_serving(url: str, password: str) -> None:
    """Serve on until Ctrl-C, saying what can be tried."""
    title("Serving on; Ctrl-C ends it")
    say(f"Try:  curl -u {USER}:{password} {url}/hpc/jobs")
    say(f"      curl -u {USER}:{password} '{url}/hpc/jobs/1?properties=Id,Name,State,Owner'")
    say(f"What there is: {url}/")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("")


def title(text: str) -> None:
    """A heading."""
    say(f"\n# {text}\n")


def say(text: str) -> None:
    """One thing, at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
