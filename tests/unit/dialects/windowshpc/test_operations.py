"""dialects/windowshpc/operations.py: which operations want to know the version."""

from headgate.dialects.windowshpc.operations import operations
from tests.compliance.hpcpack.world import World


def test_operations_that_require_a_version() -> None:
    """Spec windowshpc, section 1.2."""
    required = {one.path for one in operations(World().context) if one.versioned and not one.session}
    assert required == {"/Clusters", "/Nodes", "/Node/{name}", "/NodeGroups", "/NodeGroup/{name}"}
