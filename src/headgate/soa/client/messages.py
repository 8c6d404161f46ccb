"""Calls as requests, and what comes back as answers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct

from headgate.client.errors import ClientError, Unreachable
from headgate.core.errors import BadRequest
from headgate.core.soa import GENERIC_ACTION, GENERIC_NAMESPACE, ReadEnd, Reason, Request
from headgate.formats import soa_bodies
from headgate.formats.soap.names import BROKER_GONE, END, FAULT, SOAP, TEMPURI
from headgate.formats.soap.reading import Envelope, Envelopes
from headgate.scripts.safe_xml import local_name, tree

R = TypeVar("R")
GENERIC_OPERATION: Final = "GenericOperation"
ECHO: Final = "CcpEchoSvc"
LARGEST: Final = 1 << 31
"""Bytes of one answer: the server has its limits, we have none of our own."""


class ServiceFault(ClientError):
    """A request failed: by the service's own fault (`number` 0), or by one of the broker's (7.9)."""

    def __init__(self, reason: str, number: int = 0) -> None:
        super().__init__(reason)
        self.number = number


class Contract(Struct, frozen=True):
    """How operations of a service are addressed."""

    name: str
    namespace: str = TEMPURI

    @classmethod
    def of(cls, service: str) -> "Contract":
        """The usual one of a service: `IName` in the default namespace."""
        return cls("IEchoSvc" if service == ECHO else f"I{service}")

    def action(self, operation: str) -> str:
        """The action of an operation."""
        return (
            GENERIC_ACTION if operation == GENERIC_OPERATION else f"{self.namespace}{self.name}/{operation}"
        )

    def body(self, operation: str, arguments: Mapping[str, Any]) -> bytes:
        """The body of a call."""
        namespace = GENERIC_NAMESPACE if operation == GENERIC_OPERATION else self.namespace
        return soa_bodies.element(operation, namespace, arguments)


class Calls:
    """Turns items into requests of one operation.

    names: of the arguments, for items that are no mappings: a text for one argument, several for as many.
    Each request gets its number as user data, and an id that the broker knows again when it is sent twice.
    """

    def __init__(self, contract: Contract, operation: str, names: str | Sequence[str], mark: str) -> None:
        self._contract = contract
        self._operation = operation
        self._action = contract.action(operation)
        self._names = (names,) if isinstance(names, str) else tuple(names)
        self._single = isinstance(names, str)
        self._mark = mark

    def request(self, number: int, item: Any) -> Request:
        """The request for one item. Raises ValueError when there are not as many values as names."""
        return Request(
            action=self._action,
            body=self._contract.body(self._operation, self._arguments(item)),
            message_id=f"urn:headgate:{self._mark}:{number}",
            user_data=b"%d" % number,
        )

    def _arguments(self, item: Any) -> Mapping[str, Any]:
        if isinstance(item, Mapping):
            return item
        values = (item,) if self._single else tuple(item)
        return dict(zip(self._names, values, strict=True))


class Answer(Struct, frozen=True):
    """One answer. number: of the request within its batch; -1: it was not sent by this client. body: the
    inner XML of the SOAP body.
    """

    number: int
    action: str
    relates_to: str
    user_data: bytes
    body: bytes
    fault: ServiceFault | None = None

    def result(self, kind: type[R]) -> R:
        """The value that the operation returned. Raises ServiceFault, or ClientError when it is none such."""
        if self.fault is not None:
            raise self.fault
        try:
            found: R = soa_bodies.result(self.body, kind)
        except BadRequest as error:
            raise ClientError(f"The answer is no {kind}: {error.text}") from None
        return found


class Answers:
    """Reads a stream of answers. end: set when the read is over; raises Unreachable when it breaks off."""

    def __init__(self) -> None:
        self._envelopes = Envelopes(LARGEST)
        self.end: ReadEnd | None = None

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that these bytes complete."""
        found = []
        try:
            for envelope in self._envelopes.feed(data):
                if envelope.action == END:
                    self.end = _end(envelope)
                elif envelope.action == BROKER_GONE:
                    raise Unreachable("The server stops: attach to the session again in a moment.")
                else:
                    found.append(_answer(envelope))
        except BadRequest as error:
            raise Unreachable(f"The server's answers make no sense: {error.text}") from None
        return found

    def close(self) -> ReadEnd:
        """The end of the read. Raises Unreachable when there was none."""
        if self.end is None:
            raise Unreachable("The answers broke off before their end; read again with reset.")
        return self.end


def _answer(envelope: Envelope) -> Answer:
    user_data = envelope.user_data
    number = int(user_data) if user_data.isdigit() and len(user_data) < 19 else -1
    fault = _fault(envelope) if b"Fault" in envelope.body[:400] else None
    return Answer(number, envelope.action, envelope.relates_to, user_data, envelope.body, fault)


def _fault(envelope: Envelope) -> ServiceFault | None:
    root = tree(envelope.body)
    if root.tag != f"{{{SOAP}}}Fault":
        return None
    texts = {local_name(one): one.text or "" for one in root.iter() if isinstance(one.tag, str)}
    if envelope.action != FAULT:
        return ServiceFault(texts.get("Text", ""))
    number = texts.get("Code", "")
    return ServiceFault(texts.get("Text", ""), int(number) if number.strip().isdigit() else 0)


def _end(envelope: Envelope) -> ReadEnd:
    said = {local_name(one): one.text or "" for one in tree(envelope.body)}
    count, reason = said.get("Count", ""), said.get("Reason", "")
    if not count.isdigit() or reason not in list(Reason):
        raise Unreachable("The end of the answers makes no sense.")
    return ReadEnd(int(count), Reason(reason))
