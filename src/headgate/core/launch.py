"""What is started on a node: the script, its surroundings and its limits, and the place it has been given.

Built by the dispatcher from a job, a task and an instance (see `environment.py` and `sweep.py`); an engine
adds nothing but what only the node can know.
"""

from msgspec import Struct
from msgspec.structs import replace

PATH = "/usr/local/bin:/usr/bin:/bin"
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

    @property
    def variables(self) -> dict[str, str]:
        """What its processes find in their environment before anything else is said: of the account alone,
        nothing of whoever starts them.
        """
        return {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": self.shell,
            "PATH": PATH,
        }


class NodeShare(Struct, frozen=True):
    """Cores held on one node, by their numbers there; `node_cores` is how many the node has in all.

    parts: for a task with chunks, which of them are here (`model.Share`).
    """

    node: str
    cores: tuple[int, ...]
    node_cores: int = 0
    parts: tuple[int, ...] = ()


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
    interpreter: what runs it; empty: the login shell.
    login: under a login shell (`shell`, else the account's) that has read its start-up files.
    work_directory: empty means the account's home.
    stdin, stdout, stderr: paths as the user wrote them; may hold `%NAME%` and `$NAME` of the task's
        variables; relative to the work directory, stdout and stderr to `output_directory` where there is one
        (which itself counts from the home). Empty stdin is /dev/null; an empty stdout or stderr is captured.
    script_file: a name in `output_directory` under which the script is left, readable by the account alone;
        that directory is made if need be, by the account and for it alone. Empty: neither.
    append: to the output files instead of writing them anew.
    environment: everything the process gets, besides HOME, USER, LOGNAME, SHELL and PATH of its account,
        which the engine puts in front.
    files: variables that get the path of a file with this content, readable by the account alone; scratch:
        variables that get the path of an empty folder. Both are gone when the run has ended.
    wall_time_s: seconds until it is stopped, None for no limit.
    stop_signal: the polite signal's name without SIG (`INT`); SIGKILL follows after `grace_s`.
    limit_signal: the same at the end of the wall time; empty: `stop_signal`.
    warning_signal: sent once, `warning_after_s` seconds after the start; empty: none.
    limits: of each process, by setrlimit's names without RLIMIT_ in lower case; -1: none. What is more than
        the account may have is as much as it may have.
    account: None when the server is not root and everything runs as the server's own account.
    """

    script: bytes
    interpreter: tuple[str, ...] = ("/bin/bash",)
    login: bool = False
    shell: str = ""
    work_directory: str = ""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    output_directory: str = ""
    script_file: str = ""
    append: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    scratch: tuple[str, ...] = ()
    wall_time_s: float | None = None
    stop_signal: str = "INT"
    grace_s: float = 15.0
    limit_signal: str = ""
    warning_signal: str = ""
    warning_after_s: float = 0.0
    limits: tuple[tuple[str, int], ...] = ()
    umask: int = 0o022
    account: OsAccount | None = None


def with_wall_time(launch: Launch, wall_time_s: float | None) -> Launch:
    """The launch with another wall time, before it starts: a warning keeps its distance from the end."""
    if wall_time_s is None:
        return replace(launch, wall_time_s=None, warning_signal="")
    longer = wall_time_s - (wall_time_s if launch.wall_time_s is None else launch.wall_time_s)
    after = max(0.0, launch.warning_after_s + longer)
    return replace(launch, wall_time_s=wall_time_s, warning_after_s=after)
