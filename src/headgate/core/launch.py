"""What is started on a node: the script, its surroundings and its limits, and the place it has been given.

Built by the dispatcher from a job, a task and an instance (see `environment.py` and `sweep.py`); an engine
adds nothing but what only the node can know.
"""

from msgspec import Struct

CAPTURE_LIMIT = 65536
"""Bytes of captured output that are kept (stdout and stderr together)."""


class OsAccount(Struct, frozen=True):
    """The operating-system account a task runs under. `groups` are the supplementary group ids."""

    name: str
    uid: int
    gid: int
    home: str
    groups: tuple[int, ...] = ()
    shell: str = "/bin/sh"


class NodeShare(Struct, frozen=True):
    """Cores held on one node, by their numbers there; `node_cores` is how many the node has in all."""

    node: str
    cores: tuple[int, ...]
    node_cores: int = 0


class Placement(Struct, frozen=True):
    """Where something runs. The first share's node is where the command is started."""

    shares: tuple[NodeShare, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Node names, first the one that starts the command."""
        return tuple(share.node for share in self.shares)


class Launch(Struct, frozen=True, kw_only=True):
    """One program start.

    script: the bytes given to the interpreter as a script file.
    work_directory: empty means the account's home.
    stdin, stdout, stderr: paths as the user wrote them; may hold `%NAME%` and `$NAME` of the task's
    variables; relative to
        the work directory. Empty stdin is /dev/null; an empty stdout or stderr is captured.
    environment: everything the process gets, besides HOME, USER, LOGNAME, SHELL and PATH of its account,
        which the engine puts in front.
    wall_time_s: seconds until it is stopped, None for no limit.
    stop_signal: the polite signal's name without SIG (`INT`); SIGKILL follows after `grace_s`.
    account: None when the server is not root and everything runs as the server's own account.
    """

    script: bytes
    interpreter: tuple[str, ...] = ("/bin/bash",)
    work_directory: str = ""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    wall_time_s: float | None = None
    stop_signal: str = "INT"
    grace_s: float = 15.0
    umask: int = 0o022
    account: OsAccount | None = None
