"""The batch script: our wrapper in bash, with the job's variables and its own script inside as data. Pure.

sbatch reads options from the comments at the top of a script; ours has a command before anything else, and
the user's text stands in it in base64, so no line of it is ever read as one. What differs between the
instances of an array is in a `case` on the position in the array; everything else is there once.

What stands first (`start.sh`) may start all of it once more. What the wrapper does then, in order
(`wrapper.sh`): it makes its exit record, and does not go on where that is
there already or can't be made, so that nothing runs twice whatever happens to submissions; enters the work
directory, opens the streams, starts the program in a process group of its own, sends the warning and the
signal of the wall time, waits, tells an exit code from a signal, and closes the record (`spool.py`).
"""

import base64
import hashlib
import hmac
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Final

from msgspec import Struct

from headgate.core.launch import Launch, OsAccount
from headgate.core.program import Command, command
from headgate.core.surroundings import environment, expand
from headgate.engines.slurm.quoting import IDENTIFIER, quoted, words
from headgate.ports.engine import Item

_HERE: Final = resources.files(__package__)
START: Final = re.sub(rb"\n#.*", b"", _HERE.joinpath("start.sh").read_bytes().rstrip(b"\n"))
WRAPPER: Final = _HERE.joinpath("wrapper.sh").read_bytes()
KEPT_OF_SLURM: Final = ("SLURM_ARRAY_TASK_", "SLURM_SUBMIT_")
"""Variables that the flavour `slurm` sets and Slurm itself sets too: of these ours are the true ones, for
they are about our job. All others of Slurm's are its own.
"""
NODE_FILES: Final = {"PBS_NODEFILE": "slots", "PJM_O_NODEINF": "nodes"}
"""Files about the nodes, which only the node knows: with a line for each process, or for each node."""
LIMITS: Final[Mapping[str, tuple[str, int]]] = {
    "core": ("c", 1024),
    "data": ("d", 1024),
    "nice": ("e", 1),
    "fsize": ("f", 1024),
    "sigpending": ("i", 1),
    "memlock": ("l", 1024),
    "rss": ("m", 1024),
    "nofile": ("n", 1),
    "msgqueue": ("q", 1),
    "rtprio": ("r", 1),
    "stack": ("s", 1024),
    "cpu": ("t", 1),
    "nproc": ("u", 1),
    "as": ("v", 1024),
    "locks": ("x", 1),
}
"""The letter of bash's `ulimit` for each limit, and the unit it counts in."""


class Site(Struct, frozen=True, kw_only=True):
    """What is the same for all scripts. spool: empty: no records. secret: names of records are made with it,
    so that nobody who does not see one can guess it.
    """

    spool: str
    scratch: str
    capture_limit: int
    secret: bytes


def record_name(tag: str, instance: int, secret: bytes) -> str:
    """The name of the exit record of a run."""
    said = f"{tag}.{instance}"
    return f"{said}.{hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()[:24]}"


def script(tag: str, items: Sequence[Item], account: OsAccount, site: Site) -> bytes:
    """The script of an array of these items, or of a single job if there is one."""
    all_lines = [_lines(tag, item, account, site) for item in items]
    shared = set(all_lines[0]).intersection(*all_lines[1:])
    common = [line for line in all_lines[0] if line in shared]
    parts = [START, *common]
    if len(items) > 1:
        parts.append(b'case "$SLURM_ARRAY_TASK_ID" in')
        for position, lines in enumerate(all_lines):
            own = b"; ".join(line for line in lines if line not in shared)
            parts.append(b"%d) %s ;;" % (position, own or b":"))
        parts.append(b"*) exit 125 ;;\nesac")
    return b"\n".join(parts) + b"\n" + WRAPPER


