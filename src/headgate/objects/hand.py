"""What the process of one sync is told and says, and how it begins.

It is prepared before it becomes the account (`ports.account_processes`): boto3 and what it reads are loaded
with the server's rights, so that they need not be readable by users, and no file of a user is among them.
"""

from typing import Final

import msgspec
from msgspec import Struct

from headgate.core.syncs import Complaint, Direction, Progress
from headgate.ports.account_processes import Say, Work
from headgate.ports.transfers import Done

PROGRAM: Final = "headgate.objects.hand:program"


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


def program(told: bytes) -> Work:
    """See ports.account_processes."""
    # Here alone boto3 is loaded: the server starts without it and stays as small as it is.
    from headgate.objects.bucket import Bucket  # noqa: PLC0415 - see above
    from headgate.objects.syncing import Syncing  # noqa: PLC0415 - see above

    order = msgspec.msgpack.decode(told, type=Told)
    bucket = Bucket(order.connection)

    def work(say: Say) -> None:
        Syncing(order, bucket, lambda said: say(msgspec.msgpack.encode(said))).run()

    return work
