"""What this face is built from."""

from collections.abc import Callable

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.dialects.soca.options import Options
from headgate.ports.api_keys import KeyIdentity
from headgate.ports.clock import Clock
from headgate.service.api_keys import KeyRing
from headgate.service.files import UserFiles
from headgate.service.jobs import Jobs
from headgate.service.portraits import Portraits
from headgate.service.queues import Queues
from headgate.service.tasks import Tasks
from headgate.service.user_groups import UserGroups
from headgate.service.users import Users


class Context(Struct, frozen=True, kw_only=True):
    """See headgate.app for what each of these is.

    account_of: the OS account of a user's jobs. node_name: the host's name, behind users and paths.
    """

    jobs: Jobs
    tasks: Tasks
    portraits: Portraits
    queues: Queues
    users: Users
    user_groups: UserGroups
    api_keys: KeyRing
    user_files: UserFiles
    key_identity: KeyIdentity
    account_of: Callable[[str], OsAccount]
    clock: Clock
    soca: Options
    cluster_name: str
    node_name: str
    time_zone: str
    version: str
