"""Every operation of this face: method, path, handler, and what it takes and answers.

The one list (spec windowshpc, sections 2, 4, 5 and 7): the router is made of it, and the words that can't be
the name of a cluster.
"""

from collections.abc import Awaitable, Callable

from headgate.dialects.windowshpc.clusters import ClusterList
from headgate.dialects.windowshpc.context import Context
from headgate.dialects.windowshpc.rendering import Rendered
from headgate.dialects.windowshpc.soa.calls import SessionCalls
from headgate.dialects.windowshpc.subtasks import SubtaskCalls
from headgate.formats.hpcpack import operation
from headgate.formats.hpcpack.cluster import ClusterCalls
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.jobs import JobCalls
from headgate.formats.hpcpack.nodes import NodeCalls
from headgate.formats.hpcpack.operation import Shape
from headgate.formats.hpcpack.tasks import TaskCalls
from headgate.formats.serving import Answer


class Operation(operation.Operation, frozen=True):
    """One operation.

    versioned: requires an api-version (1.2). faults: refuses in the newer format whatever the version (1.5).
    session: one of the SOA operations. streams: its body is messages that are taken as they arrive.
    """

    versioned: bool = False
    faults: bool = False
    session: bool = False
    streams: bool = False


_LIST = ("Properties", "$filter", "RowsPerRead", "QueryId", "CurrentObjectNumber", "Render")
_ONE = ("Properties", "Render")
_JOB = "/Job/{jobId}"
_TASK = f"{_JOB}/Task/{{taskId}}"
_SUBTASK = f"{_TASK}/SubTask/{{subtaskId}}"


def operations(context: Context, sessions: SessionCalls) -> tuple[Operation, ...]:
    """All operations, over one context."""
    jobs, tasks = JobCalls(context), TaskCalls(context)
    rendered = Rendered(context, jobs, tasks)
    return (
        *_cluster(context),
        Operation("GET", "/Jobs", jobs.list, Shape.ROWS, query=(*_LIST, "SortJobsBy", "Owner")),
        Operation("POST", "/Jobs", jobs.create, Shape.ID, Shape.PROPERTIES),
        Operation("POST", "/Jobs/JobFile", jobs.create_from_file, Shape.ID, Shape.JOB_XML),
        Operation("GET", _JOB, rendered.job, Shape.PROPERTIES, query=_ONE),
        Operation("PUT", _JOB, jobs.set, takes=Shape.PROPERTIES),
        *_properties(_JOB, jobs),
        Operation("POST", f"{_JOB}/Submit", jobs.submit, takes=Shape.PROPERTIES),
        *_ending(_JOB, jobs),
        Operation("POST", f"{_JOB}/Finish", jobs.finish, takes=Shape.MESSAGE),
        Operation(
            "GET",
            f"{_JOB}/Tasks",
            tasks.list,
            Shape.ROWS,
            query=(*_LIST, "SortTasksBy", "ExpandParametric"),
        ),
        Operation("POST", f"{_JOB}/Tasks", tasks.add, Shape.ID, Shape.PROPERTIES),
        Operation("GET", _TASK, rendered.task, Shape.PROPERTIES, query=_ONE),
        Operation("PUT", _TASK, tasks.set, takes=Shape.PROPERTIES),
        *_properties(_TASK, tasks),
        *_ending(_TASK, tasks),
        Operation("GET", _SUBTASK, rendered.task, Shape.PROPERTIES, query=_ONE),
        Operation("PUT", _SUBTASK, SubtaskCalls(context).set, takes=Shape.PROPERTIES),
        *_ending(_SUBTASK, tasks),
        *_sessions(sessions),
    )


def _cluster(context: Context) -> tuple[Operation, ...]:
    """Section 2."""
    clusters, cluster, nodes, jobs = (
        ClusterList(context),
        ClusterCalls(context),
        NodeCalls(context, by_change=True),
        JobCalls(context),
    )
    return (
        Operation("GET", "/Clusters", clusters.list, Shape.ROWS, versioned=True),
        Operation("GET", "/Version", cluster.version, Shape.TEXT),
        Operation("GET", "/ActiveHeadnode", cluster.active_head_node, Shape.TEXT, faults=True),
        Operation("GET", "/Info/DateTimeFormat", cluster.date_time_format, Shape.TEXT),
        Operation("GET", "/JobTemplates", jobs.templates, Shape.NAMES),
        Operation("GET", "/NodeGroups", nodes.groups, Shape.ROWS, versioned=True),
        Operation("GET", "/NodeGroup/{name}", nodes.members, Shape.NAMES, versioned=True),
        Operation("GET", "/Nodes", nodes.list, Shape.ROWS, query=(*_LIST, "SortNodesBy"), versioned=True),
        Operation("GET", "/Node/{name}", nodes.get, Shape.PROPERTIES, query=_ONE[:1], versioned=True),
    )


def _properties(path: str, calls: JobCalls | TaskCalls) -> tuple[Operation, ...]:
    """Custom properties and variables of a job or a task."""
    custom, variables = f"{path}/CustomProperties", f"{path}/EnvVariables"
    return (
        Operation("GET", custom, calls.custom_properties, Shape.PROPERTIES, query=("Names",)),
        Operation("POST", custom, calls.set_custom_properties, takes=Shape.PROPERTIES),
        Operation("GET", variables, calls.variables, Shape.PROPERTIES, query=("Names",)),
        Operation("POST", variables, calls.set_variables, takes=Shape.PROPERTIES),
    )


def _ending(path: str, calls: JobCalls | TaskCalls) -> tuple[Operation, ...]:
    """Cancel and requeue."""
    return (
        Operation("POST", f"{path}/Cancel", calls.cancel, takes=Shape.MESSAGE, query=("Forced",)),
        Operation("POST", f"{path}/Requeue", calls.requeue, takes=Shape.MESSAGE),
    )


def _sessions(calls: SessionCalls) -> tuple[Operation, ...]:
    """Section 7."""
    session = "/Session/{sessionId}"
    batch = f"{session}/batch/{{batch}}"

    def one(
        method: str,
        path: str,
        handler: Callable[[Call], Awaitable[Answer]],
        *query: str,
        status: str = "",
        streams: bool = False,
    ) -> Operation:
        return Operation(
            method, path, handler, query=query, status=status, versioned=True, session=True, streams=streams
        )

    return (
        one("POST", "/Sessions/Create", calls.create, "durable", status="201"),
        one("GET", f"{session}/Attach", calls.attach, "durable"),
        one("POST", f"{session}/Close", calls.close),
        one("GET", "/SoaService/{name}/Versions", calls.versions),
        one("POST", batch, calls.send, "genericservice", "commit", streams=True),
        one("POST", f"{batch}/Commit", calls.commit, status="201"),
        one("GET", f"{batch}/Status", calls.status),
        one("POST", f"{batch}/Purge", calls.purge),
        one(
            "POST",
            f"{batch}/Response",
            calls.responses,
            "genericservice",
            "count",
            "action",
            "reset",
            "clientdata",
        ),
    )
