"""Requests, answers and the end of a read as bytes (spec windowshpc, sections 7.3 and 7.5). Pure.

Header names are `HPCServer2008_…` always, as clients look them up by exact name; prefixes are those of the
published examples. Bodies and user data are inner XML and are written as they are.
"""

from typing import Final

from headgate.core.soa import ReadEnd, Request, Response
from headgate.formats.soap.names import (
    ADDRESSING,
    ANONYMOUS,
    ARRAY,
    BROKER,
    BROKER_GONE,
    CALLBACK_ID,
    CLIENT_ID,
    END,
    FAULT,
    HPC,
    REQUEST_ACTION,
    SESSION,
    SOAP,
    TEMPURI,
    USER_DATA,
)
from headgate.scripts.safe_xml import escape

ARRAY_BEGIN: Final = f"<{ARRAY}>".encode()
ARRAY_END: Final = f"</{ARRAY}>".encode()

_BEGIN: Final = (
    f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}"><s:Header><a:Action s:mustUnderstand="1">'
).encode()
_ACTION_END: Final = b"</a:Action>"
_TO: Final = f'<a:To s:mustUnderstand="1">{ANONYMOUS}</a:To>'.encode()
_BODY: Final = b"</s:Header><s:Body>"
_END: Final = b"</s:Body></s:Envelope>"


def _around(name: str) -> tuple[bytes, bytes]:
    return f'<{BROKER}{name} xmlns="{HPC}">'.encode(), f"</{BROKER}{name}>".encode()


_USER_DATA: Final = _around(USER_DATA)
_CLIENT_ID: Final = _around(CLIENT_ID)
_REQUEST_ACTION: Final = _around(REQUEST_ACTION)
_CALLBACK: Final = (
    f'<{BROKER}{CALLBACK_ID} xmlns="{HPC}">'.encode(),
    f"</{BROKER}{CALLBACK_ID}>".encode(),
)


def _element(around: tuple[bytes, bytes], content: bytes) -> bytes:
    return b"".join((around[0], content, around[1])) if content else b""


def write_request(request: Request, batch: str = "") -> bytes:
    """One request of a batch."""
    message_id = request.message_id
    return b"".join(
        (
            _BEGIN,
            escape(request.action).encode(),
            _ACTION_END,
            f"<a:MessageID>{escape(message_id)}</a:MessageID>".encode() if message_id else b"",
            _element(_USER_DATA, request.user_data),
            _element(_CLIENT_ID, escape(batch).encode()),
            _BODY,
            request.body,
            _END,
        )
    )


class Answers:
    """Writes the answers of one read, each with the callback id that its client gave (`clientdata`)."""

    def __init__(self, client_data: str) -> None:
        callback = _element(_CALLBACK, escape(client_data).encode())
        self._before_body = callback + _BODY
        self._callback = callback

    def write(self, response: Response) -> bytes:
        """One answer. A fault of the broker's making says what went wrong."""
        if response.fault:
            action, body = FAULT, fault_body(response.fault, response.reason)
        else:
            action, body = response.action, response.body
        relates_to = response.relates_to
        user_data = response.user_data
        return b"".join(
            (
                _BEGIN,
                escape(action).encode(),
                _ACTION_END,
                f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>".encode() if relates_to else b"",
                _TO,
                _REQUEST_ACTION[0],
                escape(response.request_action).encode(),
                _REQUEST_ACTION[1],
                _USER_DATA[0],
                user_data,
                _USER_DATA[1],
                self._before_body,
                body,
                _END,
            )
        )

    def end(self, end: ReadEnd) -> bytes:
        """The message that says that the read is over."""
        return self._last(
            END,
            f'<EndOfResponses xmlns="{TEMPURI}"><Count>{end.count}</Count><Reason>{end.reason.value}</Reason>'
            "</EndOfResponses>",
        )

    def broker_gone(self) -> bytes:
        """The message in place of the end when the server stops."""
        # Names and order of the members are the contract's; the client gives up on this broker.
        return self._last(
            BROKER_GONE,
            f'<BrokerInstanceUnavailable xmlns="{TEMPURI}"><BrokerLauncherEpr/><IsBrokerNodeDown>true'
            "</IsBrokerNodeDown></BrokerInstanceUnavailable>",
        )

    def _last(self, action: str, body: str) -> bytes:
        return b"".join(
            (_BEGIN, action.encode(), _ACTION_END, self._callback, _TO, _BODY, body.encode(), _END)
        )


def fault_body(number: int, reason: str) -> bytes:
    """A SOAP fault with a fault code of sessions (7.9) as its detail.

    The detail is what the client library's own fault class reads: Code, Context, Reason, in this order.
    """
    text = escape(reason)
    return (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>'
        f'<s:Detail><SessionFault xmlns="{SESSION}"><Code>{number}</Code>'
        f"<Reason>{text}</Reason></SessionFault></s:Detail></s:Fault>"
    ).encode()