def _lines(tag: str, item: Item, account: OsAccount, site: Site) -> list[bytes]:
    """Assignments that say all of one item, each on one line."""
    launch = item.launch
    variables = environment(launch, account)
    own = {name: value for name, value in variables.items() if not _of_slurm(name)}
    for name, _ in launch.files:
        own.pop(name, None)
    asked = command(launch, account)
    lines = [b"export " + name.encode() + b"=" + quoted(value) for name, value in own.items() if _plain(name)]
    odd = [f"{name}={value}" for name, value in own.items() if not _plain(name)]
    warned = launch.warning_after_s if launch.warning_signal else 0.0
    named: dict[str, bytes] = {
        "HG_odd": b"(" + words(odd) + b")",
        "HG_record": quoted(_record(tag, item.instance, site)),
        "HG_script": base64.b64encode(launch.script),
        "HG_program": quoted(asked.program),
        "HG_words": b"(" + words(_words(asked)) + b")",
        "HG_name": quoted(asked.words[0]),
        "HG_directory": quoted(_joined(account.home or "/", expand(launch.work_directory, variables))),
        **_streams(launch, account, variables),
        "HG_umask": b"%03o" % launch.umask,
        "HG_limits": b"(" + words(_limits(launch.limits)) + b")",
        "HG_stop": quoted(launch.limit_signal or launch.stop_signal or "TERM"),
        "HG_grace": _seconds(launch.grace_s),
        "HG_wall": b"" if launch.wall_time_s is None else _seconds(launch.wall_time_s - warned),
        "HG_warning": quoted(launch.warning_signal) if launch.warning_signal else b"",
        "HG_warn_after": _seconds(launch.warning_after_s),
        "HG_capture": b"%d" % site.capture_limit,
        "HG_scratch": quoted(site.scratch),
        "HG_folders": b"(" + words(launch.scratch) + b")",
        "HG_files": b"(" + words(_files(launch)) + b")",
    }
    lines += [name.encode() + b"=" + value for name, value in named.items()]
    return lines


def _plain(name: str) -> bool:
    return IDENTIFIER.match(name) is not None


def _of_slurm(name: str) -> bool:
    return name.startswith(("SLURM_", "SLURMD_", "HG_")) and not name.startswith(KEPT_OF_SLURM)


def _words(asked: Command) -> Iterable[str]:
    return asked.words[1:]


def _record(tag: str, instance: int, site: Site) -> str:
    return posixpath.join(site.spool, record_name(tag, instance, site.secret)) if site.spool else ""


def _joined(folder: str, path: str) -> str:
    return posixpath.join(folder, path) if path else folder


def _streams(launch: Launch, account: OsAccount, variables: Mapping[str, str]) -> dict[str, bytes]:
    """Empty: /dev/null for input; captured for output."""
    folder = expand(launch.output_directory, variables)
    folder = posixpath.join(account.home or "/", folder) if folder else ""

    def said(path: str, base: str = "") -> bytes:
        # A relative path with a dash in front must not become an option of anything.
        return quoted(posixpath.join(base or ".", expand(path, variables))) if path else b""

    return {
        "HG_stdin": said(launch.stdin),
        "HG_stdout": said(launch.stdout, folder),
        "HG_stderr": said(launch.stderr, folder),
        "HG_append": b"1" if launch.append else b"",
        "HG_folder": quoted(folder) if launch.script_file else b"",
        "HG_leave": quoted(launch.script_file) if launch.script_file else b"",
    }


def _limits(limits: Iterable[tuple[str, int]]) -> Iterable[str]:
    """Pairs of a letter and a value of `ulimit`."""
    for name, value in limits:
        letter, unit = LIMITS[name]
        yield letter
        yield "unlimited" if value < 0 else str(value // unit)


def _files(launch: Launch) -> Iterable[str]:
    """Triples: the variable, what is in its file (`slots`, `nodes`, `data`), and the data in base64."""
    for name, content in launch.files:
        kind = NODE_FILES.get(name, "data")
        yield name
        yield kind
        yield base64.b64encode(content).decode() if kind == "data" else ""


def _seconds(value: float) -> bytes:
    return f"{max(0.0, value):.3f}".rstrip("0").rstrip(".").encode()
