"""A server that is not root submits as each job's owner by way of the real sudo, and nothing runs as itself,
twice, or for an account that no rule names.
"""

import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.testing import ordinary
from headgate.testing.server import Server
from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.faults import Faults
from tests.integration.slurm.front import Front, until

SERVER, OWNER, UNRULED = "backup", "games", "news"
"""Accounts that every Debian has. No rule lets the server become the last one."""
WHY_NOT = unavailable(accounting=True) or ordinary.unavailable()

pytestmark = [
    pytest.mark.xdist_group("slurm-faults"),
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "there is one"),
]


class Desk(Front):
    """A front whose server is not root."""

    def __init__(self, up: Cluster, folder: Path, faults: Faults) -> None:
        settings = f'bin = "{faults.folder}"\ncommand_timeout_s = 1.0\nsudo = true\nmin_uid = 1\n'
        super().__init__(up, folder, settings=f'{settings}[server]\nengine = "slurm"\n')
        self.rules = folder / "sudoers"
        commands = ", ".join(f"{faults.folder}/{name}" for name in ("sbatch", "scancel"))
        self._commands = f"{commands}, /usr/bin/scontrol"
        self.rule(OWNER, "nobody")
        shutil.chown(folder, SERVER)
        python = ordinary.python(SERVER, self.rules)
        self.server = Server(self.server.data, self.server.arguments, python=python)

    def rule(self, *accounts: str, more: str = "") -> None:
        """From now on the server may become these. (The file stays the one that is mounted.)"""
        self.rules.write_text(
            f"Defaults use_pty\n{more}"
            f'Defaults:{SERVER} env_keep += "SLURM_CONF SLURM_UMASK SLURM_TIME_FORMAT SLURM_BITSTR_LEN TZ"\n'
            f"{SERVER} ALL=({','.join(accounts)}) TIMEOUT=9s NOPASSWD: {self._commands}\n"
        )

    def doctor(self) -> str:
        """What doctor says."""
        said = self.server.command(
            *("doctor", "--data", str(self.server.data), "--config", str(self.config)), check=False
        )
        return said.stdout + said.stderr

    def output(self, job: int) -> str:
        """What its task said."""
        with self.server.http(self.owner) as http:
            return http.get(f"/v1/jobs/{job}/tasks/1/output").text

    def starter(self) -> int:
        """The server's process that runs commands."""
        (pid,) = self.server.children("engines.command.starter")
        return pid


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=1, accounting=True, settings=[QUICK, "PrivateData=jobs"]) as made:
        yield made


@pytest.fixture(scope="module")
def misfortunes() -> Iterator[Faults]:
    place = Path(tempfile.mkdtemp(prefix="headgate-faults-"))
    place.chmod(0o755)
    made = Faults(place / "bin")
    for path, mode in ((made.folder, 0o777), (made.folder / "lock", 0o666)):
        path.chmod(mode)
    yield made
    shutil.rmtree(place)


@pytest.fixture
def faults(misfortunes: Faults) -> Iterator[Faults]:
    yield misfortunes
    misfortunes.end()


