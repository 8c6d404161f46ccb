"""Every operation of this face: method, path, handler, and what it takes and answers.

The one list (spec hpcpack-2016, sections 4 and 6): the router, the OpenAPI description and the page at
`/hpc/docs` are made of it.
"""

from headgate.dialects.hpcpack import typed
from headgate.dialects.hpcpack.cluster_nodes import ClusterNodeCalls
from headgate.dialects.hpcpack.context import Context
from headgate.dialects.hpcpack.jobs_on_nodes import JobsOnNodes
from headgate.dialects.hpcpack.metrics import MetricCalls
from headgate.dialects.hpcpack.node_groups import NodeGroupCalls
from headgate.dialects.hpcpack.operation_log import OperationLogCalls
from headgate.formats.hpcpack.cluster import ClusterCalls
from headgate.formats.hpcpack.jobs import JobCalls
from headgate.formats.hpcpack.nodes import NodeCalls
from headgate.formats.hpcpack.operation import Operation, Shape, Typed
from headgate.formats.hpcpack.tasks import TaskCalls

_LIST = ("properties", "$filter", "asc", "rowsPerRead", "queryId", "startRow")


def operations(context: Context) -> tuple[Operation, ...]:
    """All operations, over one context."""
    cluster, nodes, jobs, tasks = (
        ClusterCalls(context),
        NodeCalls(context),
        JobCalls(context),
        TaskCalls(context),
    )
    return (
        Operation("GET", "/cluster/version", cluster.version, Shape.TEXT),
        Operation("GET", "/cluster/activeHeadNode", cluster.active_head_node, Shape.TEXT),
        Operation("GET", "/cluster/info/dateTimeFormat", cluster.date_time_format, Shape.TEXT),
        Operation("GET", "/nodes", nodes.list, Shape.ROWS, query=(*_LIST, "sortNodesBy")),
        Operation("GET", "/nodes/{name}", nodes.get, Shape.PROPERTIES, query=("properties",)),
        Operation("GET", "/nodes/groups", nodes.groups, Shape.ROWS),
        Operation("GET", "/nodes/groups/{name}", nodes.members, Shape.NAMES),
        Operation(
            "GET",
            "/jobs",
            JobsOnNodes(context, jobs).list,
            Shape.ROWS,
            query=(*_LIST, "sortJobsBy", "owner", "nodeNames"),
        ),
        Operation("POST", "/jobs", jobs.create, Shape.ID, Shape.PROPERTIES),
        Operation("POST", "/jobs/jobFile", jobs.create_from_file, Shape.ID, Shape.JOB_XML),
        Operation("GET", "/jobs/templates", jobs.templates, Shape.NAMES),
        Operation("GET", _JOB, jobs.get, Shape.PROPERTIES, query=("properties",)),
        Operation("PUT", _JOB, jobs.set, takes=Shape.PROPERTIES),
        Operation("POST", f"{_JOB}/submit", jobs.submit, takes=Shape.PROPERTIES),
        Operation("POST", f"{_JOB}/cancel", jobs.cancel, takes=Shape.MESSAGE, query=("forced",)),
        Operation("POST", f"{_JOB}/finish", jobs.finish, takes=Shape.MESSAGE),
        Operation("POST", f"{_JOB}/requeue", jobs.requeue, takes=Shape.MESSAGE),
        *_properties(_JOB, jobs),
        Operation(
            "GET",
            f"{_JOB}/tasks",
            tasks.list,
            Shape.ROWS,
            query=(*_LIST, "sortTasksBy", "expandParametric"),
        ),
        Operation("POST", f"{_JOB}/tasks", tasks.add, Shape.ID, Shape.PROPERTIES),
        *_task(_TASK, tasks),
        *_properties(_TASK, tasks),
        *_task(f"{_TASK}/subtasks/{{subtaskId}}", tasks),
        *added_in_2019(context),
    )


_JOB = "/jobs/{jobId}"
_TASK = f"{_JOB}/tasks/{{taskId}}"


