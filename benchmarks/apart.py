"""Whether Slurm's work takes anything from accepting but processor time: each side has processors of its own.

The server and the load generator are kept to one half of the processors; Slurm's daemons with their jobs,
and the server's starter with the commands that it starts, to the other. Whole jobs over `/hpc`, as in
`accept`, in turns in front of

- nothing: the embedded engine with its node offline;
- Slurm that does not answer: slurmctld is paused;
- Slurm that takes them as quickly as it can: its nodes are drained, nothing starts;
- slow Slurm: the same, and slurmctld is paused for 90 of every 100 ms;
- Slurm that runs them.

Each turn has a server and a cluster of its own, so that none finds another's jobs. What others need of the
server's processors is no fault of Slurm's: the ratios are of rates per second that was not somebody else's.
Where Slurm does not answer, the dispatcher waits for its nodes and soon hands nothing over; in front of slow
Slurm it hands over everything, and next to nothing is sent on. So from the one to the other is what handing
over costs, and from there to Slurm that takes them what sending on does: the server's own work, shown as its
processor time, or a wait, shown as time in which its processors had nothing to do (others' work hides such
waits: a quiet machine is needed).
"""

import os
import resource
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from statistics import median

from benchmarks import machine, wrk
from benchmarks.accept import TARGET
from benchmarks.bench import Bench, Skipped, at_least
from benchmarks.rig import Rig, count_jobs, serving
from benchmarks.slurm import drained, front, until, waiting
from headgate.testing.server import descendants
from headgate.testing.slurm import Cluster

STARTER = "headgate.engines.command.starter"
AS_WITHOUT = 0.9
"""The share of the rate without Slurm that counts as not depending on it: single rounds vary by as much."""
PERIOD_S = 0.1
AWAKE_S = 0.01


@dataclass
class _Turn:
    """What one load did, and how the time of the server's processors was spent."""

    accepted: int
    sent: int
    seconds: float
    cores: int
    server: float
    generator: float
    others: float
    idle: float

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds

    @property
    def undisturbed(self) -> float:
        """The rate, per second that the server's processors were not somebody else's."""
        return self.accepted / (self.server + self.generator + self.idle) * self.cores


@dataclass
class _Kind:
    name: str
    around: Callable[[Cluster], AbstractContextManager[object]] | None
    """What Slurm is made to do meanwhile; None: there is none."""
    answers: bool = True
    turns: list[_Turn] = field(default_factory=list)


def measure(bench: Bench) -> None:
    """See the module."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Skipped("two sides take two processors")
    ours, theirs = cores[: len(cores) // 2], cores[len(cores) // 2 :]
    kinds = [
        _Kind("nothing behind it", None),
        _Kind("Slurm does not answer", _paused, answers=False),
        _Kind("Slurm takes them", drained),
        _Kind("slow Slurm takes them", _slowed),
        _Kind("Slurm runs them", lambda _: nullcontext()),
    ]
    sending: list[float] = []
    with machine.on(ours):
        for number in bench.each_round():
            for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
                name = f"apart-{number}-{kinds.index(kind)}"
                kind.turns.append(_turn(bench, name, kind, ours, theirs, sending))
    _report(bench, kinds, sending)


def _turn(
    bench: Bench, name: str, kind: _Kind, ours: list[int], theirs: list[int], sending: list[float]
) -> _Turn:
    seconds = bench.size(5, 2)
    if kind.around is None:
        with serving(bench.folder / name) as rig:
            _submit(rig)
            turn = _measured(rig, seconds, ours, lambda: 0)
            _verify(rig, turn)
            return turn
    with front(bench, name, daemons_on=theirs) as (up, rig):

        def had() -> int:
            with machine.on(theirs):
                return waiting(up)

        # A first one on its way: from then on there is a starter, and everything has been done once.
        _submit(rig)
        until(lambda: _count(rig, "Finished") == 1)
        starter = _move_starter(rig, theirs)
        with kind.around(up):
            looks = had if kind.answers else lambda: 0
            turn = _measured(rig, seconds, ours, looks)
            if kind.around is drained:
                sending.append(_sending(rig, seconds, had))
        _verify(rig, turn)
        assert rig.children(STARTER) == [starter], "the commands were started by somebody else"
        _all_on(up, theirs)
    return turn


def _measured(rig: Rig, seconds: int, ours: list[int], looks: Callable[[], int]) -> _Turn:
    had = looks()
    began, in_use = time.perf_counter(), machine.in_use(ours)
    server, generator = machine.spent(rig.pid).own, _children()
    accepted = _load(rig, seconds)
    took, in_use = time.perf_counter() - began, machine.in_use(ours) - in_use
    server, generator = machine.spent(rig.pid).own - server, _children() - generator
    sent = looks() - had
    others = max(0.0, in_use - server - generator)
    idle = max(0.0, took * len(ours) - in_use)
    return _Turn(accepted, sent, took, len(ours), server, generator, others, idle)


def _sending(rig: Rig, seconds: int, had: Callable[[], int]) -> float:
    """Nothing more is accepted, and what was is sent on: the server's processor time for a job."""
    already, before = had(), machine.spent(rig.pid).own
    time.sleep(seconds)
    spent = machine.spent(rig.pid).own - before
    return spent / max(1, had() - already)


