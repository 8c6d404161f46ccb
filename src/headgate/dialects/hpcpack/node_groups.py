"""Node groups and their members as 2019 changes them (spec hpcpack-2016, section 6)."""

from headgate.core.errors import BadRequest
from headgate.core.properties.checks import shown
from headgate.dialects.hpcpack import typed
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.rendering import node_group
from headgate.formats.hpcpack.exchange import DONE, Call, found
from headgate.formats.serving import Answer


class NodeGroupCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._nodes = context.nodes
        self._groups = context.node_groups

    async def list(self, call: Call) -> Answer:
        """List the node groups, those with members first."""
        groups = [node_group(group) for group in self._nodes.groups(call.caller)]
        return found(call.spelling.typed_list(groups, typed.NodeGroup))

    async def get(self, call: Call) -> Answer:
        """Read a node group."""
        return found(call.spelling.typed(node_group(self._groups.get(call.caller, call.values[0]))))

    async def create(self, call: Call) -> Answer:
        """Create a node group without members; answers it."""
        given = await _given(call)
        if given.name is None:
            raise BadRequest("The body has no Name for the node group.")
        group = await self._groups.create(call.caller, given.name, given.description or "")
        return found(call.spelling.typed(node_group(group)))

    async def change(self, call: Call) -> Answer:
        """Rename a node group, describe it anew; answers it."""
        given = await _given(call)
        group = await self._groups.change(
            call.caller, call.values[0], new_name=given.name, description=given.description
        )
        return found(call.spelling.typed(node_group(group)))

    async def remove(self, call: Call) -> Answer:
        """Remove a node group; its members stay what they are."""
        await self._groups.remove(call.caller, call.values[0])
        return DONE

    async def members(self, call: Call) -> Answer:
        """List the names of the nodes in a group."""
        return found(call.spelling.names(self._nodes.members(call.caller, call.values[0])))

    async def set_members(self, call: Call) -> Answer:
        """Add nodes to a group, or remove them, all or none; answers the names of its members then."""
        name = call.values[0]
        asked = await call.typed(typed.NodeGroupOperation)
        if asked.group_name is not None and asked.group_name.casefold() != name.casefold():
            raise BadRequest(f"GroupName is {shown(asked.group_name)}, but the path names {shown(name)}.")
        match asked.operation.lower():
            case "add":
                members = await self._groups.add_members(call.caller, name, asked.node_names)
            case "remove":
                members = await self._groups.remove_members(call.caller, name, asked.node_names)
            case _:
                raise BadRequest(f"Operation is add or remove, not {shown(asked.operation)}.")
        return found(call.spelling.names(members))


async def _given(call: Call) -> typed.NodeGroupGiven:
    given = await call.typed(typed.NodeGroupGiven)
    if given.managed:
        raise BadRequest("Managed is true only of groups that Headgate makes: leave it out.")
    return given
