"""What is said of sessions, batches and services, in XML and JSON (spec windowshpc, 7.1, 7.2, 7.4). Pure."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from headgate.core.errors import HeadgateError
from headgate.core.soa import BatchStatus, Session
from headgate.dialects.windowshpc.errors import message_of, number_of
from headgate.formats.hpcpack_xml import INSTANCE
from headgate.scripts.safe_xml import escape

JSON: Final = "application/json; charset=utf-8"
SESSIONS: Final = "http://hpc.microsoft.com/"
STATUS: Final = "http://hpc.microsoft.com"
"""Of the status of a batch: without the slash (section 8)."""
SYSTEM: Final = "http://schemas.datacontract.org/2004/07/System"
_WORDS: Final = {
    BatchStatus.UNKNOWN: "Unknown",
    BatchStatus.READY: "Ready",
    BatchStatus.PROCESSING: "Processing",
    BatchStatus.FINISHED: "Finished",
}


def wants_json(accept: str) -> bool:
    """Whether an Accept header names JSON before XML; XML is the default (7.1)."""
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in ("application/json", "text/json"):
            return True
        if media in ("application/xml", "text/xml", "*/*"):
            return False
    return False


def broker_node(public_url: str, host: str, fallback: str) -> str:
    """The name under which clients reach this server (section 7): of public_url, else the Host they used.

    Clients put it into `https://{BrokerNode}/WindowsHPC/…`, so a port that is not theirs by default stays.
    """
    return urlsplit(public_url).netloc.rpartition("@")[2] or host.strip() or fallback


def write_info(session: Session, node: str) -> bytes:
    """A session as XML; elements in alphabetical order."""
    start = session.start
    return (
        f'<WebSessionInfo xmlns="{SESSIONS}" xmlns:i="{INSTANCE}"><BrokerNode>{escape(node)}</BrokerNode>'
        f"<Id>{session.id}</Id><IsDurable>{_truth(start.durable)}</IsDurable>"
        f"<MaxMessageSize>{start.max_message_size}</MaxMessageSize>"
        f"<ServiceOperationTimeout>{start.operation_timeout}</ServiceOperationTimeout>"
        f"{_version_element('ServiceVersion', session.version)}</WebSessionInfo>"
    ).encode()


def write_info_json(session: Session, node: str) -> bytes:
    """A session as JSON."""
    start = session.start
    return msgspec.json.encode(
        {
            "BrokerNode": node,
            "Id": session.id,
            "IsDurable": start.durable,
            "MaxMessageSize": start.max_message_size,
            "ServiceOperationTimeout": start.operation_timeout,
            "ServiceVersion": _version(session.version) or None,
        }
    )


def write_status(status: BatchStatus) -> bytes:
    """How far a batch is, as XML."""
    return f'<BrokerClientStatus xmlns="{STATUS}">{_WORDS[status]}</BrokerClientStatus>'.encode()


def write_status_json(status: BatchStatus) -> bytes:
    """How far a batch is, as a bare number."""
    return b"%d" % status


def write_versions(versions: Sequence[str]) -> bytes:
    """The versions of a service, as XML (inferred: an array of System.Version)."""
    items = "".join(_version_element("Version", version, prefix="") for version in versions)
    return f'<ArrayOfVersion xmlns="{SYSTEM}" xmlns:i="{INSTANCE}">{items}</ArrayOfVersion>'.encode()


def write_versions_json(versions: Sequence[str]) -> bytes:
    """The versions of a service, as JSON."""
    return msgspec.json.encode([_version(version) or None for version in versions])


def write_fault_json(error: HeadgateError) -> bytes:
    """A refusal as JSON (1.5)."""
    return msgspec.json.encode({"Code": number_of(error), "Message": message_of(error), "Values": None})


def _version(text: str) -> dict[str, int]:
    """The fields of System.Version, by name; -1 for what is not said. No version has no fields."""
    if not text:
        return {}
    parts = [int(part) for part in text.split(".")[:4]]
    names = ("_Major", "_Minor", "_Build", "_Revision")
    return dict(sorted(zip(names, [*parts, -1, -1, -1, -1], strict=False)))


def _version_element(name: str, text: str, *, prefix: str = "a:") -> str:
    declared = f' xmlns:a="{SYSTEM}"' if prefix else ""
    fields = _version(text)
    if not fields:
        return f'<{name} i:nil="true"{declared}/>'
    parts = "".join(f"<{prefix}{field}>{number}</{prefix}{field}>" for field, number in fields.items())
    return f"<{name}{declared}>{parts}</{name}>"


def _truth(value: bool) -> str:
    return "true" if value else "false"
