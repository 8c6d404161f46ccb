"""The generic form: requests and answers of a service without XML (spec windowshpc, sections 7.3 and 7.5).

A request is `input U+FFFF userdata U+0000`, an answer `action U+FFFF output U+FFFF userdata U+0000`, in
UTF-8. Each record stands for a call of GenericOperation, so that whatever is behind sees one kind of message.
"""

import re
from typing import Final

from headgate.core.errors import BadRequest, TooLarge
from headgate.core.properties.checks import UNWRITABLE
from headgate.core.soa import GENERIC_ACTION, USER_DATA_LIMIT, ReadEnd, Request, Response
from headgate.formats.soa_bodies import generic_request
from headgate.formats.soap.names import END, FAULT
from headgate.formats.soap.reading import text_of
from headgate.scripts.safe_xml import escape

RECORD_END: Final = b"\x00"
FIELD_END: Final = "\uffff".encode()
_BODY: Final = re.compile(rb"\A<GenericOperationResponse[^>]*><GenericOperationResult[^>]*>([^<&]*)</")
"""An answer as our own hosts write it, with nothing to decode."""


class GenericRequests:
    """Reads records as their bytes arrive.

    largest: bytes of one record.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._rest = bytearray()
        self._failure: BadRequest | None = None
        self.count = 0
        """Records read so far."""

    def feed(self, data: bytes) -> list[Request]:
        """The requests that these bytes complete.

        Raises BadRequest; where requests come before what is wrong, when it is called again.
        """
        if self._failure is not None:
            raise self._failure
        first, *others = data.split(RECORD_END)
        self._rest += first
        self._check_size(self._rest)
        if not others:
            return []
        found: list[Request] = []
        records = [bytes(self._rest), *others]
        self._rest = bytearray(records.pop())
        try:
            for record in records:
                found.append(self._request(record))
            self._check_size(self._rest)
        except BadRequest as error:
            if not found:
                raise
            self._failure = error
        return found

    def close(self) -> list[Request]:
        """There is nothing more to come. A last record without its U+0000 counts; mere blanks don't: the
        published layout has one behind each record. Raises BadRequest.
        """
        if self._failure is not None:
            raise self._failure
        rest, self._rest = bytes(self._rest), bytearray()
        return [self._request(rest)] if rest.strip() else []

    def _request(self, record: bytes) -> Request:
        self._check_size(record)
        try:
            said, *others = record.decode().split("\uffff")
        except UnicodeDecodeError as error:
            raise self._wrong(f"byte {error.start + 1} is not UTF-8") from None
        if len(others) > 1:
            raise self._wrong(
                "it has more than an input and user data: U+FFFF stands between those two alone"
            )
        user_data = others[0] if others else ""
        if len(user_data) > USER_DATA_LIMIT:
            raise self._wrong(f"its user data has {len(user_data)} characters, more than {USER_DATA_LIMIT}")
        unwritable = UNWRITABLE.search(said) or UNWRITABLE.search(user_data)
        if unwritable is not None:
            raise self._wrong(f"it holds U+{ord(unwritable[0]):04X}, which no message can")
        self.count += 1
        return Request(
            action=GENERIC_ACTION, body=generic_request(said), user_data=escape(user_data).encode()
        )

    def _check_size(self, record: bytes | bytearray) -> None:
        if len(record) > self._largest:
            raise TooLarge(
                f"Message {self.count + 1} of the body: it is larger than the {self._largest} bytes the "
                "session takes.",
                code="InvalidArgument",
            )

    def _wrong(self, what: str) -> BadRequest:
        return BadRequest(f"Message {self.count + 1} of the body: {what}.", code="InvalidArgument")


def write_generic_answer(response: Response) -> bytes:
    """One answer. What was answered with a fault has its text as output, and the fault's action."""
    if response.fault:
        action, output = FAULT, response.reason.encode()
    else:
        action, output = response.action, output_of(response.body)
    return _record(action.encode(), output, text_of(response.user_data).encode())


def write_generic_end(end: ReadEnd) -> bytes:
    """The record that says that the read is over."""
    return _record(END.encode(), b"%d" % end.count, end.reason.encode())


def output_of(body: bytes) -> bytes:
    """The text in the body of an answer, whatever elements are around it."""
    usual = _BODY.match(body)
    if usual is not None:
        return usual[1]
    try:
        return text_of(_with_prefixes(body)).encode()
    except BadRequest:
        return body  # the service's own words, whatever they are


def _with_prefixes(body: bytes) -> bytes:
    """Faults of services use the prefix of the envelope around them."""
    return b'<b xmlns:s="http://www.w3.org/2003/05/soap-envelope">' + body + b"</b>"


def _record(*fields: bytes) -> bytes:
    # What separates fields can stand in none of them.
    return (
        FIELD_END.join(field.replace(FIELD_END, b"").replace(RECORD_END, b"") for field in fields)
        + RECORD_END
    )