# ---- Slurm, as it is to be


@contextmanager
def _paused(up: Cluster) -> Iterator[None]:
    up.daemons.pause("slurmctld")
    try:
        yield
    finally:
        up.daemons.resume("slurmctld")


@contextmanager
def _slowed(up: Cluster) -> Iterator[None]:
    over = threading.Event()

    def slow() -> None:
        while not over.is_set():
            up.daemons.pause("slurmctld")
            over.wait(PERIOD_S - AWAKE_S)
            up.daemons.resume("slurmctld")
            over.wait(AWAKE_S)

    with drained(up), ThreadPoolExecutor(1) as threads:
        slowing = threads.submit(slow)
        try:
            yield
        finally:
            over.set()
            slowing.result()


# ---- the two sides


def _move_starter(rig: Rig, theirs: Collection[int]) -> int:
    """It has the server's processors from its start. Its pid."""
    (pid,) = rig.children(STARTER)
    machine.move(pid, theirs)
    return pid


def _all_on(up: Cluster, cores: Collection[int]) -> None:
    """Nothing of Slurm's has gone elsewhere."""
    for name in ("slurmctld", *up.nodes):
        pid = up.daemons.pid(name)
        for one in (pid, *descendants(pid)):
            with suppress(ProcessLookupError):
                assert os.sched_getaffinity(one) <= set(cores), f"{name}: {one} left its processors"


# ---- asking the server


def _submit(rig: Rig) -> None:
    client = rig.client()
    client.ask("POST", "/v1/jobs", {"tasks": [{"command": "true", "work_directory": "/"}]})
    client.close()


def _count(rig: Rig, state: str = "") -> int:
    client = rig.client()
    found = count_jobs(client, state)
    client.close()
    return found


def _load(rig: Rig, seconds: int) -> int:
    load = wrk.run(rig.url, "accept.lua", rig.user, seconds=seconds, threads=wrk.CONNECTIONS)
    assert not load.refused, f"{load.refused} requests were refused"
    assert not load.errors, f"{load.errors} requests failed"
    return load.done


def _verify(rig: Rig, turn: _Turn) -> None:
    """What was answered is there, and no more than was under way besides; and the first one."""
    kept = _count(rig) - _count(rig, "Configuring") - 1
    assert turn.accepted <= kept <= turn.accepted + wrk.CONNECTIONS, (turn.accepted, kept)


def _children() -> float:
    """Processor time of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---- telling


def _report(bench: Bench, kinds: list[_Kind], sending: list[float]) -> None:
    _, base, *others = kinds
    for kind in kinds:
        target = at_least(TARGET) if kind is base else None
        bench.report(f"apart: accepted, {kind.name}", "jobs/s", [one.rate for one in kind.turns], target)
    note = "in the time that others left"
    for kind in others:
        target = at_least(AS_WITHOUT) if kind is not others[-1] else None
        ratios = _ratios(kind, base)
        bench.report(f"apart: {kind.name}, to one that does not answer", "times", ratios, target, note)
    takes, slow, _ = others
    bench.report(f"apart: {takes.name}, to slow Slurm", "times", _ratios(takes, slow), note=note)
    for kind in others:
        sent = [one.sent / one.seconds for one in kind.turns]
        bench.report(f"apart: sent on meanwhile, {kind.name}", "jobs/s", sent)
    for kind in kinds:
        each = [1e3 * one.server / one.accepted for one in kind.turns]
        note = f"of its processors: {_shares(kind.turns)}"
        bench.report(f"apart: the server for a job accepted, {kind.name}", "CPU ms", each, note=note)
    bench.report("apart: the server for a job sent on", "CPU ms", [1e3 * one for one in sending])


def _ratios(kind: _Kind, to: _Kind) -> list[float]:
    """Round by round."""
    pairs = zip(kind.turns, to.turns, strict=True)
    return [one.undisturbed / other.undisturbed for one, other in pairs]


def _shares(turns: list[_Turn]) -> str:
    """Who had the server's processors."""
    spent = {
        "the server": [one.server / one.seconds / one.cores for one in turns],
        "the generator": [one.generator / one.seconds / one.cores for one in turns],
        "others": [one.others / one.seconds / one.cores for one in turns],
        "nobody": [one.idle / one.seconds / one.cores for one in turns],
    }
    return ", ".join(f"{name} {median(shares):.0%}" for name, shares in spent.items())
