"""In front of a Slurm cluster on loopback (two nodes of four cores, all on this machine), beside the same
without Headgate where there is such a thing, in turns:

- `slurm-accept`: whole jobs accepted while slurmctld is paused, and while Slurm takes them; and the server's
  processor time while it accepts and sends on at once, beside what both cost apart (on two cores, Slurm's
  commands and daemons take from the rate what they need themselves);
- `slurm-arrays`: a sweep of 10,000, from submit until all of it is in squeue, as arrays;
- `slurm-singles`: 1,000 jobs, from the first request until squeue has them, beside a loop of `sbatch`;
- `slurm-tasks`: 2,000 tasks that do nothing, from submit to the last end, beside the array by hand; on nodes
  of 16 cores, so that Slurm's pauses between looking for free ones are not what is measured;
- `slurm-poll`: processor time of the server for one look at 20,000 jobs that Slurm lists a row each;
- `slurm-foreign`: the same of 20,000 jobs of others, and what it costs to bring them in.

Where what is measured is the way to Slurm, all its nodes are drained meanwhile, so that nothing starts. (A
partition that is down would be a queue that is stopped: its jobs would wait with us.)
"""

import os
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, wrk
from benchmarks.accept import TARGET
from benchmarks.bench import Bench, Skipped, at_least, under
from benchmarks.rig import PASSWORD, USER, Rig, add_sweep, count_jobs, wait_ended
from headgate.engines.slurm.commands.squeue import FIELDS
from headgate.engines.slurm.indices import indices
from headgate.testing.slurm import QUICK, Cluster, Unavailable, cluster

SETTINGS = (QUICK, "MaxArraySize=10001")
PATIENCE_S = 600.0
ARRAYS_S = 2.0
TASKS_TIMES = 1.1
TASKS_CORES = 16
LOOK_S = 1.0
CORES = 4
POLL_CPU_S = 1.0
POLLS = 5
CONNECTIONS = 4
BY_HAND = "#!/bin/bash\ntrue\n"


def accept(bench: Bench) -> None:
    """Whole jobs over `/hpc`, as in `accept`; what was answered is counted afterwards."""
    seconds = bench.size(5, 1)
    paused: list[_Interval] = []
    sending: list[_Interval] = []
    working: list[_Interval] = []
    with front(bench, "accept") as (up, rig), drained(up):
        for _ in bench.each_round():
            up.daemons.pause("slurmctld")
            try:
                with _interval(up, rig, paused, looks=False) as now:
                    now.accepted = _load(rig, seconds)
            finally:
                up.daemons.resume("slurmctld")
            until(lambda: waiting(up) > 0)
            with _interval(up, rig, sending):
                time.sleep(seconds)
            with _interval(up, rig, working) as now:
                now.accepted = _load(rig, seconds)
        answered = sum(one.accepted for one in paused + working)
        client = rig.client()
        kept = count_jobs(client) - count_jobs(client, "Configuring")
        client.close()
    assert answered <= kept <= answered + 2 * bench.rounds * wrk.CONNECTIONS, (answered, kept)
    rates = [[one.accepted / one.seconds for one in some] for some in (paused, working)]
    bench.report("slurm: whole jobs accepted, slurmctld paused", "jobs/s", rates[0], at_least(TARGET))
    bench.report("slurm: whole jobs accepted, Slurm taking them", "jobs/s", rates[1])
    sent = [one.sent / one.seconds for one in working]
    bench.report("slurm: sent on meanwhile, on the same cores", "jobs/s", sent)
    accepting = [one.spent / one.accepted for one in paused]
    passing_on = [one.spent / one.sent for one in sending]
    bench.report("slurm: the server for a job accepted", "CPU ms", [1e3 * each for each in accepting])
    bench.report("slurm: the server for a job sent on", "CPU ms", [1e3 * each for each in passing_on])
    together = [
        both.spent / (both.accepted * one + both.sent * other)
        for both, one, other in zip(working, accepting, passing_on, strict=True)
    ]
    note = "1: one does not burden the other but for the cores"
    bench.report("slurm: the server for both at once, to both apart", "times", together, note=note)


@dataclass
class _Interval:
    """What was done in some time. spent: of processor time, by the server itself, in seconds."""

    accepted: int = 0
    sent: int = 0
    spent: float = 0.0
    seconds: float = 0.0


