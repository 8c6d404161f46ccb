"""What sessions are about: requests that go to a service, and the answers it gives (spec windowshpc,
section 7).

Values only. A session is a Service job whose instances are hosts of one service; clients send it
requests in named batches and read the answers batch by batch.
"""

import hmac
from enum import IntEnum, StrEnum
from hashlib import blake2b, sha256
from typing import Final

import msgspec
from msgspec import Struct

NAME_LIMIT: Final = 128
"""Characters of the name of a batch (7.3)."""
USER_DATA_LIMIT: Final = 1024
"""Characters of a request's user data (7.3)."""
GENERIC_NAMESPACE: Final = "http://hpc.microsoft.com/GenericService"
GENERIC_ACTION: Final = f"{GENERIC_NAMESPACE}/IGenericService/GenericOperation"
HOST_PATH: Final = "/soa/host"
"""Where the hosts of services connect to, behind the server's address."""
TICKET: Final = "SOA_TICKET"
"""The variable of a host that names the file with its ticket."""


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


class SoaFault(IntEnum):
    """The fault codes that the broker itself puts into answers (7.9)."""

    OPERATION_TIMEOUT = 0x01000002
    SESSION_FAILURE = 0x0200000B
    RETRY_LIMIT = 0x04000001
    SERVICE_UNREACHABLE = 0x04000005


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


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service is given. concurrency: requests that one host is given at once, if the service does not
    say so itself. retries: how often a request is given to another host when its own has died. start_s:
    seconds until a host has to be ready. operation_s: seconds that one request may take, where the session
    allows more.
    """

    concurrency: int = 1
    retries: int = 3
    start_s: float = 60.0
    operation_s: float | None = None


class Registration(Struct, frozen=True, kw_only=True):
    """A service, and how a host of it is started: `python` (`module:Class`) or `command`.

    version: `1.0`; empty: it has none. python_path: folders that the module is looked for in. operations:
    those that it has, by the last part of their actions; none: it is not said, and any is passed on.
    """

    name: str
    version: str = ""
    python: str = ""
    command: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()
    work_directory: str = ""
    operations: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    limits: Limits = Limits()


class BatchRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a batch of a durable session. number: within its session, never used again."""

    number: int
    name: str
    owner: str
    committed: bool = False


class ChunkRecord(Struct, frozen=True):
    """Some requests, or some answers, that are kept together. first: the position of the first of them.

    index: of requests, eight bytes each (`digest`); of answers, the positions of their requests, four bytes
    each, the least significant first.
    """

    first: int
    count: int
    index: bytes


NO_DIGEST: Final = bytes(8)


def digest(message_id: str) -> bytes:
    """Eight bytes that stand for a message id; `NO_DIGEST` for none."""
    return (
        blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if message_id
        else NO_DIGEST
    )


class Ticket(Struct, frozen=True, kw_only=True):
    """What a host connects with. url: of the server. certificate: PEM, to be believed; empty: what the system
    believes. named: whether the server's name must be the one in its certificate. The rest says which run it
    is, and `proof` that the server said so.
    """

    url: str
    session: int
    instance: int
    intent: int
    proof: str
    certificate: str = ""
    named: bool = True


class Tickets(Struct, frozen=True, kw_only=True):
    """Makes tickets, always the same for the same run, and checks them."""

    key: bytes
    url: str
    certificate: str = ""
    named: bool = True

    def file(self, session: int, instance: int, intent: int) -> bytes:
        """The content of the file that a host finds."""
        return msgspec.json.encode(
            Ticket(
                url=self.url,
                session=session,
                instance=instance,
                intent=intent,
                proof=self.proof(session, instance, intent),
                certificate=self.certificate,
                named=self.named,
            )
        )

    def proof(self, session: int, instance: int, intent: int) -> str:
        """What only the server can say of this run."""
        return hmac.new(self.key, f"{session}.{instance}.{intent}".encode(), sha256).hexdigest()

    def accepts(self, session: int, instance: int, intent: int, proof: str) -> bool:
        """Whether this is its proof."""
        wanted = self.proof(session, instance, intent).encode()
        return hmac.compare_digest(wanted, proof.encode("utf-8", "replace"))
