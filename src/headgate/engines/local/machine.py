"""What this machine has, for the nodes that the settings describe."""

import os
import re
import socket
from pathlib import Path

from headgate.engines.local.options import NodeOptions, Options
from headgate.ports.engine import NodeSighting


def nodes_of(options: Options) -> tuple[NodeSighting, ...]:
    """The configured logical nodes; without any, the machine as one node."""
    cores = os.cpu_count() or 1
    memory_mb = _memory_mb()
    cpu_mhz, sockets = _processor()
    return tuple(
        NodeSighting(
            name=node.name,
            cores=node.cores or cores,
            sockets=min(sockets, node.cores or cores),
            gpus=node.gpus,
            memory_mb=node.memory_mb or memory_mb,
            cpu_mhz=cpu_mhz,
            groups=node.groups,
        )
        for node in options.nodes or (NodeOptions(name=socket.gethostname().split(".")[0] or "localhost"),)
    )


def _memory_mb() -> int:
    match = re.search(r"^MemTotal:\s+(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    return int(match[1]) // 1024 if match else 0


def _processor() -> tuple[int, int]:
    text = _read("/proc/cpuinfo")
    speed = re.search(r"^cpu MHz\s*:\s*([\d.]+)", text, re.MULTILINE)
    sockets = len(set(re.findall(r"^physical id\s*:\s*(\d+)", text, re.MULTILINE)))
    return (round(float(speed[1])) if speed else 0), max(1, sockets)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
