"""Nodes and node groups (spec hpcpack-2016, section 4.2)."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from headgate.core.model import Node
from headgate.core.properties import NODE
from headgate.formats.filters import node_filter
from headgate.formats.hpcpack import lists, queries
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Call, found
from headgate.formats.hpcpack.spelling import renderer
from headgate.formats.serving import Answer
from headgate.ports.store import Cursor


class NodeCalls:
    """See the module. by_change: filters may ask for those that changed since some time."""

    def __init__(self, context: Context, *, by_change: bool = False) -> None:
        self._by_change = by_change
        self._nodes = context.nodes
        self._pages = lists.Pages("nodes", context.signing_key, context.clock.now)

    async def list(self, call: Call) -> Answer:
        """List the nodes. There are few of them, so they are filtered, sorted and paged here."""
        asked = queries.list_asked(call.query, NODE, NODE.readable(), "sortNodesBy", "id")
        wanted = node_filter(asked.filter, by_change=self._by_change)
        states = sorted(wanted.states) if wanted.states is not None else None
        query = (states, wanted.changed_from, asked.sort, asked.descending)
        after = self._pages.after(call, asked, query)
        nodes = [
            node
            for node in self._nodes.list(call.caller)
            if (wanted.states is None or node.state in wanted.states)
            and (wanted.changed_from is None or _changed(node) >= wanted.changed_from)
        ]
        page, more, end = _page(nodes, asked, after)
        spelling = call.spelling
        spelled = renderer(asked.properties, spelling.property).spelled

        async def rows(part: Sequence[Node]) -> list[str]:
            return [spelling.row(spelled(node)) for node in part]

        total = None if asked.start_row is None else len(nodes)
        headers = self._pages.headers(call, query, more=more, end=end, total=total)
        return await lists.answer(spelling, page, rows, headers)

    async def get(self, call: Call) -> Answer:
        """Read all properties of a node."""
        node = self._nodes.get(call.caller, call.values[0])
        properties = queries.selection(call.query, NODE, NODE.readable())
        return found(call.spelling.property_set(renderer(properties, call.spelling.property).spelled(node)))

    async def groups(self, call: Call) -> Answer:
        """List the node groups: name and description of each."""
        spell, row = call.spelling.property, call.spelling.row
        groups = self._nodes.groups(call.caller)
        rows = [row([spell("Name", group.name), spell("Description", group.description)]) for group in groups]
        return found(call.spelling.rows(rows))

    async def members(self, call: Call) -> Answer:
        """List the names of the nodes in a group."""
        return found(call.spelling.names(self._nodes.members(call.caller, call.values[0])))


def _changed(node: Node) -> int:
    """When a node came online or went offline last."""
    return max(node.online_at or 0, node.offline_at or 0)


def _page(
    nodes: Sequence[Node], asked: queries.ListAsked, after: Cursor | None
) -> tuple[Sequence[Node], bool, Cursor | None]:
    """One page, whether rows remain behind it, and where it ends."""
    value = attrgetter(asked.sort)

    def key(node: Node) -> tuple[Any, ...]:
        return (*lists.sort_key(value(node)), node.id)

    ordered = sorted(nodes, key=key, reverse=asked.descending)
    if asked.start_row is not None:
        start = asked.start_row
    elif after is None:
        start = 0
    else:
        last = (*lists.sort_key(after.value), after.id)
        start = sum(key(node) >= last if asked.descending else key(node) <= last for node in ordered)
    page = ordered[start : start + asked.rows]
    end = Cursor(value(page[-1]), page[-1].id) if page else None
    return page, start + len(page) < len(ordered), end
