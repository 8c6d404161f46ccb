"""MPI processes: `--mpi`, read and written. Spec pjm, section 3.3, with its arithmetic."""

from collections.abc import Mapping
from typing import Final

from headgate.core.model import Chunk
from headgate.core.scripts import Loss
from headgate.scripts.pjm.quantities import MOST, Bad, at, read_number
from headgate.scripts.pjm.shape import count_of, read_shape
from headgate.scripts.pjm.words import Given, refused, shown

ORDERS: Final = ("XY", "YX", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def read_processes(mpi: Mapping[str, Given], chunk: Chunk, kept: dict[str, str]) -> tuple[int, int]:
    """MPI processes of a chunk, and in all (0: follows). Section 3.3. Raises ScriptError."""
    count = chunk.count
    if "shape" in mpi:
        shape = at(mpi["shape"], read_shape)
        if shape.words or shape.count > count:
            raise refused(
                "0002", f"shape: {shown(str(shape))} is no part of {count} nodes", mpi["shape"].place
            )
        kept["mpi.shape"] = str(shape)
        count = shape.count
    for name in ("rank-map-bychip", "rank-map-bynode", "rank-map-hostfile", "assign-online-node"):
        if name in mpi:
            kept[f"mpi.{name}"] = _rank_map(name, mpi[name])
    if "rank-map-bychip" in mpi and "rank-map-bynode" in mpi:
        raise refused(
            "0002", "rank-map-bychip and rank-map-bynode exclude each other", mpi["rank-map-bynode"].place
        )
    processes = at(mpi["proc"], lambda text: read_number(text, 1)) if "proc" in mpi else 0
    ranks = -(-processes // count)
    if "max-proc-per-node" in mpi:
        given = mpi["max-proc-per-node"]
        if chunk.cores:
            raise refused("0002", "max-proc-per-node is for nodes, not for virtual ones", given.place)
        ranks = at(given, lambda text: read_number(text, 1))
        if processes > ranks * count:
            raise refused(
                "0002", f"{processes} processes are more than {ranks} on each of {count} nodes", given.place
            )
    if count < chunk.count and not processes:
        processes = ranks * count
    return ranks, processes


def _rank_map(name: str, given: Given) -> str:
    if given.bare:
        return ""
    if name == "rank-map-bychip" and given.value.isdecimal():
        return str(at(given, lambda text: read_number(text, 1)))
    if name.startswith("rank-map-by"):
        return at(given, _order)
    if name == "assign-online-node" or not given.value:
        raise refused("0003", f"{name}: {shown(given.value)} can't stand there", given.place)
    return given.value


def _order(text: str) -> str:
    """The order of ranks. Raises Bad."""
    if text not in ORDERS:
        raise Bad("0003", f"{shown(text)} is none of the orders {' '.join(ORDERS)}")
    return text


def write_processes(
    chunk: Chunk, processes: int, kept: Mapping[str, str], losses: list[Loss]
) -> list[tuple[str, str]]:
    """The lines of `--mpi` for a chunk; what they can't say is added to the losses."""
    shape = kept.get("mpi.shape", "")
    nodes = count_of(shape) or chunk.count
    if nodes > chunk.count:
        losses.append(Loss(f"shape={shape}", f"the job has {chunk.count} nodes now"))
        kept = {key: value for key, value in kept.items() if key != "mpi.shape"}
        nodes = chunk.count
    said = []
    follows = -(-processes // nodes)
    if chunk.cores and chunk.ranks and not processes:
        processes = chunk.ranks * chunk.count
    elif chunk.ranks and chunk.ranks != follows and (chunk.cores or processes > chunk.ranks * nodes):
        losses.append(
            Loss(f"{chunk.ranks} processes on each part", f"up to {follows} are asked for", approximated=True)
        )
    elif chunk.ranks != follows and chunk.ranks:
        said.append(f"max-proc-per-node={chunk.ranks}")
    if processes > MOST:
        losses.append(Loss(f"{processes} processes", f"{MOST} are asked for", approximated=True))
        processes = MOST
    if processes:
        said.append(f"proc={processes}")
    for key, value in kept.items():
        option, _, item = key.partition(".")
        if option == "mpi":
            sign = ":" if item == "rank-map-bychip" and not value.isdecimal() else "="
            said.append(f"{item}{sign}{value}" if value else item)
    return [("--mpi", text) for text in said]
