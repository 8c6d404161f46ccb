"""What sessions are about: requests that go to a service, and the answers it gives (spec windowshpc,
section 7).

Values only. A session is a Service job whose instances are hosts of one service; clients send it
requests in named batches and read the answers batch by batch.
"""

from enum import IntEnum, StrEnum

from msgspec import Struct


class BatchStatus(IntEnum):
    """How far a batch is, by the numbers that travel (7.4)."""

    UNKNOWN = 0
    READY = 1
    """Takes requests: it is not committed."""
    PROCESSING = 2
    """Committed; not everything is answered."""
    FINISHED = 3
    """Everything is answered, or the service job has ended."""


class Reason(StrEnum):
    """Why a read of answers is over, in the words that travel (7.5)."""

    SUCCESS = "Success"
    CLIENT_PURGED = "ClientPurged"
    CLIENT_TIMEOUT = "ClientTimeout"


class Request(Struct, frozen=True, kw_only=True, array_like=True):
    """One request. message_id: empty: none was given, and nothing can be a duplicate of it. user_data: what
    the client gets back with the answer: the inner XML of its header, verbatim. body: the inner XML of
    the SOAP body.
    """

    action: str
    body: bytes
    message_id: str = ""
    user_data: bytes = b""


class Response(Struct, frozen=True, kw_only=True, array_like=True):
    """The answer to one request. body: the inner XML of the SOAP body. fault: the number of a fault code
    (7.9); 0: none; reason: its text. A service's own fault is a body and no number.
    """

    request_action: str
    action: str
    relates_to: str
    body: bytes
    user_data: bytes = b""
    fault: int = 0
    reason: str = ""


class ReadEnd(Struct, frozen=True):
    """The end of a read. count: how many answers the reader has had, counted on over reads that go on."""

    count: int
    reason: Reason


class SessionStart(Struct, frozen=True, kw_only=True):
    """What a session is asked to be (7.1): names as there, times in milliseconds where nothing else is
    said.

    version: of the service, `1.0`; empty: the newest. unit_type: 0 core, 1 socket, 2 node. runtime_s:
    None for no limit. shared: others may attach and use it.
    """

    service: str
    version: str = ""
    durable: bool = False
    job_name: str = ""
    project: str = ""
    template: str = ""
    priority: int | None = None
    """Expanded, 0 to 4000."""
    min_units: int | None = None
    max_units: int | None = None
    unit_type: int = 0
    node_groups: tuple[str, ...] = ()
    requested_nodes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    runtime_s: int | None = None
    can_preempt: bool = True
    shared: bool = False
    max_message_size: int = 65536
    grow_threshold: int = 125
    shrink_threshold: int = 75
    client_idle_timeout: int = 300_000
    session_idle_timeout: int = 0
    operation_timeout: int = 86_400_000
    throttle_start: int = 5120
    throttle_stop: int = 3840


class Session(Struct, frozen=True, kw_only=True):
    """A session that is there. id: of its service job."""

    id: int
    owner: str
    start: SessionStart
    version: str = ""
    """The service's, as it was found."""
