"""XML from anybody, read without harm; and text made safe to stand in XML. The one place that knows lxml.

No document type, so no entities but the five of XML itself; no network; size, depth, elements and attributes
bounded. Whatever bytes arrive, the answer is elements or a BadRequest that says what is wrong and in which
line. In this order: limits, reading (`tree` keeps all of a small document, `walk` holds none of a large one),
the bytes as text, what is refused before the parser sees it, escaping.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from lxml import etree
from msgspec import Struct

from headgate.core.errors import BadRequest, TooLarge
from headgate.core.properties.checks import UNWRITABLE

Element: TypeAlias = Any
"""An `lxml.etree._Element`, whose published types lack what is used here."""

CHUNK = 65536
"""Characters given to the parser before the limits are looked at again."""
LONGEST_TAG = 1 << 20
"""Characters of one start tag. The parser shows an element only when it has built all its attributes."""


class Limits(Struct, frozen=True, kw_only=True):
    """size: bytes, or characters of text. attributes: of one element. prefixes: declared in the document."""

    size: int = 16 * 1024 * 1024
    depth: int = 100
    elements: int = 300_000
    attributes: int = 200
    prefixes: int = 20_000


USUAL = Limits()


# ---- reading


def tree(document: bytes | str, limits: Limits = USUAL) -> Element:
    """The root of a document that is kept whole. Raises BadRequest.

    One that is no longer than a chunk is bounded by that, and by the parser's own limit on depth.
    """
    text = _text(document, limits)
    root: Element = None
    if len(text) <= CHUNK and text.count("=") <= limits.attributes:
        parser = etree.XMLParser(**_OPTIONS)
        try:
            parser.feed(text)
            root = parser.close()
        except etree.XMLSyntaxError as error:
            raise _malformed(error, parser) from None
        return root
    for _, element in _elements(text, limits):
        root = element  # the last one that ends
    return root


def walk(document: bytes | str, limits: Limits = USUAL) -> Iterator[tuple[bool, Element]]:
    """Every element twice: when it starts (True), with its attributes, and when it has ended, with its text.

    What has ended is dropped at once: take what you need of it before asking for the next. Raises BadRequest.
    """
    for started, element in _elements(_text(document, limits), limits):
        yield started, element
        if started:
            continue
        element.clear(keep_tail=True)
        # Never the element itself: the parser may still be adding to the text behind it.
        before = element.getprevious()
        parent = element.getparent()
        if before is not None and parent is not None:
            parent.remove(before)


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    name: str = element.tag
    return name[name.rindex("}") + 1 :] if name[0] == "{" else name


def line(element: Element) -> int:
    """The line in which an element stands (its start tag ends there)."""
    number: int = element.sourceline
    return number


# The text has been decoded, whatever it says of its encoding: lxml hands it on as UTF-8.
_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
    "collect_ids": False,
    "remove_comments": True,
    "remove_pis": True,
}


def _elements(text: str, limits: Limits) -> Iterator[tuple[bool, Element]]:
    """Starts and ends of elements, all limits watched."""
    parser = etree.XMLPullParser(events=("start", "end"), **_OPTIONS)
    depth = 0
    for begin in (*range(0, len(text), CHUNK), None):
        wrong: etree.XMLSyntaxError | None = None
        try:
            if begin is None:
                parser.close()
            else:
                parser.feed(text[begin : begin + CHUNK])
        except etree.XMLSyntaxError as error:
            wrong = error
        events: Iterator[tuple[str, Element]] = parser.read_events()
        for event, element in events:
            if event == "start":
                depth += 1
                if depth > limits.depth:
                    raise _beyond(element, f"elements are nested more than {limits.depth} deep")
                if len(element.attrib) > limits.attributes:
                    raise _beyond(element, f"an element has more than {limits.attributes} attributes")
                yield True, element
            else:
                depth -= 1
                yield False, element
        if wrong is not None:
            raise _malformed(wrong, parser)


def _beyond(element: Element, what: str) -> BadRequest:
    return BadRequest(
        f"The XML is too much: {what}, at <{local_name(element)[:80]}> in line {line(element)}."
    )


def _malformed(error: etree.XMLSyntaxError, parser: etree.XMLParser | etree.XMLPullParser) -> BadRequest:
    """What the parser found first. Its advice how to lift its own limits is for programmers."""
    first = next(iter(parser.feed_error_log), None) or next(iter(parser.error_log), None)
    message, where = (error.msg, error.lineno) if first is None else (first.message, first.line)
    message = re.sub(r",? (?:use|try) XML_PARSE_HUGE(?: option)?", "", message or "")
    message = " ".join(message.split())[:200] or "it ends too early"
    return BadRequest(f"The XML is not well-formed: {message}" + (f" (line {where})." if where else "."))


# ---- the bytes as text

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WIDE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARATION = re.compile(r"\s*(<\?xml\s[^>]*\?>)")
_ENCODING = re.compile(r"""<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CODECS = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf8": "utf-8",
    # .NET says this of any text it has in memory, and then sends UTF-8; real UTF-16 is told by its bytes.
    "utf-16": "utf-8",
    "unicode": "utf-8",
    "latin1": "iso-8859-1",
    "windows-31j": "cp932",
} | {
    name: name
    for name in (
        *("utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-15", "koi8-r"),
        *(f"windows-{number}" for number in range(1250, 1259)),
        *("shift_jis", "cp932", "euc-jp", "iso-2022-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr"),
    )
}