@contextmanager
def _interval(up: Cluster, rig: Rig, found: list[_Interval], *, looks: bool = True) -> Iterator[_Interval]:
    """Measure what is done within. looks: slurmctld answers, and says how many jobs it has."""
    now = _Interval()
    had = waiting(up) if looks else 0
    before, began = machine.spent(rig.pid), time.perf_counter()
    yield now
    now.seconds, now.spent = time.perf_counter() - began, machine.spent(rig.pid).own - before.own
    now.sent = waiting(up) - had if looks else 0
    found.append(now)


def _load(rig: Rig, seconds: int) -> int:
    load = wrk.run(rig.url, "accept.lua", rig.user, seconds=seconds, threads=wrk.CONNECTIONS)
    assert not load.refused, f"{load.refused} requests were refused"
    assert not load.errors, f"{load.errors} requests failed"
    return load.done


def arrays(bench: Bench) -> None:
    """One sweep; Slurm has it when the rows of squeue name as many elements."""
    count = bench.size(10_000, 1_000)
    took = []
    with front(bench, "arrays") as (up, rig), drained(up):
        client = rig.client()
        for _ in bench.each_round():
            job = add_sweep(client, "true", count)
            began = time.perf_counter()
            client.ask("POST", f"/hpc/jobs/{job}/submit")
            until(lambda: waiting(up) == count)
            took.append(time.perf_counter() - began)
            client.ask("POST", f"/hpc/jobs/{job}/cancel")
            wait_ended(client, job)
            until(lambda: waiting(up) == 0)
        client.close()
    bench.report(f"slurm: sweep of {count:,} until squeue has it", "s", took, under(ARRAYS_S))


