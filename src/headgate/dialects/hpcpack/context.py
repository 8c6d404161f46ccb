"""What this face is built from: what both HPC Pack faces need, and what 2019 added."""

from headgate.formats.hpcpack import context
from headgate.service.metrics import Metrics
from headgate.service.node_groups import NodeGroups
from headgate.service.operations import Operations


class Context(context.Context, frozen=True, kw_only=True):
    """See the module."""

    node_groups: NodeGroups
    operations: Operations
    metrics: Metrics
