"""Bodies to values, in JSON and XML (spec hpcpack-2016, section 2; windowshpc, section 1.3). Pure.

A `Reading` is one format, as a `Spelling` is one for answers. Nothing at all is an empty value in both.
"""

from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.formats import hpcpack_xml
from headgate.formats.hpcpack import typed
from headgate.formats.hpcpack.refusals import UnsupportedMedia
from headgate.formats.property_lists import Pairs, decode, json_text, read_json
from headgate.scripts.safe_xml import local_name, walk

_MESSAGE = msgspec.json.Decoder(str | None)
_DOCUMENT: Final = "a JSON string with job XML in it"


class ReadTyped(Protocol):
    """Reads an object of a type. Raises BadRequest."""

    def __call__(self, body: bytes, kind: type[typed.T], /) -> typed.T: ...


class Reading(Struct, frozen=True, kw_only=True):
    """How one format is read. All of them raise BadRequest.

    document: the text of a job document, however it is packed. typed: an object of a type (`typed.py`).
    """

    pairs: Callable[[bytes], Pairs]
    message: Callable[[bytes], str]
    document: Callable[[bytes], bytes | str]
    typed: ReadTyped


def _json_message(body: bytes) -> str:
    text = json_text(body)
    found: str | None = decode(_MESSAGE, text, "a JSON string") if text else None
    if found and (unwritable := UNWRITABLE.search(found)):
        raise BadRequest(
            f"The message holds U+{ord(unwritable[0]):04X} at character {unwritable.start() + 1}."
        )
    return found or ""


def _json_document(body: bytes) -> bytes | str:
    text = json_text(body)
    if text.startswith("<"):
        return body  # raw job XML, whatever its type claims to be
    found: str | None = decode(_MESSAGE, text, _DOCUMENT) if text else None
    return _there(found or "")


def _xml_message(body: bytes) -> str:
    """A property set is no message: requeue is sent an empty one (windowshpc, section 4)."""
    for _, root in walk(body) if body.strip() else ():
        if local_name(root).lower() == "arrayofproperty":
            return ""
        break
    return hpcpack_xml.read_text(body)


def _xml_document(body: bytes) -> bytes | str:
    return _there(hpcpack_xml.read_job_document(body) if body.strip() else "")


def _there(document: bytes | str) -> bytes | str:
    if not document.strip():
        raise BadRequest("There is no job XML in the body.")
    return document


JSON: Final = Reading(pairs=read_json, message=_json_message, document=_json_document, typed=typed.read_json)
XML: Final = Reading(
    pairs=hpcpack_xml.read_property_set,
    message=_xml_message,
    document=_xml_document,
    typed=typed.read_xml,
)


def by_type(content_type: str, body: bytes) -> Reading:
    """The format that a Content-Type names; none, JSON. An empty body may be of any type.

    Raises UnsupportedMedia.
    """
    media = content_type.partition(";")[0].strip().lower()
    if not media or not body or media in ("application/json", "text/json") or media.endswith("+json"):
        return JSON
    if is_xml(media):
        return XML
    raise UnsupportedMedia(
        f"The body is {shown(media)}: send JSON (application/json) or XML (application/xml)."
    )


def always_xml(content_type: str, body: bytes) -> Reading:
    """XML, whatever the Content-Type says."""
    return XML


def is_xml(media: str) -> bool:
    """Whether a media type is one of XML's."""
    return media in ("application/xml", "text/xml") or media.endswith("+xml")
