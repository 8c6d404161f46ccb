"""What can be set of this face: the table `[nifcloud]`."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HPC REST API. Times in seconds, sizes in bytes.

    regions, services: of which a request may be signed for any pair (spec sigv4, section 1). window_s: how
    far the time of a signature may be from ours, up to 900. hosts: values of `Host` that are taken; empty:
    any, a signature binds whatever the client called us. users: who may use this face; empty: everybody who
    has an access key. connections: requests in progress at once; one more is answered 500 (spec nifcloud,
    section 4). deadline_s: for a body to arrive and for an answer to be taken. body_limit: of a request;
    script_limit: of a job script. maintenance: everybody is answered so. ended_readable_s: a job that has
    ended can still be asked for so long; 0: not at all, as PJM has it. work_directory: where a job starts:
    the `storage` root, as pjsub run there would have it, or the directory of the `script`.
    """

    regions: tuple[str, ...] = ("jp-east-1",)
    services: tuple[str, ...] = ("hpc-api",)
    window_s: int = 300
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    connections: int = 10
    deadline_s: float = 10.0
    body_limit: int = 64 * 1024
    script_limit: int = 4 * 1024 * 1024
    maintenance: bool = False
    ended_readable_s: float = 0.0
    work_directory: Literal["storage", "script"] = "storage"

    def __post_init__(self) -> None:
        if not 1 <= self.window_s <= 900:
            raise ValueError("window_s is 1 to 900")
        if not (self.regions and self.services):
            raise ValueError("regions and services name at least one each")
        for name in ("connections", "deadline_s", "body_limit", "script_limit"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")
        if self.ended_readable_s < 0:
            raise ValueError("ended_readable_s is not negative")
