"""What this face is built from."""

from collections.abc import Callable

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.dialects.nifcloud.options import Options
from headgate.ports.clock import Clock
from headgate.ports.signatures import SignatureIdentity
from headgate.service.jobs import Jobs
from headgate.service.portraits import Portraits
from headgate.service.scripts import Scripts
from headgate.service.storage import Storage
from headgate.service.syncs import Syncs


class Context(Struct, frozen=True, kw_only=True):
    """See headgate.app for what each of these is.

    account_of, group_of: the OS account of a user's jobs, and the name of its group; they raise NotPermitted
    where there is none. node_name: the host's name.
    """

    jobs: Jobs
    portraits: Portraits
    scripts: Scripts
    storage: Storage
    syncs: Syncs
    signature_identity: SignatureIdentity
    account_of: Callable[[str], OsAccount]
    group_of: Callable[[str], str]
    clock: Clock
    nifcloud: Options
    node_name: str
    time_zone: str
    version: str
