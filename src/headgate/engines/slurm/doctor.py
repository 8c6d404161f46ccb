"""Can this machine give work to its Slurm cluster? For `headgate doctor`: plain findings."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from headgate.core.errors import EngineUnavailable
from headgate.engines.account import own_account
from headgate.engines.slurm.cluster import DEFAULT_PATH, Cluster
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.spool import MODE
from headgate.engines.slurm.states import TRIED
from headgate.ports.findings import Finding, Level

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
_LOGS_INPUT = re.compile(r"\blog_input\b|(?<!NO)LOG_INPUT:")
AS_OWNER = ("sbatch", "scancel", "scontrol")


def check(directory: Path, options: Options) -> list[Finding]:
    """Look at everything the engine needs, and ask the cluster. Changes nothing."""
    found = [_commands(options), *_account(options), _spool(options)]
    if found[0].level is Level.FAULT:
        return found
    return found + asyncio.run(_cluster(options))


def _commands(options: Options) -> Finding:
    path = f"{options.bin}:{DEFAULT_PATH}" if options.bin else DEFAULT_PATH
    missing = [name for name in COMMANDS if shutil.which(name, path=path) is None]
    if missing:
        return Finding(Level.FAULT, f"{', '.join(missing)} not found in {path}.")
    return Finding(Level.GOOD, "Slurm's commands are there.")


def _account(options: Options) -> list[Finding]:
    whose = f"jobs are their owners' (uid {options.min_uid} and up)"
    if os.geteuid() == 0:
        return [Finding(Level.GOOD, f"The server is root: {whose}.")]
    if options.sudo:
        return [Finding(Level.GOOD, f"By way of sudo {whose}."), _sudo()]
    alone = "The server is not root and sudo is not set: every job is its own account's"
    return [Finding(Level.WARNING, f"{alone} (uid {os.geteuid()}).")]


def _sudo() -> Finding:
    """Whether there is a rule for us at all: for whom it is, sudo says only when it is asked about each."""
    hint = "docs/how-to/slurm-without-root.md has one"
    try:
        said = subprocess.run(("sudo", "-n", "-l"), capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(Level.FAULT, f"sudo can't be asked for its rules: {error}.")
    missing = [name for name in AS_OWNER if said.returncode != 0 or f"/{name}" not in said.stdout]
    if missing:
        return Finding(Level.FAULT, f"sudo has no rule for {', '.join(missing)}: {hint}.")
    if "NOPASSWD" not in said.stdout or "TIMEOUT" not in said.stdout:
        return Finding(Level.WARNING, f"The rule for sudo lacks NOPASSWD or TIMEOUT: {hint}.")
    if _LOGS_INPUT.search(said.stdout) and "!log_input" not in said.stdout:
        # A pipe of sudo's would stand between sbatch and the file that is locked while it is there.
        return Finding(Level.WARNING, f"sudo logs the input of sbatch: set !log_input, as {hint}.")
    return Finding(Level.GOOD, "sudo has a rule for the commands that act as a job's owner.")


def _spool(options: Options) -> Finding:
    if not options.spool:
        return Finding(
            Level.WARNING,
            "There is no spool: captured output is lost, and a job that Slurm has forgotten is lost with it.",
        )
    folder = Path(options.spool)
    try:
        found = folder.lstat()
    except FileNotFoundError:
        parent = folder.parent
        if not parent.is_dir():
            return Finding(Level.FAULT, f"The folder {parent} for the spool is missing.")
        return Finding(Level.GOOD, f"The spool {folder} will be made; all nodes have to see it.")
    except OSError as error:
        return Finding(Level.FAULT, f"The spool {folder} can't be used: {error.strerror}.")
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return Finding(Level.FAULT, f"The spool {folder} is not a folder of the server's account.")
    if stat.S_IMODE(found.st_mode) != MODE:
        return Finding(Level.WARNING, f"The spool {folder} will get the mode {MODE:o}.")
    return Finding(Level.GOOD, f"The spool {folder} is ours; all nodes have to see it.")


async def _cluster(options: Options) -> list[Finding]:
    cluster = Cluster(options)
    try:
        config = await cluster.config()
        nodes = await cluster.nodes()
        by_sudo = options.sudo and os.geteuid() != 0
        hidden = await cluster.hidden_from(own_account(), config) if by_sudo else ""
    except EngineUnavailable as error:
        return [Finding(Level.FAULT, f"The cluster does not answer: {error.text}")]
    finally:
        await cluster.close()
    version = Finding(Level.GOOD, f"Slurm {config.version} is one that was tried.")
    if config.version not in TRIED:
        version = Finding(Level.WARNING, f"Slurm {config.version} was not tried; {', '.join(TRIED)} was.")
    books = "with accounting" if config.accounting else "without accounting"
    usable = sum(node.reachable for node in nodes)
    return [
        version,
        *([Finding(Level.FAULT, hidden)] if hidden else []),
        Finding(
            Level.GOOD if config.finished_kept_s >= 60 or config.accounting else Level.WARNING,
            f"Cluster {config.cluster} {books} remembers ended jobs for {config.finished_kept_s} s.",
        ),
        Finding(Level.GOOD if usable else Level.FAULT, f"{usable} of {len(nodes)} nodes answer."),
    ]
