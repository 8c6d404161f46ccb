"""How a run of a PJM job is started: its variables, directories and output files. Spec pjm, section 8.

Variables that stand for something not here (the layered storage, the logical CPUs of a node) are not set.
What the script did not say is not set either, but for what PJM fills in itself: one process on each of
several nodes, the resource group.
"""

from collections.abc import Mapping
from typing import Final

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.scripts import Manners, RunFacts
from headgate.core.vocabulary import Arrangement, Sharing
from headgate.scripts.lines import lines
from headgate.scripts.pjm.environment import MAIL_BITS
from headgate.scripts.pjm.moments import write_at
from headgate.scripts.pjm.options import PREFIX
from headgate.scripts.pjm.paths import fill, fit, in_file_name
from headgate.scripts.pjm.quantities import UNLIMITED, kept_bytes
from headgate.scripts.pjm.shape import Shape, count_of, read_shape

_AXES: Final = "XYZ"
_SCRATCH: Final = (("llio.localtmp-size", "PJM_LOCALTMP"), ("llio.sharedtmp-size", "PJM_SHAREDTMP"))


def manners(run: RunFacts) -> Manners:
    """How this run is started."""
    job, task = run.job.spec, run.task.spec
    identity = _identity(run)
    sub = identity["PJM_SUBJOBID"]
    letters = {
        "j": identity["PJM_JOBID"],
        "J": sub,
        "b": identity.get("PJM_BULKNUM", ""),
        "s": identity.get("PJM_STEPNUM", ""),
        "n": fit(job.name),
    }
    folder = job.submit_directory or run.home
    beginning = f"{in_file_name(job.name)}.{sub}"
    stdout = fill(task.stdout, letters) or f"{beginning}.out"
    stderr = fill(task.stderr, letters) or f"{beginning}.err"
    if task.join == "oe":
        stderr = stdout
    directory = task.work_directory or folder
    variables = {
        **identity,
        **_submitter(job),
        **_nodes(job, task),
        **_mpi(job, task),
        **_limits(run),
        **_labels(run),
        "PJM_JOBDIR": directory,
        "PJM_STDOUT_PATH": _joined(folder, stdout),
        "PJM_STDERR_PATH": _joined(folder, stderr),
        "PJM_SHELL": _shell(run),
        "PJM_DPREFIX": PREFIX,
    }
    return Manners(
        environment=variables,
        files={"PJM_O_NODEINF": "".join(f"{node}\n" for node in run.placement.nodes).encode()},
        scratch=tuple(name for option, name in _SCRATCH if option in job.options),
        work_directory=directory,
        output_directory=folder,
        stdout=stdout,
        stderr=stderr,
    )


def _identity(run: RunFacts) -> dict[str, str]:
    """Which run it is. The parts of a chain are jobs of their own here; they are told the id of the first."""
    own, step = str(run.job.id), run.job.spec.step
    job_id = str(step.of) if step is not None and step.of is not None else own
    found = {
        "PJM_JOBID": job_id,
        "PJM_SUBJOBID": own,
        "PJM_JOBNAME": run.job.spec.name,
        "PJM_ENVIRONMENT": "BATCH",
    }
    if run.index is not None:
        found |= {"PJM_BULKNUM": str(run.index), "PJM_SUBJOBID": f"{job_id}[{run.index}]"}
    elif step is not None:
        opens = step.of is None and not step.of_name
        number = step.number if step.number is not None else 0 if opens else None
        if number is not None:
            found |= {"PJM_STEPNUM": str(number), "PJM_SUBJOBID": f"{job_id}_{number}"}
    return found


def _submitter(job: JobSpec) -> dict[str, str]:
    found = {f"PJM_O_{name}": value for name, value in job.submit_variables.items()}
    if job.submit_host:
        found["PJM_O_HOST"] = job.submit_host
    if job.submit_directory:
        found["PJM_O_WORKDIR"] = job.submit_directory
    return found


def _chunk(task: TaskSpec) -> Chunk:
    return task.chunks[0] if task.chunks else Chunk(cores=0)


def _shape(text: str, count: int) -> Shape:
    """A kept shape, or else as many in a row."""
    return read_shape(text) if count_of(text) else Shape((count,))


