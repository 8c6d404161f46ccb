"""What the process of one sync is told and says."""

from typing import Final

from msgspec import Struct

from headgate.core.syncs import Complaint, Direction, Progress
from headgate.ports.transfers import Done

PROGRAM: Final = "headgate.objects.hand:program"
"""What that process runs (`ports.account_processes`)."""


class Connection(Struct, frozen=True, kw_only=True):
    """How the bucket is reached."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str
    region: str
    path_style: bool
    ca_file: str
    parallel: int


class Told(Struct, frozen=True, kw_only=True):
    """One sync. root: of the user's storage; path: below it, normalised. prefix: of the keys of `path`, empty
    or ending in `/`.
    """

    connection: Connection
    root: str
    path: str
    prefix: str
    direction: Direction
    delete: bool


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One report. Without `done` it may be followed by more; progress comes at least every second."""

    progress: Progress | None = None
    complaint: Complaint | None = None
    done: Done | None = None