def _text(document: bytes | str, limits: Limits) -> str:
    """The document decoded, without its declaration; refused if it is none that the parser should see."""
    if len(document) > limits.size:
        raise TooLarge(f"The XML document is {len(document)} long, more than {limits.size}.")
    text = _decoded(document) if isinstance(document, bytes) else document.removeprefix("\ufeff")
    found = UNWRITABLE.search(text)
    if found is not None:
        raise BadRequest(
            f"The XML holds U+{ord(found[0]):04X} in line {_line_of(text, found.start())}, "
            "a character that cannot be in XML."
        )
    # Blanks before the declaration are common where a document was written into a program's source.
    declared = _DECLARATION.match(text)
    if declared is not None:
        begin, end = declared.span(1)
        text = text[:begin] + "\n" * declared[1].count("\n") + text[end:]
    if not text.strip(" \t\r\n"):
        raise BadRequest("The XML document is empty.")
    _refuse_document_type(text)
    _refuse_floods(text, limits)
    return text


def _decoded(document: bytes) -> str:
    encoding, start = "", 0
    for mark, name in _MARKS:
        if document.startswith(mark):
            encoding, start = name, len(mark)
    for mark, name in _WIDE:
        if document.startswith(mark):
            encoding = name
    if not encoding:
        said = _ENCODING.match(document[:400].decode("latin-1").lstrip())
        encoding = _CODECS.get(said[1].lower(), "") if said else "utf-8"
        if said and not encoding:
            raise BadRequest(f"The XML says it is encoded in {said[1]}, which is not read here: send UTF-8.")
    try:
        return document[start:].decode(encoding)
    except UnicodeDecodeError as error:
        where = document.count(b"\n", 0, start + error.start) + 1
        raise BadRequest(
            f"The XML is not {encoding.upper()}: byte {document[start + error.start]:#04x} in line {where}."
        ) from None


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


# ---- refused before the parser sees it

_BLANKS = re.compile(r"[ \t\r\n]*")
_START = re.compile("<[^/!?]")
_TAG = re.compile(r"""<(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")


def _refuse_document_type(text: str) -> None:
    """A document type can only stand before the first element. It is what entities are declared in."""
    at = 0
    while True:
        blanks = _BLANKS.match(text, at)
        at = at if blanks is None else blanks.end()
        for opening, closing in (("<!--", "-->"), ("<?", "?>")):
            if text.startswith(opening, at):
                end = text.find(closing, at + len(opening))
                if end < 0:
                    return  # the parser knows the words for it
                at = end + len(closing)
                break
        else:
            break
    if text.startswith("<!", at):
        raise BadRequest(
            f"The XML has a document type (DTD) in line {_line_of(text, at)}; that is refused, and with it "
            "entities of its own."
        )


def _refuse_floods(text: str, limits: Limits) -> None:
    """What would cost much before the parser shows the first of it, or until it shows the last.

    Counted as text: what only looks like it, in comments and the like, counts too.
    """
    prefixes = text.count("xmlns:")
    if prefixes > limits.prefixes:
        raise BadRequest(
            f"The XML is too much: it declares {prefixes} prefixes, more than {limits.prefixes}."
        )
    if text.count("<") > limits.elements:
        more = next(islice(_START.finditer(text), limits.elements, None), None)
        if more is not None:
            where = _line_of(text, more.start())
            raise BadRequest(
                f"The XML is too much: the element in line {where} is one more than {limits.elements}."
            )
    # A tag holds no `<`, so a long one leaves some stretch of half its length without.
    half = LONGEST_TAG // 2
    for begin in range(0, len(text) - half, half):
        if text.find("<", begin, begin + half) < 0:
            start = max(0, text.rfind("<", 0, begin))
            ends_in_time = _TAG.match(text, start, start + LONGEST_TAG)
            if _START.match(text, start) and not ends_in_time:
                where = _line_of(text, start)
                raise BadRequest(
                    f"The XML is too much: the tag in line {where} is longer than {LONGEST_TAG}."
                )


# ---- escaping

_IN_TEXT = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IN_ATTRIBUTE = re.compile('[&<>"\t\n\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    # Readers turn these into a blank or a line feed unless they are written by number.
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def escape(text: str) -> str:
    """Text as it stands between tags.

    XML 1.0 has no way to write control characters (and half surrogate pairs): each becomes U+FFFD, so that a
    reader sees that something was there and the rest stays what it was.
    """
    return text if _IN_TEXT.search(text) is None else _IN_TEXT.sub(_escaped, text)


def escape_attribute(text: str) -> str:
    """Text as it stands in double quotes; see `escape`."""
    return text if _IN_ATTRIBUTE.search(text) is None else _IN_ATTRIBUTE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "\ufffd")
