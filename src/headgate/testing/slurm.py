"""A whole Slurm cluster on loopback, in a temporary folder, without systemd; gone afterwards with its jobs.

`cluster()` for a test or a benchmark; `python -m headgate.testing.slurm` (`make slurm`) for a person, until
Ctrl-C. Written against Debian 12's Slurm 22.05, as root: `munged` runs as its own user and `slurmrestd` as an
unprivileged one, because both refuse root (munged(8), slurmrestd(8)). What the machine has of Slurm's
configuration and keys is neither used nor touched.
"""

import argparse
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from headgate.testing import slurm_accounting
from headgate.testing.brood import Brood
from headgate.testing.daemons import Daemons

DAEMONS = ("munged", "slurmctld", "slurmd")
READY_S = 30.0
NAME = "headgate"
"""Of each of these clusters."""
REST_USER = "nobody"
OPENAPI = "v0.0.38"
"""Of slurmrestd's plugins the newest in 22.05 that does without slurmdbd."""
QUICK = "SchedulerParameters=batch_sched_delay=0,sched_interval=1"
"""A setting for tests: a job begins as soon as it can. By default Slurm gathers some seconds of them."""
TOKEN_S = 24 * 3600
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = "slurm-wlm, slurmrestd, slurm-wlm-jwt-plugin, slurmdbd, mariadb-server"
PLUGINS = "lib/*/slurm-wlm"
"""Where Debian has them, below /usr."""


class Unavailable(Exception):
    """This machine cannot have such a cluster. The message says why."""


@dataclass(frozen=True)
class Rest:
    """slurmrestd over TCP, where it knows users by a token (rest_auth/jwt)."""

    url: str
    user: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, as slurmrestd(8) wants it."""
        return {"X-SLURM-USER-NAME": self.user, "X-SLURM-USER-TOKEN": self.token}


@dataclass(frozen=True)
class Cluster:
    """A cluster that is up. nodes: the names of its nodes; rest: only if it was asked for.

    daemons: by name `munged`, `slurmctld`, those of the nodes by the node's name, `slurmrestd`, `mariadbd`,
    `slurmdbd`: to be killed, started again and stopped for a while.
    """

    folder: Path
    nodes: tuple[str, ...]
    daemons: Daemons
    rest: Rest | None = None

    @property
    def conf(self) -> Path:
        """What SLURM_CONF names for a client of this cluster."""
        return self.folder / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """All that a client command needs."""
        return {"SLURM_CONF": str(self.conf), "PATH": PATH, "LC_ALL": "C.UTF-8"}

    def command(
        self, *argv: str, user: str = "", stdin: str = "", check: bool = True, seconds: float = 60.0
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of Slurm's, as this user or as root, to its end, which comes within `seconds`."""
        account = pwd.getpwnam(user) if user else None
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self.environment,
            cwd=self.folder,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        assert not check or done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr}"
        return done


def unavailable(*, rest: bool = False, accounting: bool = False) -> str:
    """Why there can be no cluster here; empty when there can be one."""
    if os.geteuid() != 0:
        return "a cluster of its own takes root"
    wanted = [*DAEMONS, *(["slurmrestd"] if rest else []), *(slurm_accounting.DAEMONS if accounting else [])]
    missing = [name for name in wanted if _found(name) is None]
    if rest and not any(Path("/usr").glob(f"{PLUGINS}/auth_jwt.so")):
        missing.append("auth_jwt.so")
    if rest and not any(Path("/usr").glob(f"{PLUGINS}/openapi_{OPENAPI.replace('.', '_')}.so")):
        missing.append(f"openapi/{OPENAPI}, which slurmrestd has up to 23.02,")
    if missing:
        return f"{', '.join(missing)} not installed (Debian: {PACKAGES})"
    return ""


