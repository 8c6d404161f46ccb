"""dialects/windowshpc/operations.py: which operations want to know the version."""

from tests.compliance.windowshpc.world import Legacy, every_operation


def test_operations_that_require_a_version() -> None:
    """Spec windowshpc, section 1.2."""
    required = {one.path for one in every_operation(Legacy()) if one.versioned and not one.session}
    assert required == {"/Clusters", "/Nodes", "/Node/{name}", "/NodeGroups", "/NodeGroup/{name}"}
