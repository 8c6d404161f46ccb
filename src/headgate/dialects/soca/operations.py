"""Every operation of this face: method, path, who may, what it takes, what it answers.

The one list (spec soca, sections 4 to 6): the router, the OpenAPI description and the page at `/api/doc` are
made of it. What only a cloud can do is refused, and stands here too.
"""

from collections.abc import Iterator
from typing import Any, Final

from headgate.core.errors import NotSupported
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.credentials import CredentialCalls
from headgate.dialects.soca.directory import DirectoryCalls
from headgate.dialects.soca.operation import Call, Field, Level, Operation
from headgate.dialects.soca.queues import TYPES, QueueCalls
from headgate.dialects.soca.scheduler import SchedulerCalls
from headgate.dialects.soca.system import SystemCalls
from headgate.formats.serving import Answer

_STRING: Final = {"type": "string"}
_NUMBERS: Final = {"type": "array", "items": {"type": "integer"}}
_JOB: Final = {"$ref": "#/components/schemas/Job"}
_GROUP: Final = {"$ref": "#/components/schemas/Group"}
_MANY_JOBS: Final = {"type": "object", "additionalProperties": _JOB}
_MANY_TEXTS: Final = {"type": "object", "additionalProperties": _STRING}
_MANY_GROUPS: Final = {"type": "object", "additionalProperties": _GROUP}
_IDS: Final = {
    "type": "object",
    "properties": {
        "proposed_uid": {"type": "integer"},
        "proposed_gid": {"type": "integer"},
        "uid_in_use": _NUMBERS,
        "gid_in_use": _NUMBERS,
    },
    "required": ["proposed_uid", "proposed_gid", "uid_in_use", "gid_in_use"],
}
_QUEUES: Final = {"type": "array", "items": {"anyOf": [_STRING, {"$ref": "#/components/schemas/Queue"}]}}

_JOB_ID: Final = Field("job_id", "4711, of an array 4711[], of a subjob 4711[3]; or the full id", True)
_HISTORY: Final = Field("history", "Jobs that have ended, too", kind="boolean")
_USER: Final = Field("user", "The name of a user", True)
_PASSWORD: Final = Field("password", "The password; never from a query", True)
_GROUP_NAME: Final = Field("group", "The name of a group: letters and digits", True)
_QUEUE_NAME: Final = Field("name", "The name of a queue", True)


def operations(context: Context) -> tuple[Operation, ...]:
    """All operations, over one context."""
    return (
        *_scheduler(SchedulerCalls(context), QueueCalls(context)),
        *_users(DirectoryCalls(context)),
        *_credentials(DirectoryCalls(context), CredentialCalls(context)),
        *_files(SystemCalls(context)),
        *_disabled(),
    )


