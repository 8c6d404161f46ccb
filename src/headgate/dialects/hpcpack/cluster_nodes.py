"""The cluster and its nodes as 2019 shows them (spec hpcpack-2016, section 6)."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, get_args

from headgate.core import model
from headgate.core.errors import BadRequest
from headgate.core.properties.checks import shown
from headgate.core.vocabulary import NodeState
from headgate.dialects.hpcpack import parameters, typed
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.rendering import health_of, node, state_of, user_roles
from headgate.formats.hpcpack.exchange import ACCEPTED, Call, found
from headgate.formats.serving import Answer

STATES: Final[tuple[str, ...]] = get_args(typed.State)
HEALTHS: Final[tuple[str, ...]] = get_args(typed.Health)
_SET_STATE: Final = {"bringonline": NodeState.ONLINE, "takeoffline": NodeState.OFFLINE}
_POWER: Final = {"start": "start", "stop": "stop", "reboot": "reboot", "shutdown": "shut down"}
OPERATIONS: Final = ("start", "stop", "reboot", "shutdown", "bringOnline", "takeOffline")


class ClusterNodeCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._nodes = context.nodes
        self._version = context.hpcpack_version

    async def user_roles(self, call: Call) -> Answer:
        """List the roles of the caller (or of whom it acts as)."""
        return found(call.spelling.names(user_roles(call.caller.role)))

    async def info(self, call: Call) -> Answer:
        """Tell where in Azure the cluster is; this one is not."""
        return found(call.spelling.typed(typed.ClusterInfo()))

    async def list(self, call: Call) -> Answer:
        """List the nodes that meet all criteria; names and jobs that are not known are ignored."""
        nodes = [node(one, self._version) for one in self._chosen(call)]
        return found(call.spelling.typed_list(nodes, typed.Node))

    def _chosen(self, call: Call) -> Sequence[model.Node]:
        query = call.query
        nodes = self._nodes.list(call.caller)
        names, jobs = parameters.listed(query, "names"), parameters.job_ids(query)
        state = parameters.word(query, "state", STATES)
        health = parameters.word(query, "health", HEALTHS)
        group = query.get("group", "").strip().casefold()
        if names is not None:
            wanted = {name.casefold() for name in names}
            nodes = [one for one in nodes if one.name.casefold() in wanted]
        if jobs is not None:
            running = self._nodes.of_jobs(call.caller, jobs)
            nodes = [one for one in nodes if one.name.casefold() in running]
        if group:
            nodes = [one for one in nodes if group in {mine.casefold() for mine in one.groups}]
        return [
            one
            for one in nodes
            if (state is None or state_of(one) == state) and (health is None or health_of(one) == health)
        ]

    async def get(self, call: Call) -> Answer:
        """Read a node."""
        one = self._nodes.get(call.caller, call.values[0])
        return found(call.spelling.typed(node(one, self._version)))

    async def operate(self, call: Call) -> Answer:
        """Begin to bring a node online or take it offline; its state tells when that is done."""
        name, operation = call.values
        asked = operation.lower()
        if asked in _SET_STATE:
            await self._nodes.set_state(call.caller, name, _SET_STATE[asked])
        elif asked in _POWER:
            self._nodes.power(call.caller, name, _POWER[asked])
        else:
            raise BadRequest(
                f"There is no node operation {shown(operation)}: it is one of {', '.join(OPERATIONS)}."
            )
        return ACCEPTED

    async def states(self, call: Call) -> Answer:
        """Count the nodes by state."""
        return self._counted(call, state_of, STATES)

    async def healths(self, call: Call) -> Answer:
        """Count the nodes by health."""
        return self._counted(call, health_of, HEALTHS)

    def _counted(self, call: Call, kind: Callable[[model.Node], str], names: Sequence[str]) -> Answer:
        counted = Counter(kind(one) for one in self._nodes.list(call.caller))
        stats = [typed.NodeStat(name, counted[name]) for name in names if counted[name]]
        return found(call.spelling.typed_list(stats, typed.NodeStat))
