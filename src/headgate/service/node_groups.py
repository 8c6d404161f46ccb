"""Node groups that users make: create, change, remove, and which nodes are in them.

Spec hpcpack-2016, section 6. Managed groups (Headgate's own, those of the engine's settings) can't be
changed. Membership is kept with the node, so that placing work looks in one place (`core.resources`).
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from headgate.core.errors import BadRequest, WrongState
from headgate.core.model import Event, Node, NodeGroup
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.ports.identity import Caller
from headgate.ports.store import Store, Transaction
from headgate.service.nodes import find_group, find_node, members_of
from headgate.service.operations import note
from headgate.service.rights import require_node_rights

LONGEST_NAME = 128
LONGEST_DESCRIPTION = 1024
MOST_NODES = 10_000
"""Of one change of members."""
_NOT_IN_NAMES = frozenset(",/\\")
"""Lists of names have commas between them, paths slashes."""


class NodeGroups:
    """See the module. Names compare case-insensitively."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, caller: Caller, name: str) -> NodeGroup:
        """One group. Raises NotFound."""
        return find_group(self._store.peek(lambda reader: reader.node_groups()), name)

    async def create(self, caller: Caller, name: str, description: str) -> NodeGroup:
        """A new group without members. Raises BadRequest, WrongState when there is one of this name."""
        require_node_rights(caller)
        group = NodeGroup(_name(name), _description(description))

        def change(tx: Transaction) -> NodeGroup:
            _require_free(tx, group.name)
            tx.put_node_group(group)
            note(tx, caller.name, "Create node group", f"Node group {group.name} was created.")
            return group

        return await self._store.write(change)

    async def change(
        self, caller: Caller, name: str, *, new_name: str | None, description: str | None
    ) -> NodeGroup:
        """Rename a group, describe it anew; None leaves it as it is. Raises NotFound and as `create`."""
        require_node_rights(caller)
        given_name = None if new_name is None else _name(new_name)
        given_text = None if description is None else _description(description)

        def change(tx: Transaction) -> NodeGroup:
            old = _changeable(tx, name)
            new = replace(
                old,
                name=old.name if given_name is None else given_name,
                description=old.description if given_text is None else given_text,
            )
            if new == old:
                return old
            if new.name.casefold() != old.name.casefold():
                _require_free(tx, new.name)
                tx.drop_node_group(old.name)
            tx.put_node_group(new)
            if new.name != old.name:
                _each_member(tx, old, lambda groups: [*_without(groups, old.name), new.name])
            note(tx, caller.name, "Change node group", _told(old, new))
            return new

        return await self._store.write(change)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a group; its members are in it no longer. Raises NotFound."""
        require_node_rights(caller)

        def change(tx: Transaction) -> None:
            group = _changeable(tx, name)
            _each_member(tx, group, lambda groups: _without(groups, group.name))
            tx.drop_node_group(group.name)
            note(tx, caller.name, "Remove node group", f"Node group {group.name} was removed.")

        await self._store.write(change)

    async def add_members(self, caller: Caller, name: str, nodes: Sequence[str]) -> Sequence[str]:
        """Bring nodes into a group; all of them or none. Its members then. Raises NotFound."""
        return await self._set_members(caller, name, nodes, joining=True)

    async def remove_members(self, caller: Caller, name: str, nodes: Sequence[str]) -> Sequence[str]:
        """The reverse."""
        return await self._set_members(caller, name, nodes, joining=False)

    async def _set_members(
        self, caller: Caller, name: str, nodes: Sequence[str], *, joining: bool
    ) -> Sequence[str]:
        require_node_rights(caller)
        if len(nodes) > MOST_NODES:
            raise BadRequest(f"The list names {len(nodes)} nodes, more than {MOST_NODES}.")
        wanted = {node.casefold(): node for node in nodes}

        def change(tx: Transaction) -> Sequence[str]:
            group = _changeable(tx, name)
            known = tx.nodes()
            by_name = {node.name.casefold(): node for node in known}
            chosen = [by_name.get(folded) or find_node(known, given) for folded, given in wanted.items()]
            mine = set(members_of(group, known))
            for node in chosen:
                if (node.name in mine) is joining:
                    continue
                others = _without(node.groups, group.name)
                _put_groups(tx, node, [*others, group.name] if joining else others)
                title = "Add node to group" if joining else "Remove node from group"
                told = f"Node {node.name} is {'in' if joining else 'no longer in'} group {group.name}."
                note(tx, caller.name, title, told, node=node.name)
            return members_of(group, tx.nodes())

        return await self._store.write(change)


def _changeable(tx: Transaction, name: str) -> NodeGroup:
    group = find_group(tx.node_groups(), name)
    if group.managed:
        raise _not_so(f"Node group {group.name} is managed by Headgate and can't be changed.")
    return group


def _require_free(tx: Transaction, name: str) -> None:
    if name.casefold() in {group.name.casefold() for group in tx.node_groups()}:
        raise _not_so(f"Node group already exists: {name}.")


def _not_so(text: str) -> WrongState:
    return WrongState(text, code="Operation_InvalidOperation")


def _each_member(
    tx: Transaction, group: NodeGroup, changed: Callable[[Sequence[str]], Sequence[str]]
) -> None:
    nodes = tx.nodes()
    members = set(members_of(group, nodes))
    for node in nodes:
        if node.name in members:
            _put_groups(tx, node, changed(node.groups))


def _put_groups(tx: Transaction, node: Node, groups: Sequence[str]) -> None:
    """Keep a node's groups, and let the dispatcher look at the nodes anew: an event that passes no states."""
    kept = tx.put_node(replace(node, groups=tuple(groups)))
    tx.append(Event(job_id=0, task=0, instance=kept.id, path=(int(kept.state),)))


def _without(groups: Sequence[str], name: str) -> list[str]:
    return [group for group in groups if group.casefold() != name.casefold()]


def _told(old: NodeGroup, new: NodeGroup) -> str:
    if old.name != new.name:
        return f"Node group {old.name} is called {new.name} now."
    return f"Node group {new.name} was described anew."


def _name(text: str) -> str:
    name = text.strip()
    if name in (".", ".."):
        raise BadRequest(f"The name of a node group is no step of a path: {shown(name)}.")
    if not name or len(name) > LONGEST_NAME:
        raise BadRequest(f"The name of a node group has 1 to {LONGEST_NAME} characters, not {shown(name)}.")
    if _NOT_IN_NAMES.intersection(name) or not name.isprintable():
        raise BadRequest(f"The name of a node group has no commas, slashes or line ends: {shown(name)}.")
    return name


def _description(text: str) -> str:
    if len(text) > LONGEST_DESCRIPTION:
        raise BadRequest(
            f"The description of a node group has up to {LONGEST_DESCRIPTION} characters, not {len(text)}."
        )
    found = UNWRITABLE.search(text)
    if found is not None:
        raise BadRequest(f"The description of a node group can't hold U+{ord(found[0]):04X}.")
    return text
