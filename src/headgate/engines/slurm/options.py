"""The settings of the Slurm engine: the table `[engine.slurm]`."""

from msgspec import Struct

from headgate.core.launch import CAPTURE_LIMIT


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set. Times in seconds.

    conf: the slurm.conf of the cluster, for SLURM_CONF; empty: where Slurm looks by itself.
    bin: the folder of Slurm's commands; empty: the usual ones (/usr/local/bin, /usr/bin, /bin).
    spool: a folder that this machine and all nodes share, in which runs leave their exit records; it is made
        with the mode that this takes, if it is missing. Empty: none, and with it no captured output, nor
        certainty about a job that Slurm has forgotten.
    sudo: where the server is not root: commands for a job's owner go through `sudo -n -u ACCOUNT`.
    min_uid: the smallest uid of an account whose jobs are submitted (`nobody` is the one exception); never 0.
    partitions: queue to partition, where their names differ. default_partition: of jobs without a queue, and
        of queues that are no partition; empty: the cluster's own default.
    accounts: project to account of Slurm's; what is not named here is not charged. (An account that a job
        names as such is passed on.)
    priority_scale: how much one step of our priority (0 to 4000, 2000 in the middle) is in Slurm's `--nice`.
    poll_min_s, poll_max_s: how often squeue is asked, while things change and while they do not.
    command_timeout_s: after so long a command of Slurm's is killed, and its outcome is not known.
    settle_s: how long the effect of such a command may still be on its way.
    record_wait_s: a record may be on its way for so long (file systems that are shared over a network) when
        Slurm has forgotten its job.
    outstanding: runs that Slurm is given at once, waiting ones included.
    parallel: commands that submit at the same time.
    capture_limit: bytes of captured output that are kept of a run.
    foreign: jobs that were entered with Slurm's own commands are shown, for reading alone.
    scratch: the folder, on each node, in which runs get their scratch folder and private files.
    """

    conf: str = ""
    bin: str = ""
    spool: str = ""
    sudo: bool = False
    min_uid: int = 1000
    partitions: dict[str, str] = {}
    default_partition: str = ""
    accounts: dict[str, str] = {}
    priority_scale: float = 1.0
    poll_min_s: float = 0.25
    poll_max_s: float = 5.0
    command_timeout_s: float = 30.0
    settle_s: float = 5.0
    record_wait_s: float = 60.0
    outstanding: int = 20_000
    parallel: int = 4
    capture_limit: int = CAPTURE_LIMIT
    foreign: bool = False
    scratch: str = "/tmp"  # noqa: S108  a folder with a random name is made there, by the account itself

    def __post_init__(self) -> None:
        for name in ("conf", "bin", "spool"):
            value = getattr(self, name)
            if value and (not value.startswith("/") or value != value.strip() or "\n" in value):
                raise ValueError(f"{name} is an absolute path")
        for name in ("poll_min_s", "poll_max_s", "command_timeout_s", "outstanding", "parallel"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")
        if self.poll_max_s < self.poll_min_s:
            raise ValueError("poll_max_s is not less than poll_min_s")