def _nodes(job: JobSpec, task: TaskSpec) -> dict[str, str]:
    chunk, options = _chunk(task), job.options
    if chunk.cores:
        found = {"PJM_VNODE": str(chunk.count), "PJM_VNODE_CORE": str(chunk.cores)}
        found["PJM_EXEC_POLICY"] = {Sharing.EXCLUSIVE: "simplex", Sharing.SHARED: "share"}.get(
            task.sharing, ""
        )
        found["PJM_VN_POLICY"] = {
            Arrangement.PACK: "abs-pack",
            Arrangement.SCATTER: "abs-unpack",
        }.get(task.arrangement, options.get("P.vn-policy", ""))
        by_core = options.get("rsc-list.core-mem", "")
        if by_core:
            found["PJM_CORE_MEM_LIMIT"] = str(kept_bytes(by_core) or by_core)
        else:
            found["PJM_VNODE_MEM_LIMIT"] = str(chunk.memory or options.get("rsc-list.vnode-mem", ""))
        return {name: value for name, value in found.items() if value}
    shape = _shape(options.get("rsc-list.node", ""), chunk.count)
    found = {"PJM_NODE": str(chunk.count)}
    found |= {f"PJM_NODE_{axis}": str(extent) for axis, extent in zip(_AXES, shape.extents, strict=False)}
    for word in shape.words:
        if word in ("torus", "mesh", "noncont"):
            found["PJM_NODE_ALLOCATION_MODE"] = word
        elif word.endswith("io-exclusive"):
            found["PJM_NODE_ALLOCATION_IO_MODE"] = word
    limit = str(chunk.memory or options.get("rsc-list.node-mem", ""))
    return found | ({"PJM_NODE_MEM_LIMIT": limit} if limit else {})


def _mpi(job: JobSpec, task: TaskSpec) -> dict[str, str]:
    """Unset for one node without --mpi (section 8.1)."""
    chunk, options = _chunk(task), job.options
    asked = {key.partition(".")[2]: value for key, value in options.items() if key.startswith("mpi.")}
    if not (chunk.ranks or task.processes or asked or chunk.count > 1):
        return {}
    shape = _shape(asked.get("shape") or options.get("rsc-list.node", ""), chunk.count)
    ranks = chunk.ranks or 1
    found = {
        "PJM_MPI_PROC": str(task.processes or ranks * shape.count),
        "PJM_PROC_BY_NODE": str(ranks),
    }
    if not chunk.cores:
        axes = zip(_AXES, shape.extents, strict=False)
        found |= {f"PJM_MPI_SHAPE_{axis}": str(extent) for axis, extent in axes}
    for name in ("rank-map-bychip", "rank-map-bynode"):
        if name in asked:
            found[f"PJM_{name.replace('-', '_').upper()}"] = asked[name] or "DEF"
    if "assign-online-node" in asked:
        found["PJM_ASSIGN_ONLINE_NODE"] = "1"
    return found


def _limits(run: RunFacts) -> dict[str, str]:
    job = run.job.spec
    seconds = job.runtime_s if run.seconds is None else int(run.seconds)
    found = {
        "PJM_ELAPSE_LIMIT": UNLIMITED if seconds is None else str(seconds),
        "PJM_ELAPSED_TIME_MODE": "fixed",
    }
    if job.min_runtime_s is not None:
        found |= {
            "PJM_ELAPSED_TIME_MODE": "adaptive",
            "PJM_ADAPTIVE_ELAPSED_TIME_MIN": str(job.min_runtime_s),
            "PJM_ADAPTIVE_ELAPSED_TIME_MAX": UNLIMITED if job.runtime_s is None else str(job.runtime_s),
        }
    return found


def _labels(run: RunFacts) -> dict[str, str]:
    """What was said of the job and is passed on as it was, where it was."""
    job, options = run.job.spec, run.job.spec.options
    said: Mapping[str, str] = {
        "PJM_RSCUNIT": options.get("rsc-list.rscunit") or run.cluster,
        "PJM_RSCGRP": job.queue,
        "PJM_COMMENT": job.comment,
        "PJM_APPNAME": options.get("appname", ""),
        "PJM_FSNAME": options.get("fs", ""),
        "PJM_AT": "" if job.not_before is None else write_at(job.not_before, run.time_zone),
        "PJM_MAILOPTION": _mail(job),
        "PJM_MAILSENDTO": job.email_address,
        "PJM_NORESTART": "" if run.task.spec.rerunnable else "1",
        "PJM_NET_ROUTE": options.get("net-route", ""),
        "PJM_CUSTOM_RESOURCES": ",".join(
            f"{name}={value}" if value else name for name, value in job.extra_resources.items()
        ),
    }
    return {name: value for name, value in said.items() if value}


def _mail(job: JobSpec) -> str:
    letters = [
        *("b" if job.notify_on_start else ""),
        *("e" if job.notify_on_completion else ""),
        *("r" if job.notify_on_requeue else ""),
        *job.options.get("m", "").replace(",", ""),
    ]
    return (
        hex(sum(MAIL_BITS[letter] for letter in dict.fromkeys(letters) if letter in MAIL_BITS))
        if letters
        else ""
    )


def _joined(folder: str, path: str) -> str:
    return path if path.startswith("/") or not folder else f"{folder.rstrip('/')}/{path}"


def _shell(run: RunFacts) -> str:
    """What runs the script: what its first line says, else the login shell."""
    if run.task.spec.interpreter:
        return run.task.spec.interpreter[0]
    first = next(lines(run.task.spec.script), None)
    words = first.text[2:].split() if first is not None and first.text.startswith(b"#!") else []
    return words[0].decode("utf-8", "replace") if words else run.shell