def version() -> str:
    """Slurm's: `22.05.8`. Unlike its other commands the daemon says so without a cluster."""
    said = subprocess.run(
        (_found("slurmctld") or "slurmctld", "-V"), capture_output=True, text=True, check=True
    )
    return said.stdout.split()[-1]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a cluster is to be.

    settings: more lines of slurm.conf, the last of a name counts; of_nodes: more settings of a node by its
    name (`{"n1": "Feature=big Gres=gpu:2"}`); gres: lines of gres.conf; cgroup: of cgroup.conf.
    """

    nodes: int = 2
    rest: bool = False
    accounting: bool = False
    settings: Sequence[str] = ()
    of_nodes: Mapping[str, str] = field(default_factory=dict)
    gres: Sequence[str] = ()
    cgroup: Sequence[str] = ()


@contextmanager
def cluster(
    *,
    nodes: int = 2,
    rest: bool = False,
    accounting: bool = False,
    settings: Sequence[str] = (),
    of_nodes: Mapping[str, str] | None = None,
    gres: Sequence[str] = (),
    cgroup: Sequence[str] = (),
    folder: Path | None = None,
) -> Iterator[Cluster]:
    """A cluster whose nodes are idle, as in `Plan`. folder: where its own is made.

    Raises Unavailable when the machine lacks something, AssertionError with the logs when it does not come
    up.
    """
    assert nodes > 0, "a cluster has a node at least"
    reason = unavailable(rest=rest, accounting=accounting)
    if reason:
        raise Unavailable(reason)
    # Jobs write below it, and munged wants nobody else able to write to the folders above its socket.
    place = Path(tempfile.mkdtemp(prefix="headgate-slurm-", dir=folder))
    place.chmod(0o755)
    brood = Brood(place)
    plan = Plan(
        nodes=nodes,
        rest=rest,
        accounting=accounting,
        settings=settings,
        of_nodes=of_nodes or {},
        gres=gres,
        cgroup=cgroup,
    )
    try:
        yield _bring_up(brood, place, plan)
    finally:
        brood.stop()


def _bring_up(brood: Brood, folder: Path, plan: Plan) -> Cluster:
    controller, gate, books, *ports = _free_ports(plan.nodes + 3)
    names = tuple(f"n{number}" for number in range(1, plan.nodes + 1))
    up = Cluster(folder, names, Daemons(brood, folder))
    up.conf.write_text(_conf(folder, controller, books, dict(zip(names, ports, strict=True)), plan))
    # From 23.11 on slurmd wants a hierarchy of control groups unless it is told that there is none.
    cgroup = plan.cgroup or (["CgroupPlugin=disabled"] if version() >= "23.11" else [])
    for name, lines in (("gres", plan.gres), ("cgroup", cgroup)):
        if lines:
            (folder / f"{name}.conf").write_text("\n".join(lines) + "\n")
    if plan.rest:
        key = folder / "jwt.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(32))
    _start_munged(up)
    if plan.accounting:
        _start_accounting(up, books)
    _start(up, "slurmctld", "slurmctld", "-D", "-i", "-f", str(up.conf))
    for name in up.nodes:
        (folder / name).mkdir(0o755)
        _start(up, name, "slurmd", "-D", "-N", name, "-f", str(up.conf))
    # "mixed" and the like carry a mark behind them (*, ~, …) while a node does not answer: sinfo(1).
    _wait(up, "the nodes", lambda: _states(up) == ["idle"] * plan.nodes)
    if not plan.rest:
        return up
    listen = f"127.0.0.1:{gate}"
    argv = ("slurmrestd", "-f", str(up.conf), "-a", "rest_auth/jwt", "-s", f"openapi/{OPENAPI}", listen)
    # slurmrestd(8): SLURM_JWT "must be set to use JWT token authentication"; the token itself comes with
    # each request.
    _start(up, "slurmrestd", *argv, user=REST_USER, SLURM_JWT="daemon")
    _wait(up, "slurmrestd", lambda: _listens(gate))
    said = up.command("scontrol", "token", f"username={REST_USER}", f"lifespan={TOKEN_S}").stdout
    token = said.strip().removeprefix("SLURM_JWT=")
    return replace(up, rest=Rest(f"http://{listen}", REST_USER, token))


def _start(up: Cluster, log: str, name: str, *arguments: str, user: str = "", **more: str) -> None:
    up.daemons.start(log, (_found(name) or name, *arguments), up.environment | more, user)


def _start_accounting(up: Cluster, port: int) -> None:
    arguments, address = slurm_accounting.database(up.folder)
    _start(up, "mariadbd", "mariadbd", *arguments, user=slurm_accounting.DATABASE_USER)
    _wait(up, "mariadbd", lambda: slurm_accounting.listens(address))
    slurm_accounting.write_slurmdbd_conf(up.folder, port, _socket(up.folder))
    _start(up, "slurmdbd", "slurmdbd", "-D", MYSQL_UNIX_PORT=str(address))
    _wait(up, "slurmdbd", lambda: _listens(port))
    # slurmctld takes up with slurmdbd only for a cluster that is there: sacctmgr(1).
    up.command("sacctmgr", "--immediate", "add", "cluster", NAME)


def _start_munged(up: Cluster) -> None:
    """munged(8): all of its files in a folder of its own, with a key that nobody else has."""
    folder = up.folder / "munge"
    folder.mkdir(0o711)
    key = folder / "key"
    key.touch(0o600)
    key.write_bytes(secrets.token_bytes(128))
    for each in (folder, key):
        shutil.chown(each, "munge", "munge")
    files = [f"--{name}-file={folder / name}" for name in ("key", "pid", "seed", "log")]
    _start(up, "munged", "munged", "--foreground", f"--socket={_socket(up.folder)}", *files, user="munge")
    _wait(up, "munged", _socket(up.folder).is_socket)


def _socket(folder: Path) -> Path:
    return folder / "munge" / "socket"


def _conf(folder: Path, controller: int, books: int, ports: dict[str, int], plan: Plan) -> str:
    """slurm.conf(5). Limits are wide, so that they are not what is measured."""
    host = socket.gethostname().partition(".")[0]
    token = ["AuthAltTypes=auth/jwt", f"AuthAltParameters=jwt_key={folder}/jwt.key"] if plan.rest else []
    lines = [
        f"ClusterName={NAME}",
        f"SlurmctldHost={host}(127.0.0.1)",
        f"SlurmctldPort={controller}",
        "SlurmUser=root",
        "AuthType=auth/munge",
        f"AuthInfo=socket={_socket(folder)}",
        *token,
        *(slurm_accounting.settings(books, _socket(folder)) if plan.accounting else []),
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/%n",
        f"SlurmctldPidFile={folder}/slurmctld.pid",
        f"SlurmdPidFile={folder}/%n.pid",
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        "MpiDefault=none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core",
        # The nodes share one machine: each is as large as said below, whatever slurmd sees.
        "SlurmdParameters=config_overrides",
        "ReturnToService=2",
        "KillWait=2",
        "MaxJobCount=200000",
        "MinJobAge=3600",
        *plan.settings,
        *(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=4096 "
            + plan.of_nodes.get(name, "")
            for name, port in ports.items()
        ),
        "PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
    ]
    return "\n".join(lines) + "\n"


def _free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on, all held until all are known."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _found(name: str) -> str | None:
    return shutil.which(name, path=PATH)


def _states(up: Cluster) -> list[str]:
    """One for each node, however many partitions it is in."""
    said = up.command("sinfo", "--Node", "--noheader", "--format=%N %t", check=False)
    return [line.split()[1] for line in sorted(set(said.stdout.splitlines()))]


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _wait(up: Cluster, what: str, ready: Callable[[], bool]) -> None:
    until = time.monotonic() + READY_S
    while not ready():
        if time.monotonic() > until:
            logs = sorted(up.folder.glob("*.log"))
            said = "\n".join(f"-- {one.name}\n{one.read_text(errors='replace')[-2000:]}" for one in logs)
            raise AssertionError(f"{what} were not ready in {READY_S} s\n{said}")
        time.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> int:
    """A cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m headgate.testing.slurm", description=main.__doc__)
    parser.add_argument("--nodes", type=int, default=2, choices=range(1, 65), metavar="1-64")
    parser.add_argument("--rest", action="store_true", help="slurmrestd too")
    parser.add_argument("--accounting", action="store_true", help="slurmdbd and its MariaDB too")
    options = parser.parse_args(arguments)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        with cluster(nodes=options.nodes, rest=options.rest, accounting=options.accounting) as up:
            print(f"export SLURM_CONF={up.conf}")
            if up.rest:
                print(f"export SLURM_JWT={up.rest.token}  # {up.rest.user}, {up.rest.url}/slurm/{OPENAPI}/")
            print("Ctrl-C ends the cluster and its jobs.", file=sys.stderr, flush=True)
            sys.stdout.flush()
            over.wait()
    except Unavailable as reason:
        print(f"no cluster: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
