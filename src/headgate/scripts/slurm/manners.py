"""How Slurm starts a batch script: variables, working directory, output files (sbatch(1), OUTPUT ENVIRONMENT
VARIABLES).

Which of them there are and what they hold was compared with runs under Slurm 22.05.8. Left out are those that
only a node can know (SLURM_TASK_PID, SLURM_JOB_UID), and topology and federation, of which there is none.
"""

from collections.abc import Iterator
from itertools import groupby

from headgate.core.model import Job, Task, TaskSpec
from headgate.core.scripts import Manners, RunFacts
from headgate.core.vocabulary import Arrangement, Sharing, TaskType
from headgate.scripts.slurm import arrays, hostlist
from headgate.scripts.slurm.patterns import DEFAULT, DEFAULT_OF_ARRAY, Names, file_name
from headgate.scripts.slurm.quantities import MIB


def manners(run: RunFacts) -> Manners:
    """How a run is started."""
    spec, task = run.job.spec, run.task.spec
    directory = task.work_directory
    if not directory.startswith("/") and spec.submit_directory:
        directory = f"{spec.submit_directory.rstrip('/')}/{directory}" if directory else spec.submit_directory
    names = Names(
        job_id=run.job.id,
        index=run.index,
        node=run.placement.nodes[0] if run.placement.shares else "",
        user=run.user,
        name=spec.name,
    )
    stdout = file_name(task.stdout or (DEFAULT if run.index is None else DEFAULT_OF_ARRAY), names)
    stderr = file_name(task.stderr, names) if task.stderr else stdout
    return Manners(
        environment=dict(_variables(run)),
        work_directory=directory,
        output_directory=directory,
        stdout=stdout,
        stderr=stderr,
        login="get-user-env" in spec.options and not spec.options["get-user-env"].upper().endswith("S"),
    )


def _variables(run: RunFacts) -> Iterator[tuple[str, str]]:
    job, spec = run.job, run.job.spec
    yield "ENVIRONMENT", "BATCH"
    yield "SLURM_JOB_ID", str(job.id)
    yield "SLURM_JOBID", str(job.id)
    yield "SLURM_JOB_NAME", spec.name
    yield "SLURM_JOB_USER", run.user or job.owner
    yield "SLURM_SUBMIT_DIR", spec.submit_directory or run.home
    yield "SLURM_SUBMIT_HOST", spec.submit_host or run.cluster
    yield "SLURM_CLUSTER_NAME", run.cluster
    yield "SLURM_PRIO_PROCESS", "0"
    for name in ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID", "SLURM_GTIDS"):
        yield name, "0"
    for name, value in (
        ("SLURM_JOB_PARTITION", spec.queue),
        ("SLURM_JOB_ACCOUNT", spec.account),
        ("SLURM_JOB_QOS", spec.options.get("qos", "")),
        ("SLURM_JOB_RESERVATION", spec.options.get("reservation", "")),
        ("SLURM_JOB_DEPENDENCY", spec.options.get("dependency", "")),
        ("SLURM_DISTRIBUTION", spec.options.get("distribution", "")),
        ("SLURM_HINT", spec.options.get("hint", "")),
        ("SLURM_THREADS_PER_CORE", spec.options.get("threads-per-core", "")),
        ("SLURM_EXPORT_ENV", spec.options.get("export", "")),
        ("SLURM_OVERCOMMIT", "1" if "overcommit" in spec.options else ""),
    ):
        if value:
            yield name, value
    restarts = _restarts(job, run.task)
    if restarts:
        yield "SLURM_RESTART_COUNT", str(restarts)
    yield from _array(run)
    yield from _nodes(run)
    yield from _amounts(run.task.spec)


def _restarts(job: Job, task: Task) -> int:
    run = task.run
    return max(job.requeue_count, run.requeue_count + run.auto_requeue_count + run.failure_retry_count)


def _array(run: RunFacts) -> Iterator[tuple[str, str]]:
    task = run.task.spec
    if run.index is None or task.type is not TaskType.PARAMETRIC_SWEEP:
        return
    first, last, step = task.start_value, task.end_value, task.increment
    count = (last - first) // step + 1
    last = first + (count - 1) * step
    if task.index_set:
        first, last = arrays.bounds(task.index_set)
        step = 1
    yield "SLURM_ARRAY_JOB_ID", str(run.job.id)
    yield "SLURM_ARRAY_TASK_ID", str(run.index)
    yield "SLURM_ARRAY_TASK_COUNT", str(count)
    yield "SLURM_ARRAY_TASK_MIN", str(first)
    yield "SLURM_ARRAY_TASK_MAX", str(last)
    yield "SLURM_ARRAY_TASK_STEP", str(step)


def _nodes(run: RunFacts) -> Iterator[tuple[str, str]]:
    shares = run.placement.shares
    if not shares:
        return
    names = hostlist.compress(run.placement.nodes)
    cores = [len(share.cores) for share in shares]
    exclusive = run.task.spec.sharing is Sharing.EXCLUSIVE
    if exclusive:
        cores = [max(share.node_cores, len(share.cores)) for share in shares]
    yield "SLURMD_NODENAME", shares[0].node
    yield "SLURM_JOB_NODELIST", names
    yield "SLURM_NODELIST", names
    yield "SLURM_JOB_NUM_NODES", str(len(shares))
    yield "SLURM_NNODES", str(len(shares))
    yield "SLURM_CPUS_ON_NODE", str(cores[0])
    yield "SLURM_JOB_CPUS_PER_NODE", _repeated(cores)
    yield "SLURM_TASKS_PER_NODE", _repeated(_tasks(run.task.spec, [len(share.cores) for share in shares]))


def _tasks(task: TaskSpec, cores: list[int]) -> list[int]:
    """Ranks of each node: as the chunks stand on them, or else as the cores allow."""
    if task.arrangement is Arrangement.SCATTER:
        each = [max(chunk.ranks, 1) for chunk in task.chunks for _ in range(min(chunk.count, len(cores)))]
        if len(each) < len(cores):
            each += [each[-1] if each else 1] * (len(cores) - len(each))
        return each[: len(cores)]
    cpus = max((-(-chunk.cores // max(chunk.ranks, 1)) for chunk in task.chunks), default=1) or 1
    return [max(number // cpus, 1) for number in cores]


def _repeated(numbers: list[int]) -> str:
    """`2(x3),1`."""
    runs = [(number, len(list(same))) for number, same in groupby(numbers)]
    return ",".join(str(number) if times == 1 else f"{number}(x{times})" for number, times in runs)


def _amounts(task: TaskSpec) -> Iterator[tuple[str, str]]:
    """What was asked for, where it was."""
    chunks = task.chunks
    ranks = task.processes or sum(chunk.count * chunk.ranks for chunk in chunks)
    if ranks:
        yield "SLURM_NTASKS", str(ranks)
        yield "SLURM_NPROCS", str(ranks)
    if not chunks:
        return
    first = chunks[0]
    scattered = task.arrangement is Arrangement.SCATTER
    if scattered and first.ranks and not task.processes:
        yield "SLURM_NTASKS_PER_NODE", str(first.ranks)
    if first.threads:
        yield "SLURM_CPUS_PER_TASK", str(first.threads)
    if first.memory and (scattered or first.count == 1):
        yield "SLURM_MEM_PER_NODE", str(-(-first.memory // MIB))
    elif first.memory and first.cores:
        yield "SLURM_MEM_PER_CPU", str(-(-first.memory // first.cores // MIB))
    if first.gpus:
        yield "SLURM_GPUS_ON_NODE", str(first.gpus)
