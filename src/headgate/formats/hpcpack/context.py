"""What an HPC Pack face is built from."""

from msgspec import Struct

from headgate.ports.clock import Clock
from headgate.ports.identity import Identity
from headgate.service.jobs import Jobs
from headgate.service.nodes import Nodes
from headgate.service.tasks import Tasks
from headgate.service.templates import Templates
from headgate.service.users import Users


class Context(Struct, frozen=True, kw_only=True):
    """The services and facts this face needs.

    cluster_name: also what it calls its head node. hpcpack_version: the version it claims to be
    (`5.3.6450.0`).
    signing_key: authenticates continuation tokens; the same after a restart, different for each installation.
    """

    jobs: Jobs
    tasks: Tasks
    nodes: Nodes
    templates: Templates
    users: Users
    identity: Identity
    clock: Clock
    cluster_name: str
    hpcpack_version: str
    signing_key: bytes
