"""Every operation of this face (spec nifcloud, section 2). It and its description are made of this list."""

from typing import Any, Final

from headgate.dialects.nifcloud.calls import JobCalls, SyncCalls
from headgate.dialects.nifcloud.context import Context
from headgate.dialects.nifcloud.errors import COLLECTION, SINGLE
from headgate.dialects.nifcloud.operation import Operation
from headgate.dialects.nifcloud.parse import SUBMIT, SYNC

_INTEGER: Final = {"type": "integer"}
_JOB: Final = {"$ref": "#/components/schemas/Job"}


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


def operations(context: Context) -> tuple[Operation, ...]:
    """All operations, over one context."""
    jobs, syncs = JobCalls(context), SyncCalls(context)
    return (
        Operation(
            method="GET",
            path="/jobs",
            handler=jobs.list,
            names=COLLECTION,
            answer={"type": "array", "items": _JOB},
        ),
        Operation(
            method="POST",
            path="/jobs",
            handler=jobs.submit,
            names=COLLECTION,
            members=SUBMIT,
            status=201,
            answer=_object(job_id=_INTEGER),
        ),
        Operation(method="GET", path="/jobs/{jobid}", handler=jobs.get, names=SINGLE, answer=_JOB),
        Operation(method="DELETE", path="/jobs/{jobid}", handler=jobs.delete, names=SINGLE, status=204),
        Operation(
            method="POST",
            path="/files/sync",
            handler=syncs.start,
            names=COLLECTION,
            members=SYNC,
            answer=_object(requestid=_INTEGER),
        ),
        Operation(
            method="GET",
            path="/files/sync/{requestid}",
            handler=syncs.get,
            names=SINGLE,
            answer={"$ref": "#/components/schemas/Sync"},
        ),
    )