def _scheduler(jobs: SchedulerCalls, queues: QueueCalls) -> Iterator[Operation]:
    private, admin = Level.PRIVATE, Level.ADMIN
    job, queue = "/scheduler/job", "/scheduler/queue"
    yield Operation(
        method="POST",
        path=job,
        handler=jobs.submit,
        level=private,
        fields=(
            Field("payload", "The job script in base64", True, example="IyEvYmluL2Jhc2gKZWNobyBoaQo="),
            Field("interpreter", "Nothing, or the path of qsub: no other is run"),
            Field("input_file_path", "A directory in your home to submit from, instead of a new one"),
            Field("job_name", "Instead of what -N says"),
            Field("queue", "Instead of what -q says"),
            Field("project", "Instead of what -P says"),
            Field("resources", "Instead of what -l says: a list as in a directive"),
            Field("env", "Instead of what -v says"),
            Field("depend", "Instead of what -W depend= says"),
        ),
        failures=("CLIENT_MISSING_PARAMETER", "TOO_LARGE", "QSUB_ERROR"),
    )
    yield Operation(
        method="GET",
        path=job,
        handler=jobs.get,
        level=private,
        fields=(_JOB_ID, _HISTORY),
        message=_JOB,
        failures=("CLIENT_MISSING_PARAMETER", "JOB_NOT_RETRIEVABLE"),
    )
    yield Operation(
        method="DELETE",
        path=job,
        handler=jobs.delete,
        level=private,
        fields=(_JOB_ID,),
        failures=("CLIENT_MISSING_PARAMETER", "JOB_NOT_DELETABLE"),
    )
    yield Operation(
        method="GET",
        path="/scheduler/jobs",
        handler=jobs.list,
        level=private,
        fields=(
            Field("user", "Only jobs of this user"),
            Field("state", "Only jobs in these states: letters with commas", example="Q,R"),
            Field("queue", "Only jobs of this queue"),
            Field("name", "Only jobs of this name"),
            Field("project", "Only jobs of this project"),
            Field("since", "Only jobs that have changed since: seconds since 1970", kind="integer"),
            Field("offset", "So many are left out at the beginning", kind="integer"),
            Field("limit", "At most so many", kind="integer"),
            _HISTORY,
        ),
        message=_MANY_JOBS,
    )
    yield Operation(
        method="GET",
        path="/scheduler/queues",
        handler=queues.list,
        level=private,
        fields=(Field("details", "What each of them is, instead of names alone", kind="boolean"),),
        message=_QUEUES,
    )
    yield Operation(
        method="POST",
        path=queue,
        handler=queues.create,
        level=admin,
        fields=(_QUEUE_NAME, Field("type", " or ".join(TYPES), True, example=TYPES[0])),
        failures=("QUEUE_NAME_MISSING", "QUEUE_EXISTS"),
    )
    yield Operation(
        method="DELETE",
        path=queue,
        handler=queues.delete,
        level=admin,
        fields=(_QUEUE_NAME,),
        failures=("QUEUE_NAME_MISSING", "QUEUE_UNKNOWN", "QUEUE_IN_USE"),
    )


def _users(calls: DirectoryCalls) -> Iterator[Operation]:
    unknown = ("CLIENT_MISSING_PARAMETER", "UNKNOWN_USER")
    user, group = "/ldap/user", "/ldap/group"

    def admin(method: str, path: str, handler: Any, fields: tuple[Field, ...], **more: Any) -> Operation:
        return Operation(method=method, path=path, handler=handler, level=Level.ADMIN, fields=fields, **more)

    def private(path: str, handler: Any, message: Any) -> Operation:
        return Operation(method="GET", path=path, handler=handler, level=Level.PRIVATE, message=message)

    yield admin("GET", user, calls.user, (_USER,), failures=unknown)
    yield admin(
        "POST",
        user,
        calls.add_user,
        (
            _USER,
            _PASSWORD,
            Field("sudoers", "1: an administrator; 0: not", True, kind="integer", example="0"),
            Field("email", "Where mail reaches the user", True, example="ada@example.org"),
            Field("shell", "The login shell that is listed; /bin/bash"),
            Field("uid", "The user's number; 0: any", True, kind="integer", example="0"),
            Field("gid", "The number of the user's own group; 0: any", True, kind="integer", example="0"),
        ),
        failures=(
            "CLIENT_MISSING_PARAMETER",
            "UID_ALREADY_IN_USE",
            "GID_ALREADY_IN_USE",
            "DS_PASSWORD_COMPLEXITY_ERROR",
            "DS_PASSWORD_USERNAME_IN_PW",
            "DS_PASSWORD_USERNAME_IS_ADMIN",
            "COULD_NOT_CREATE_GROUP",
        ),
    )
    yield admin("DELETE", user, calls.delete_user, (_USER,), failures=(*unknown, "X_SOCA_USER_MISSING"))
    yield private("/ldap/users", calls.users, _MANY_TEXTS)
    yield admin("GET", "/ldap/ids", calls.ids, (), message=_IDS)
    yield admin(
        "GET",
        group,
        calls.group,
        (_GROUP_NAME,),
        message=_GROUP,
        failures=("CLIENT_MISSING_PARAMETER", "GROUP_DO_NOT_EXIST"),
    )
    yield admin(
        "POST",
        group,
        calls.add_group,
        (
            _GROUP_NAME,
            Field("gid", "The group's number; absent or 0: any", kind="integer"),
            Field("members", "Names of users with commas"),
        ),
        failures=("CLIENT_MISSING_PARAMETER", "UNKNOWN_MEMBER", "LDAP_ALREADY_EXISTS", "GID_ALREADY_IN_USE"),
    )
    yield admin(
        "PUT",
        group,
        calls.change_group,
        (_GROUP_NAME, _USER, Field("action", "add or remove", True, example="add")),
        failures=("CLIENT_MISSING_PARAMETER", "GROUP_USER_UNKNOWN", "GROUP_DO_NOT_EXIST"),
    )
    yield admin(
        "DELETE",
        group,
        calls.delete_group,
        (_GROUP_NAME,),
        failures=("CLIENT_OWN_RESOURCE", "LDAP_NO_SUCH_OBJECT", "X_SOCA_USER_MISSING"),
    )
    yield private("/ldap/groups", calls.groups, _MANY_GROUPS)