@pytest.fixture(scope="module")
def blind(up: Cluster, misfortunes: Faults) -> Iterator[Desk]:
    """One that Slurm does not let see the jobs of others."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    folder.chmod(0o755)
    yield Desk(up, folder, misfortunes)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def told(blind: Desk) -> str:
    """What doctor says of it."""
    return blind.doctor()


@pytest.fixture(scope="module")
def served(blind: Desk, told: str) -> Iterator[Desk]:
    blind.up.command("sacctmgr", "--immediate", "add", "account", "all")
    blind.up.command("sacctmgr", "--immediate", "add", "user", SERVER, "account=all", "adminlevel=Operator")
    try:
        blind.start()
        for name, account in (("jane", OWNER), ("joe", "nobody"), ("una", UNRULED), ("srv", SERVER)):
            blind.server.add_user(name, f"{name}'s secret 1", os_account=account)
        yield blind
    finally:
        blind.stop()


@pytest.fixture
def desk(served: Desk) -> Desk:
    served.turn_over()
    served.owner = ("jane", "jane's secret 1")
    return served


def test_where_slurm_hides_the_jobs_doctor_says_what_to_do(told: str) -> None:
    assert "adminlevel=Operator" in told


def test_doctor_finds_nothing_wrong_once_the_server_is_an_operator(desk: Desk) -> None:
    said = desk.doctor()
    assert "sudo has a rule" in said
    assert "adminlevel" not in said


def test_doctor_warns_where_sudo_stands_between_sbatch_and_its_input(desk: Desk) -> None:
    try:
        desk.rule(OWNER, more="Defaults log_input\n")
        assert "set !log_input" in desk.doctor()
        desk.rule(OWNER, more=f"Defaults log_input\nDefaults:{SERVER} !log_input\n")
        assert "sudo has a rule" in desk.doctor()
    finally:
        desk.rule(OWNER, "nobody")


@pytest.mark.parametrize(("user", "account"), [("jane", OWNER), ("joe", "nobody")])
def test_a_job_runs_as_its_owner_who_sees_nothing_of_sudo(desk: Desk, user: str, account: str) -> None:
    desk.owner = (user, f"{user}'s secret 1")
    job = desk.submit({"command": "id -un; id -gn; env"})
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    name, group, *variables = desk.output(job).splitlines()
    entry = pwd.getpwnam(account)
    assert name == account
    assert group == desk.up.command("id", "-gn", account).stdout.strip()
    seen = dict(line.partition("=")[::2] for line in variables)
    assert (seen["HOME"], seen["USER"]) == (entry.pw_dir, account)
    strange = {"MAIL", "TERM", "TZ", "LC_ALL", "SLURM_UMASK", "PYTHONPATH"}
    assert not [one for one in seen if one.startswith("SUDO_") or one in strange]
    rows = desk.up.command("squeue", "--noheader", "--states=all", f"--user={account}", "--format=%u")
    assert rows.stdout.split() == [account]


def test_a_sweep_is_canceled_by_its_owners_account(desk: Desk) -> None:
    job = desk.submit(
        {"command": desk.command("s", "sleep 60"), "kind": "sweep", "sweep": {"start": 1, "end": 6}}
    )
    desk.until_ran("s", 4)  # the node has four cores
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert desk.ended(job)["state"] == "canceled"
    assert len(desk.ran("s")) == 4


def test_for_an_account_without_a_rule_nothing_is_run_and_the_reason_names_sudo(desk: Desk) -> None:
    desk.owner = ("una", "una's secret 1")
    job = desk.submit({"command": desk.command("r")})
    assert desk.ended(job)["state"] == "failed"
    assert "sudo" in str(desk.task(job))
    assert desk.ran("r") == []


def test_nobodys_job_runs_under_the_servers_own_account(desk: Desk) -> None:
    desk.owner = ("srv", "srv's secret 1")
    job = desk.submit({"command": desk.command("own")})
    assert desk.ended(job)["state"] == "failed"
    assert f"own account '{SERVER}'" in str(desk.task(job))
    assert desk.ran("own") == []


@pytest.mark.parametrize("where", ["hang-before", "hang-after", "fail-after"])
def test_an_sbatch_that_gives_no_answer_runs_its_job_once(desk: Desk, faults: Faults, where: str) -> None:
    faults.plan("sbatch", where)
    job = desk.submit({"command": desk.command("once", "exit 3")})
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("once")) == (3, [0])
    assert not list((desk.server.data / "engine").rglob("sending/*"))


def test_what_can_not_be_killed_is_waited_for(desk: Desk, faults: Faults) -> None:
    """It is stopped and so hears no SIGTERM; then it goes on, and submits."""
    faults.plan("sbatch", "late")
    job = desk.submit({"command": desk.command("late")})
    until(lambda: faults.calls("sbatch"))
    pid = wait_for_sbatch(faults)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(5.5)  # longer than the deadline and all looks, and shorter than TIMEOUT
    assert faults.calls("sbatch") == ["late"]
    os.kill(pid, signal.SIGCONT)
    assert desk.ended(job)["state"] == "finished"
    assert desk.ran("late") == [0]


@pytest.mark.parametrize(
    ("where", "starter"), [("hang-before", False), ("hang-after", True), ("late", False), ("late", True)]
)
def test_a_server_that_is_killed_around_sbatch_runs_the_job_once(
    desk: Desk, faults: Faults, where: str, starter: bool
) -> None:
    faults.plan("sbatch", where)
    job = desk.submit({"command": desk.command("killed", "exit 4")})
    until(faults.submitted_and_hung if where == "hang-after" else lambda: faults.calls("sbatch"))
    other = desk.starter() if starter else 0
    desk.server.kill()
    if other:
        os.kill(other, signal.SIGKILL)
    desk.start()
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("killed")) == (4, [0])


def test_where_a_rule_is_gone_others_are_canceled_and_its_owner_once_it_is_back(desk: Desk) -> None:
    desk.owner = ("joe", "joe's secret 1")
    stuck, also = (desk.submit({"command": desk.command("joe", "sleep 60")}) for _ in range(2))
    desk.until_ran("joe", 2)
    desk.rule(OWNER)
    try:
        for job in (stuck, also):
            desk.ask("POST", f"/v1/jobs/{job}/cancel")
        until(lambda: "sudo: " in desk.job(stuck).get("pending_text", ""))
        assert "no rule lets the server act as 'nobody'" in desk.job(stuck)["pending_text"]
        desk.owner = ("jane", "jane's secret 1")
        job = desk.submit({"command": desk.command("jane", "sleep 60")})
        desk.until_ran("jane", 1)
        desk.ask("POST", f"/v1/jobs/{job}/cancel")
        assert desk.ended(job, seconds=10)["state"] == "canceled"
    finally:
        desk.rule(OWNER, "nobody")
    desk.owner = ("joe", "joe's secret 1")
    for job in (stuck, also):
        assert desk.ended(job)["state"] == "canceled"


def test_a_scancel_that_hangs_keeps_nobody_else_waiting(desk: Desk, faults: Faults) -> None:
    desk.owner = ("joe", "joe's secret 1")
    stuck = desk.submit({"command": desk.command("joe", "sleep 60")})
    desk.until_ran("joe", 1)
    faults.plan("scancel", "hang-before always")
    desk.ask("POST", f"/v1/jobs/{stuck}/cancel")
    until(lambda: faults.calls("scancel"))
    desk.owner = ("jane", "jane's secret 1")
    faults.plan("scancel")
    began = time.monotonic()
    jobs = [desk.submit({"command": desk.command("jane")}) for _ in range(2)]
    for job in jobs:
        assert desk.ended(job)["state"] == "finished"
    assert time.monotonic() - began < 9
    desk.owner = ("joe", "joe's secret 1")
    assert desk.ended(stuck)["state"] == "canceled"


def test_files_of_an_account_are_out_of_reach_and_that_is_said(desk: Desk) -> None:
    key = desk.server.here("token", "create", "jane").split()[-1]
    headers = {"X-SOCA-USER": "jane", "X-SOCA-TOKEN": key}
    with desk.server.http(desk.owner) as http:
        answer = http.get("/api/system/files", params={"file": "/etc/passwd"}, headers=headers)
    assert answer.status_code in (400, 403, 500), answer.text
    assert "not root" in answer.text


def wait_for_sbatch(faults: Faults) -> int:
    """The sbatch that the owner runs, once it is there."""
    uid = pwd.getpwnam(OWNER).pw_uid
    found: list[int] = []

    def look() -> list[int]:
        found[:] = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if runs(pid)]
        return found

    def runs(pid: int) -> bool:
        try:
            mine = Path(f"/proc/{pid}").stat().st_uid == uid
            return mine and f"{faults.folder}/sbatch".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    until(look)
    return min(found)  # it may have forked just now
