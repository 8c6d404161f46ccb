"""How a run of a PBS job is started: its variables, its node file, and where its output goes (spec pbs,
sections 7 and 8). Pure.

Not here because only a scheduler of several hosts has them: PBS_MOMPORT, PBS_JOBCOOKIE.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping

from headgate.core.launch import NodeShare
from headgate.core.model import Chunk
from headgate.core.scripts import Manners, RunFacts
from headgate.core.vocabulary import Arrangement
from headgate.scripts.pbs.meanings import PATH

INDEX = "^array_index^"
"""What stands for the index in an output path."""
_VARIABLE = re.compile(r"\$(?:\{(PBS_[A-Z_]+)\}|(PBS_[A-Z_]+))")


def job_id(number: int, cluster: str, index: int | None = None, *, array: bool = False) -> str:
    """`812.head1`; of an array `812[].head1`, of one of its subjobs `812[5].head1`."""
    part = f"[{index}]" if index is not None else "[]" if array else ""
    return f"{number}{part}" + (f".{cluster}" if cluster else "")


def manners(run: RunFacts) -> Manners:
    """Variables, files and output of a run."""
    environment = _environment(run)
    output, error = _outputs(run, environment)
    return Manners(
        environment=environment,
        files={"PBS_NODEFILE": "".join(f"{host}\n" for host in slots(run)).encode()},
        scratch=("TMPDIR",),
        work_directory=run.task.spec.work_directory,
        output_directory=run.job.spec.submit_directory or run.home,
        stdout=output,
        stderr=error,
        login=True,
    )


def _environment(run: RunFacts) -> dict[str, str]:
    job, task = run.job.spec, run.task.spec
    host = job.submit_host or run.cluster
    variables = {f"PBS_O_{name}": value for name, value in job.submit_variables.items()}
    first = task.chunks[0] if task.chunks else Chunk(cores=max(task.min_cores, 1))
    share = run.placement.shares[0] if run.placement.shares else NodeShare("", ())
    cores = first.cores or len(share.cores) or share.node_cores or 1
    variables |= {
        "PBS_O_WORKDIR": job.submit_directory or run.home,
        # Headgate runs on nothing else.
        "PBS_O_SYSTEM": "Linux",
        "PBS_O_HOST": host,
        "PBS_O_QUEUE": job.queue,
        "PBS_ENVIRONMENT": "PBS_BATCH",
        "ENVIRONMENT": "BATCH",
        "PBS_JOBID": job_id(run.job.id, run.cluster, run.index),
        "PBS_JOBNAME": job.name,
        "PBS_QUEUE": job.queue,
        "PBS_NODENUM": "0",
        "PBS_TASKNUM": "1",
        "PBS_JOBDIR": run.home,
        "NCPUS": str(cores),
        "OMP_NUM_THREADS": str(first.threads or cores),
    }
    if job.account:
        variables["PBS_ACCOUNT"] = job.account
    if run.index is not None:
        variables["PBS_ARRAY_INDEX"] = str(run.index)
        variables["PBS_ARRAY_ID"] = job_id(run.job.id, run.cluster, array=True)
    return variables


# ---- the node file


def slots(run: RunFacts) -> Iterator[str]:
    """The short name of a host for each MPI process, in the order of chunks; one where it is not said."""
    placed = _Placed(run)
    for chunk in run.task.spec.chunks or (Chunk(),):
        for _ in range(chunk.count):
            host = placed.next(chunk)
            for _ in range(chunk.ranks or 1):
                yield host


class _Placed:
    """Which node each part of the chunks has, as far as the placement says: scattered ones have one each,
    others fill up the cores of a node before they go to the next.
    """

    def __init__(self, run: RunFacts) -> None:
        self._hosts = [share.node.partition(".")[0] for share in run.placement.shares] or [
            run.cluster or "localhost"
        ]
        self._left = [len(share.cores) for share in run.placement.shares] or [0]
        self._names = {share.node: at for at, share in enumerate(run.placement.shares)}
        self._scattered = run.task.spec.arrangement is Arrangement.SCATTER
        self._at = -1 if self._scattered else 0

    def next(self, chunk: Chunk) -> str:
        """The host of the next part."""
        last = len(self._hosts) - 1
        if chunk.host in self._names:
            self._at = self._names[chunk.host]
        elif self._scattered:
            self._at = min(self._at + 1, last)
        else:
            while self._left[self._at] < max(chunk.cores, 1) and self._at < last:
                self._at += 1
        self._left[self._at] -= max(chunk.cores, 1)
        return self._hosts[self._at]


# ---- output


def _outputs(run: RunFacts, environment: Mapping[str, str]) -> tuple[str, str]:
    """Paths of standard output and error, absolute or relative to the directory of submission (8)."""
    spec = run.task.spec
    output = _output(run, spec.stdout, "Output_Path", "o", environment)
    error = _output(run, spec.stderr, "Error_Path", "e", environment)
    if spec.join == "oe":
        return output, output
    return (error, error) if spec.join == "eo" else (output, error)


def _output(run: RunFacts, path: str, option: str, letter: str, environment: Mapping[str, str]) -> str:
    job = run.job.spec
    index = "" if run.index is None else str(run.index)
    if not path:
        return f"{job.name}.{letter}{run.job.id}" + (f".{index}" if index else "")
    found = PATH.fullmatch(job.options.get(option, ""))
    if found is not None and found[1] and found[2] == path and run.home:
        # A relative path on a named host starts in the home there.
        path = posixpath.join(run.home, path)
    path = path.replace(INDEX, index)
    # An extension (8): never a file that is called $PBS_JOBID.
    path = _VARIABLE.sub(lambda mark: environment.get(mark[1] or mark[2], mark[0]), path)
    if path.endswith("/"):
        suffix = "OU" if letter == "o" else "ER"
        return f"{path}{environment['PBS_JOBID']}.{suffix}"
    return path