def _credentials(users: DirectoryCalls, keys: CredentialCalls) -> Iterator[Operation]:
    sudo, key = "/ldap/sudo", "/user/api_key"
    unknown = ("CLIENT_MISSING_PARAMETER", "UNKNOWN_USER")
    for method, handler, failures in (
        ("GET", users.sudo, (*unknown, "NO_SUDO")),
        ("POST", users.grant, unknown),
        ("DELETE", users.withdraw, unknown),
    ):
        yield Operation(
            method=method, path=sudo, handler=handler, level=Level.ADMIN, fields=(_USER,), failures=failures
        )
    yield Operation(
        method="POST",
        path="/ldap/authenticate",
        handler=users.authenticate,
        level=Level.PRIVATE,
        fields=(_USER, _PASSWORD),
        failures=("CLIENT_MISSING_PARAMETER", "INVALID_CREDENTIALS"),
    )
    yield Operation(
        method="GET",
        path=key,
        handler=keys.api_key,
        level=Level.KEY,
        fields=(_USER,),
        failures=("CLIENT_MISSING_PARAMETER",),
    )
    yield Operation(
        method="DELETE",
        path=key,
        handler=keys.end_api_key,
        level=Level.RESTRICTED,
        fields=(_USER,),
        failures=("CLIENT_MISSING_PARAMETER", "NO_ACTIVE_TOKEN"),
    )
    yield Operation(
        method="POST",
        path="/user/reset_password",
        handler=keys.reset_password,
        level=Level.ADMIN,
        fields=(_USER, _PASSWORD),
        failures=(*unknown, "DS_PASSWORD_COMPLEXITY_ERROR", "DS_PASSWORD_USERNAME_IN_PW"),
    )


def _files(calls: SystemCalls) -> Iterator[Operation]:
    path = "/system/files"
    yield Operation(
        method="GET",
        path=path,
        handler=calls.read,
        level=Level.PRIVATE,
        fields=(Field("file", "The absolute path of a file", True, example="/etc/hostname"),),
        failures=("CLIENT_MISSING_PARAMETER", "FILE_ERROR"),
    )
    yield Operation(
        method="POST",
        path=path,
        handler=calls.write,
        level=Level.PRIVATE,
        fields=(
            Field("file_name", "The absolute path of a file, in base64", True),
            Field("file_content", "What it is to hold, in base64", True),
        ),
        failures=("CLIENT_MISSING_PARAMETER", "FILE_ERROR"),
    )


# ---- what only a cloud can do (6.2, 6.3)

_DESKTOP: Final = "/dcv/desktop/{session}/{system}"
CLOUD: Final = (
    ("GET", "/system/aws_price"),
    ("POST", "/dcv/authenticator"),
    ("GET", "/dcv/desktops"),
    ("POST", _DESKTOP),
    *(("PUT", f"{_DESKTOP}/{verb}") for verb in ("stop", "hibernate", "restart", "modify", "schedule")),
    ("DELETE", f"{_DESKTOP}/delete"),
    ("GET", "/dcv/images"),
    ("POST", "/dcv/image"),
    ("DELETE", "/dcv/image"),
)


async def _refuse(call: Call) -> Answer:
    """Only a cloud has it: disabled."""
    raise NotSupported("Only a cloud has it.")


def _disabled() -> Iterator[Operation]:
    for method, path in CLOUD:
        yield Operation(
            method=method, path=path, handler=_refuse, level=Level.OPEN, failures=("API_DISABLED",)
        )
