"""Every operation of this face: method, path, handler, and what it takes and answers.

The one list (spec hpcpack-2016, section 4): the router, the OpenAPI description and the page at `/hpc/docs`
are made of it.
"""

from headgate.formats.hpcpack.cluster import ClusterCalls
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.jobs import JobCalls
from headgate.formats.hpcpack.nodes import NodeCalls
from headgate.formats.hpcpack.operation import Operation, Shape
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
        Operation("GET", "/jobs", jobs.list, Shape.ROWS, query=(*_LIST, "sortJobsBy", "owner")),
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
