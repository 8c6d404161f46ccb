"""What this face is built from: what both HPC Pack faces need, what 2019 added, and its events."""

from headgate.formats.hpcpack import context
from headgate.service.commands import Commands
from headgate.service.events import Events
from headgate.service.metrics import Metrics
from headgate.service.node_groups import NodeGroups
from headgate.service.operations import Operations


class Context(context.Context, frozen=True, kw_only=True):
    """See the module."""

    node_groups: NodeGroups
    operations: Operations
    metrics: Metrics
    commands: Commands
    events: Events