def singles(bench: Bench) -> None:
    """Jobs of one task each, a request each over four connections; the loop is a user's, in one bash."""
    count = bench.size(1_000, 100)
    ours: list[float] = []
    theirs: list[float] = []
    cost: list[float] = []
    with front(bench, "singles") as (up, rig), drained(up):
        for _ in bench.each_round():
            before, began = machine.spent(rig.pid), time.perf_counter()
            with ThreadPoolExecutor(CONNECTIONS) as threads:
                list(threads.map(lambda number: _submit(rig, number), [count // CONNECTIONS] * CONNECTIONS))
            answered = time.perf_counter() - began
            until(lambda: waiting(up) == count)
            ours.append(time.perf_counter() - began)
            cost.append(1e3 * (machine.spent(rig.pid).own - before.own) / count)
            print(f"   answered after {answered:.2f} s, with Slurm after {ours[-1]:.2f} s")
            _empty(up, rig)
            began = time.perf_counter()
            loop = f"for ((i = 0; i < {count}; i++)); do sbatch -o /dev/null --wrap true; done"
            up.command("bash", "-c", loop, user="nobody", seconds=PATIENCE_S)
            until(lambda: waiting(up) == count)
            theirs.append(time.perf_counter() - began)
            _empty(up, rig)
    bench.report(f"slurm: {count:,} jobs until squeue has them", "s", ours)
    bench.report(f"slurm: {count:,} jobs by a loop of sbatch", "s", theirs)
    bench.report("slurm: the server for a job, accepted and sent on", "CPU ms", cost)
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    bench.report("slurm: jobs, headgate to loop", "times", ratios, under(1.0))


def _submit(rig: Rig, count: int) -> None:
    client = rig.client()
    for _ in range(count):
        client.ask("POST", "/v1/jobs", {"tasks": [{"command": "true", "work_directory": "/"}]})
    client.close()


def tasks(bench: Bench) -> None:
    """To the end as each side knows it: the job's final state, and nothing live in squeue. That is not looked
    at often, as it costs slurmctld more than the tasks do.
    """
    count = bench.size(2_000, 100)
    ours, theirs = [], []
    with front(bench, "tasks", cores=TASKS_CORES) as (up, rig):
        output = bench.folder / "slurm-tasks-out"
        output.mkdir()
        output.chmod(0o777)
        for _ in bench.each_round():
            client = rig.client()
            job = add_sweep(client, "true", count)
            began = time.perf_counter()
            client.ask("POST", f"/hpc/jobs/{job}/submit")
            state = wait_ended(client, job, within_s=PATIENCE_S)
            ours.append(time.perf_counter() - began)
            assert state == "Finished", state
            until(lambda: not _live(up))
            began = time.perf_counter()
            array = ("sbatch", f"--array=0-{count - 1}", f"--chdir={output}")
            up.command(*array, user="nobody", stdin=BY_HAND)
            until(lambda: not _live(up), LOOK_S)
            theirs.append(time.perf_counter() - began)
            client.close()
    bench.report(f"slurm: {count:,} tasks to their end", "s", ours)
    bench.report(f"slurm: {count:,} tasks, the array by hand", "s", theirs)
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    bench.report("slurm: tasks, headgate to by hand", "times", ratios, under(TASKS_TIMES))


def poll(bench: Bench) -> None:
    """Sweeps whose elements Slurm was made to keep a record each of, as those that run or end have one."""
    half = bench.size(10_000, 1_000)
    bin_folder = bench.folder / "slurm-poll-bin"
    calls = _counted_squeue(bin_folder)
    ours, squeue = [], []
    settings = f'bin = "{bin_folder}"\npoll_max_s = 1.0\n'
    with front(bench, "poll", settings) as (up, rig), drained(up):
        client = rig.client()
        for job in [add_sweep(client, "true", half) for _ in range(2)]:
            client.ask("POST", f"/hpc/jobs/{job}/submit")
        until(lambda: waiting(up) == 2 * half)
        _split(up)
        rows = len(_rows(up))
        assert rows >= 2 * half, f"squeue lists {rows} rows"
        time.sleep(5.0)  # what was done on the way is over
        for _ in bench.each_round():
            before, looks = machine.spent(rig.pid), len(calls.read_bytes())
            until(lambda looks=looks: len(calls.read_bytes()) >= looks + POLLS)  # type: ignore[misc]
            after, looked = machine.spent(rig.pid), len(calls.read_bytes()) - looks
            ours.append((after.own - before.own) / looked)
            squeue.append((after.children - before.children) / looked)
        assert "not_seen" not in rig.log.read_text(), "a look failed"
        client.close()
    note = "with all else that the server did meanwhile"
    bench.report(f"slurm: a look at {rows:,} rows, the server", "CPU s", ours, under(POLL_CPU_S), note)
    bench.report(f"slurm: a look at {rows:,} rows, squeue itself", "CPU s", squeue)


def foreign(bench: Bench) -> None:
    """The list is made up: to have Slurm take 20,000 jobs one by one says nothing of how they are shown."""
    count = bench.size(20_000, 1_000)
    bin_folder = bench.folder / "slurm-foreign-bin"
    calls = _made_up_squeue(bin_folder, count)
    ours = []
    settings = f'bin = "{bin_folder}"\npoll_max_s = 1.0\nforeign = true\n'
    with front(bench, "foreign", settings) as (_, rig):
        client = rig.client()
        until(lambda: count_jobs(client, "Queued") == count)
        cost = machine.spent(rig.pid).own
        time.sleep(5.0)
        for _ in bench.each_round():
            before, looks = machine.spent(rig.pid), len(calls.read_bytes())
            until(lambda looks=looks: len(calls.read_bytes()) >= looks + POLLS)  # type: ignore[misc]
            after, looked = machine.spent(rig.pid), len(calls.read_bytes()) - looks
            ours.append((after.own - before.own) / looked)
        assert "foreign_not_seen" not in rig.log.read_text(), "a look failed"
        client.close()
    note = "with all else that the server did meanwhile"
    looks_at = f"slurm: a look at {count:,} jobs of others, the server"
    bench.report(looks_at, "CPU s", ours, under(POLL_CPU_S), note)
    bench.report(f"slurm: start with {count:,} jobs of others, the server", "CPU s", [cost], note=note)


# ---- the cluster and the server in front of it


@contextmanager
def front(
    bench: Bench,
    name: str,
    settings: str = "",
    *,
    cores: int = CORES,
    daemons_on: Collection[int] | None = None,
) -> Iterator[tuple[Cluster, Rig]]:
    """Both up, with the user in place. daemons_on: the processors that Slurm, with its jobs, is kept to.

    Raises Skipped where there can be no cluster.
    """
    folder = bench.folder / f"slurm-{name}"
    folder.mkdir()
    try:
        of_nodes = dict.fromkeys(("n1", "n2"), f"CPUs={cores}")
        with ExitStack() as stack:
            with machine.on(daemons_on or os.sched_getaffinity(0)):
                up = stack.enter_context(cluster(nodes=2, settings=SETTINGS, of_nodes=of_nodes))
            config = folder / "headgate.toml"
            config.write_text(f'[engine.slurm]\nconf = "{up.conf}"\nspool = "{folder / "spool"}"\n{settings}')
            rig = Rig(folder / "data", ("--engine", "slurm", "--config", str(config)))
            try:
                rig.start()
                rig.add_user(USER, PASSWORD, os_account="nobody")
                yield up, rig
            finally:
                rig.stop()
    except Unavailable as reason:
        raise Skipped(str(reason)) from None


@contextmanager
def drained(up: Cluster) -> Iterator[None]:
    """scontrol(1): jobs are taken, and none starts."""
    up.command("scontrol", "update", "NodeName=ALL", "State=DRAIN", "Reason=benchmark")
    yield
    up.command("scontrol", "update", "NodeName=ALL", "State=RESUME")


def _rows(up: Cluster) -> list[str]:
    """The elements of each row of squeue; `N/A` for a job that is no array."""
    asked = ("env", "SLURM_BITSTR_LEN=0", "squeue", "--noheader", "--states=PENDING", "--format=%K")
    return up.command(*asked).stdout.split()


def waiting(up: Cluster) -> int:
    """How many jobs and elements wait."""
    return sum(1 if row == "N/A" else len(indices(row)) for row in _rows(up))


def _live(up: Cluster) -> bool:
    return bool(up.command("squeue", "--noheader", "--format=%i").stdout)


def _empty(up: Cluster, rig: Rig) -> None:
    """End all that waits, in the words of each side."""
    up.command("scancel", "--user=nobody")
    until(lambda: not _live(up))
    client = rig.client()
    until(lambda: not count_jobs(client, "Queued"))
    client.close()


def _split(up: Cluster) -> None:
    """A record for each element: slurmctld makes them when some, but not all, are changed by number."""
    asked = ("env", "SLURM_BITSTR_LEN=0", "squeue", "--noheader", "--format=%F %K")
    for line in up.command(*asked).stdout.splitlines():
        array, elements = line.split()
        some = f"JobId={array}_[0-{len(indices(elements)) - 2}]"
        up.command("scontrol", "update", some, "JobName=x", seconds=PATIENCE_S)


def _counted_squeue(folder: Path) -> Path:
    """A folder for `bin` whose squeue leaves a byte each time. Where."""
    folder.mkdir()
    calls = folder / "calls"
    calls.touch()
    script = folder / "squeue"
    script.write_text(f'#!/bin/sh\nprintf . >>{calls}\nexec /usr/bin/squeue "$@"\n')
    script.chmod(0o755)
    return calls


def _made_up_squeue(folder: Path, count: int) -> Path:
    """The same, and it lists so many jobs of nobody's that wait, in the form that it is asked for."""
    calls = _counted_squeue(folder)
    named = {"JobID": "$job", "ArrayJobID": "$job", "ArrayTaskID": "N/A", "State": "PENDING"}
    named |= {
        "UserName": "nobody",
        "Name": "job $job",
        "NumNodes": "1",
        "NumCPUs": "1",
        "TimeLimit": "1:00:00",
    }
    named |= {"Reason": "Priority", "SubmitTime": "1700000000", "Partition": "batch", "Comment": "(null)"}
    empty = {"StartTime": "N/A", "EndTime": "N/A", "Account": "(null)", "QOS": "(null)", "NodeList": ""}
    cells = ", ".join(f'"{({**named, **empty}).get(name, "0")}"' for name in FIELDS)
    script = folder / "squeue"
    script.write_text(
        "#!/usr/bin/perl\n"
        f"open(my $calls, '>>', '{calls}'); print $calls '.'; close($calls);\n"
        "my ($format) = map { /^--Format=(.*)/s ? $1 : () } @ARGV;\n"
        "my ($between) = $format =~ /^JobID:(.*?),ArrayJobID:/s;\n"
        "my ($end) = $format =~ /Comment:(.*)$/s;\n"
        'print "JOBID$between$end\\n";\n'
        f'foreach my $job (1 .. {count}) {{ print join($between, {cells}), "$end\\n"; }}\n'
    )
    return calls


def until(true: Callable[[], bool], every_s: float = 0.05) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"it did not come so far in {PATIENCE_S} s"
        time.sleep(every_s)