def _properties(path: str, calls: JobCalls | TaskCalls) -> tuple[Operation, ...]:
    """Custom properties and variables of a job or a task."""
    custom, variables = f"{path}/customProperties", f"{path}/envVariables"
    return (
        Operation("GET", custom, calls.custom_properties, Shape.PROPERTIES, query=("names",)),
        Operation("POST", custom, calls.set_custom_properties, takes=Shape.PROPERTIES),
        Operation("GET", variables, calls.variables, Shape.PROPERTIES, query=("names",)),
        Operation("POST", variables, calls.set_variables, takes=Shape.PROPERTIES),
    )


def _task(path: str, tasks: TaskCalls) -> tuple[Operation, ...]:
    """A task, or in the same words a subtask."""
    return (
        Operation("GET", path, tasks.get, Shape.PROPERTIES, query=("properties",)),
        Operation("PUT", path, tasks.set, takes=Shape.PROPERTIES),
        Operation("POST", f"{path}/cancel", tasks.cancel, takes=Shape.MESSAGE, query=("forced",)),
        Operation("POST", f"{path}/finish", tasks.finish, takes=Shape.MESSAGE),
        Operation("POST", f"{path}/requeue", tasks.requeue, takes=Shape.MESSAGE),
    )


def added_in_2019(context: Context) -> tuple[Operation, ...]:
    """Section 6, all but the parameter nodeNames of GET /jobs."""
    nodes, metrics = ClusterNodeCalls(context), MetricCalls(context)
    criteria, one_metric = ("names", "jobs", "group", "state", "health"), "/cluster/metrics/history/{name}"
    stats, data = Typed(typed.NodeStat, many=True), Typed(typed.MetricData)
    return (
        Operation("GET", "/cluster/userRoles", nodes.user_roles, Shape.NAMES),
        Operation("GET", "/cluster/info", nodes.info, Typed(typed.ClusterInfo)),
        Operation("GET", "/cluster/nodes", nodes.list, Typed(typed.Node, many=True), query=criteria),
        Operation("GET", "/cluster/nodes/{name}", nodes.get, Typed(typed.Node)),
        Operation("POST", "/cluster/nodes/{name}/operations/{operation}", nodes.operate, status="202"),
        Operation("GET", "/cluster/nodes/stats/state", nodes.states, stats),
        Operation("GET", "/cluster/nodes/stats/health", nodes.healths, stats),
        Operation(
            "GET",
            "/cluster/nodes/metrics",
            metrics.nodes,
            Typed(typed.NodeMetric, many=True),
            query=("metricNames",),
            required=("metricNames",),
        ),
        Operation(
            "GET",
            "/cluster/metrics/definitions",
            metrics.definitions,
            Typed(typed.MetricDefinition, many=True),
        ),
        Operation("GET", one_metric, metrics.history, data, query=_TIMES, required=_TIMES),
        Operation("GET", "/cluster/metrics/jobs", metrics.jobs, data),
        *_operation_log(OperationLogCalls(context)),
        *_node_groups(NodeGroupCalls(context)),
    )


_TIMES = ("fromTime", "toTime")


def _operation_log(calls: OperationLogCalls) -> tuple[Operation, ...]:
    """What was done."""
    path, one, many = "/cluster/operations", Typed(typed.OperationLog), Typed(typed.OperationLog, many=True)
    return (
        Operation("GET", path, calls.list, many, query=(*_TIMES, "nodeNames", "limit", "withDetail")),
        Operation("GET", f"{path}/first", calls.first, one, query=(*_TIMES, "nodeNames")),
        Operation("GET", f"{path}/{{id}}", calls.get, one),
    )


def _node_groups(calls: NodeGroupCalls) -> tuple[Operation, ...]:
    """Node groups and their members."""
    path = "/cluster/nodeGroups/{name}"
    group, given = Typed(typed.NodeGroup), Typed(typed.NodeGroupGiven)
    return (
        Operation("GET", "/cluster/nodeGroups", calls.list, Typed(typed.NodeGroup, many=True)),
        Operation("POST", "/cluster/nodeGroups", calls.create, group, given),
        Operation("GET", path, calls.get, group),
        Operation("PUT", path, calls.change, group, given),
        Operation("DELETE", path, calls.remove),
        Operation("GET", f"{path}/nodes", calls.members, Shape.NAMES),
        Operation("PATCH", f"{path}/nodes", calls.set_members, Shape.NAMES, Typed(typed.NodeGroupOperation)),
    )
