"""An array of SOAP 1.2 envelopes, read as its bytes arrive (spec windowshpc, sections 7.3 and 7.5).

No more is kept than the envelope that is being read. The content of a body and of user data is cut out of the
bytes as it stands; where it uses a prefix that was declared further out, its elements get the declaration, so
that it can stand anywhere (`_Cut`). That is why this reads with expat and not with lxml: expat says at which
byte an element begins. Whatever arrives, the answer is envelopes or a BadRequest that names the message.
"""

import re
from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from headgate.core.errors import BadRequest, TooLarge
from headgate.core.soa import USER_DATA_LIMIT
from headgate.formats.soap.names import (
    ADDRESSING,
    BROKER,
    BROKER_AS_PUBLISHED,
    CALLBACK_ID,
    CLIENT_ID,
    HPC,
    MESSAGE_ID,
    REQUEST_ACTION,
    SOAP,
    SOAP_1_1,
    USER_DATA,
)

DEPTH: Final = 100
DECLARATIONS: Final = 100
"""Namespaces that one element declares; each message is looked through for those around it."""
LONGEST_TOKEN: Final = 1 << 20
"""Bytes of one tag or comment; expat holds them whole."""
LONG_TOKEN: Final = 4096
"""From here on a token that comes in small pieces is looked at again only when it has doubled."""


class Envelope(Struct, kw_only=True):
    """One message: the text of the headers that count, and the inner XML of body and user data."""

    action: str = ""
    message_id: str = ""
    relates_to: str = ""
    user_data: bytes = b""
    client_id: str = ""
    request_action: str = ""
    callback_id: str = ""
    body: bytes = b""


_HEADERS: Final = {
    f"{ADDRESSING}}}Action": "action",
    f"{ADDRESSING}}}MessageID": "message_id",
    f"{ADDRESSING}}}RelatesTo": "relates_to",
    **{
        f"{HPC}}}{prefix}{name}": field
        for prefix in (BROKER, BROKER_AS_PUBLISHED)
        for name, field in (
            (USER_DATA, "user_data"),
            (CLIENT_ID, "client_id"),
            (MESSAGE_ID, "broker_message_id"),
            (REQUEST_ACTION, "request_action"),
            (CALLBACK_ID, "callback_id"),
        )
    },
}
_ENVELOPE: Final = f"{SOAP}}}Envelope"
_HEADER: Final = f"{SOAP}}}Header"
_BODY: Final = f"{SOAP}}}Body"
# Depths of elements.
_ROOT, _MESSAGE, _PART, _BLOCK = 1, 2, 3, 4

Scope = list[tuple[str, str]]
"""What one element declares: prefix and namespace."""


class Envelopes:
    """Reads one array.

    largest: bytes of one envelope.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        parser = expat.ParserCreate("utf-8", "}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.XmlDeclHandler = _check_declaration
        self._parser = parser
        self._held = bytearray()
        self._base = 0
        """How many bytes came before those that are held."""
        self._pending = bytearray()
        self._wanted = 0
        """Bytes that must be pending before the parser looks at them."""
        self._fed = 0
        self._depth = 0
        self._declared: Scope = []
        self._scopes: list[Scope] = []
        """Of the open elements down to a header."""
        self._begin = 0
        self._message: Envelope | None = None
        self._broker_message_id = ""
        self._has_body = False
        self._field = ""
        """Where the text of this header goes."""
        self._text: list[str] = []
        self._cut: _Cut | None = None
        self._done: list[Envelope] = []
        self._failure: BadRequest | None = None
        self.count = 0
        """Envelopes read so far."""

    def feed(self, data: bytes) -> list[Envelope]:
        """The envelopes that these bytes complete.

        Raises BadRequest; where envelopes come before what is wrong, when it is called again.
        """
        return self._guarded(self._feed, data)

    def close(self) -> list[Envelope]:
        """There is nothing more to come. Nothing at all is no envelope. Raises BadRequest, as `feed` does."""
        found = self._guarded(self._close, b"")
        if found and self._failure is not None:
            raise self._failure
        return found

    def _guarded(self, step: Callable[[bytes], None], data: bytes) -> list[Envelope]:
        if self._failure is None:
            try:
                step(data)
            except BadRequest as error:
                self._failure = error
        if self._failure is not None and not self._done:
            raise self._failure
        done, self._done = self._done, []
        return done

    def _feed(self, data: bytes) -> None:
        if b"\0" in data:
            # So that expat does not find UTF-16 by itself: what is cut out goes on as UTF-8.
            raise self._wrong("it holds U+0000, or is not in UTF-8")
        self._pending += data
        if len(self._pending) < max(1, self._wanted):
            return
        self._parse(last=False)
        seen = self._parser.CurrentByteIndex
        unfinished = self._fed - seen
        if unfinished > LONGEST_TOKEN:
            raise self._wrong(f"a tag or comment is longer than {LONGEST_TOKEN} bytes")
        self._wanted = unfinished if unfinished > LONG_TOKEN else 0
        if self._depth >= _MESSAGE and self._fed - self._begin > self._largest:
            raise self._too_large()
        keep = self._begin if self._depth >= _MESSAGE else seen
        del self._held[: keep - self._base]
        self._base = keep

    def _close(self, _: bytes) -> None:
        if self._fed or self._pending:
            self._parse(last=True)

    def _parse(self, *, last: bool) -> None:
        piece, self._pending = bytes(self._pending), bytearray()
        self._held += piece
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise self._wrong(
                f"the XML is not well-formed: {what} (line {error.lineno})", BadRequest
            ) from None

    # ---- what the parser finds

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        """Of the element that starts next: those down to a header count, and what is right within a cut."""
        cut = self._cut
        if self._depth <= (_PART if cut is None else cut.depth):
            if len(self._declared) >= DECLARATIONS:
                raise self._wrong(f"an element declares more than {DECLARATIONS} namespaces")
            self._declared.append((prefix or "", uri or ""))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth = depth = self._depth + 1
        cut = self._cut
        if cut is not None:
            if depth == cut.depth + 1:
                cut.children.append((self._parser.CurrentByteIndex, self._declared))
                self._declared = []
            elif depth > DEPTH:
                raise self._wrong(f"elements are nested more than {DEPTH} deep")
            return
        if depth > _BLOCK:
            if depth > DEPTH:
                raise self._wrong(f"elements are nested more than {DEPTH} deep")
            return
        self._scopes.append(self._declared)
        self._declared = []
        if depth == _BLOCK:
            self._start_header(name)
        elif depth == _PART:
            self._start_part(name)
        elif depth == _MESSAGE:
            self._start_message(name)

    def _start_message(self, name: str) -> None:
        if name != _ENVELOPE:
            if name == f"{SOAP_1_1}}}Envelope":
                raise self._wrong("it is a SOAP 1.1 envelope; SOAP 1.2 is what is read here")
            raise self._wrong(f"it is <{_local(name)}>, where a SOAP 1.2 envelope should be")
        self._begin = self._parser.CurrentByteIndex
        self._message = Envelope()
        self._broker_message_id = ""
        self._has_body = False

    def _start_part(self, name: str) -> None:
        if name == _BODY:
            if self._has_body:
                raise self._wrong("it has two bodies")
            self._has_body = True
            self._cut = self._cut_here(_PART, "")
        elif name != _HEADER:
            raise self._wrong(f"an envelope holds a Header and a Body, not <{_local(name)}>")

    def _start_header(self, name: str) -> None:
        self._field = _HEADERS.get(name, "")
        if self._field:
            self._text = []
            self._parser.CharacterDataHandler = self._text.append
            if self._field == "user_data":
                self._cut = self._cut_here(_BLOCK, HPC)

    def _cut_here(self, depth: int, default: str) -> "_Cut":
        at = self._parser.CurrentByteIndex
        tag = _TAG.match(self._held, at - self._base)
        # The parser has seen the whole tag.
        return _Cut(depth, at if tag is None else tag.end() + self._base, default)

    def _end(self, name: str) -> None:
        depth = self._depth
        self._depth = depth - 1
        if depth > _BLOCK:
            return
        message = self._message
        if depth == _BLOCK:
            if self._cut is None:
                self._scopes.pop()
                if self._field and message is not None:
                    self._end_text(message)
            elif self._cut.depth == _BLOCK and message is not None:
                self._end_user_data(message, self._cut)
        elif depth == _PART:
            if self._cut is not None and message is not None:
                message.body = self._cut_out(self._cut)
            self._scopes.pop()
        else:
            self._scopes.pop()
            if depth == _MESSAGE and message is not None:
                self._end_message(message)

    def _end_text(self, message: Envelope) -> None:
        self._parser.CharacterDataHandler = None
        text = "".join(self._text).strip()
        if self._field == "broker_message_id":
            self._broker_message_id = text
        else:
            setattr(message, self._field, text)
        self._field = ""

    def _end_user_data(self, message: Envelope, cut: "_Cut") -> None:
        self._parser.CharacterDataHandler = None
        self._field = ""
        length = sum(map(len, self._text))
        if length > USER_DATA_LIMIT:
            raise self._wrong(
                f"its user data has {length} characters, more than {USER_DATA_LIMIT}", BadRequest
            )
        message.user_data = self._cut_out(cut)
        self._scopes.pop()

    def _cut_out(self, cut: "_Cut") -> bytes:
        self._cut = None
        end = self._parser.CurrentByteIndex
        # Of an empty element the end is found where it began.
        raw = bytes(self._held[cut.begin - self._base : end - self._base]) if end > cut.begin else b""
        if not cut.children:
            return raw
        needed = cut.needed(raw, self._scopes)
        # Many elements with many declarations each would be out of all proportion to what was sent.
        if len(raw) + cut.growth(needed) > self._largest:
            raise self._too_large()
        return cut.standing_alone(raw, needed)

    def _end_message(self, message: Envelope) -> None:
        if self._parser.CurrentByteIndex - self._begin > self._largest:
            raise self._too_large()
        if not self._has_body:
            raise self._wrong("it has no Body")
        if not message.action:
            raise self._wrong("it has no Action (WS-Addressing 1.0)")
        message.message_id = message.message_id or self._broker_message_id
        self._message = None
        self.count += 1
        self._done.append(message)

    # ---- refusals

    def _wrong(self, what: str, kind: type[BadRequest] = BadRequest) -> BadRequest:
        return kind(f"Message {self.count + 1} of the body: {what}.", code="InvalidArgument")

    def _too_large(self) -> BadRequest:
        return self._wrong(f"it is larger than the {self._largest} bytes the session takes", TooLarge)


_TAG = re.compile(rb"""<(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
_NAME = re.compile(rb"<[^\s/>]+")


class _Cut:
    """Content that is cut out of the bytes. begin: at which byte it begins. default: the namespace that is
    the default one where the content will stand. children: at which bytes its elements begin, and what they
    declare.
    """

    __slots__ = ("begin", "children", "default", "depth")

    def __init__(self, depth: int, begin: int, default: str) -> None:
        self.depth = depth
        self.begin = begin
        self.default = default
        self.children: list[tuple[int, Scope]] = []

    def needed(self, raw: bytes, scopes: list[Scope]) -> dict[str, str]:
        """The declarations that the content needs from the elements around it."""
        outer = {prefix: uri for scope in scopes for prefix, uri in scope}
        default = outer.pop("", "")
        used = _used(raw) if outer else frozenset()
        needed = {prefix: uri for prefix, uri in outer.items() if prefix.encode() in used}
        if default != self.default:
            needed[""] = default
        return needed

    def growth(self, needed: dict[str, str]) -> int:
        """Bytes by which those make the content longer, at most."""
        return len(self.children) * sum(len(_declaration(*each)) for each in needed.items())

    def standing_alone(self, raw: bytes, needed: dict[str, str]) -> bytes:
        """The content with these declarations."""
        if not needed:
            return raw
        parts = []
        last = 0
        for at, declared in self.children:
            own = {prefix for prefix, _ in declared}
            found = _NAME.match(raw, at - self.begin)
            end = last if found is None else found.end()
            parts.append(raw[last:end])
            parts += [_declaration(prefix, uri) for prefix, uri in needed.items() if prefix not in own]
            last = end
        return b"".join((*parts, raw[last:]))


_PREFIX: Final = re.compile(rb"(?<![\w.\-\x80-\xff])([\w.\-\x80-\xff]++):")


def _used(raw: bytes) -> frozenset[bytes]:
    """The prefixes in names, and in values that are names (`xsi:type="x:string"`); also what looks like one
    in some texts, in which case a declaration more does no harm.
    """
    return frozenset(_PREFIX.findall(raw))


def _declaration(prefix: str, uri: str) -> bytes:
    name = f"xmlns:{prefix}" if prefix else "xmlns"
    value = uri.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f' {name}="{value}"'.encode()


def _local(name: str) -> str:
    return name.rpartition("}")[2][:80]


def _refuse_document_type(*_: object) -> None:
    raise BadRequest(
        "The XML has a document type (DTD); that is refused, and with it entities of its own.",
        code="InvalidArgument",
    )


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    """UTF-8 is what is read; .NET calls text that it had in memory UTF-16 and sends UTF-8."""
    if encoding is not None and encoding.lower() not in (
        "utf-8",
        "utf8",
        "us-ascii",
        "ascii",
        "utf-16",
        "unicode",
    ):
        raise BadRequest(
            f"The XML says it is encoded in {encoding[:40]}, which is not read here: send UTF-8.",
            code="InvalidArgument",
        )


# ---- content that was cut out


def text_of(content: bytes) -> str:
    """The text in some inner XML, without its elements. Raises BadRequest when it is none."""
    if b"<" not in content and b"&" not in content:
        return content.decode(errors="replace")
    found: list[str] = []
    parser = expat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    parser.CharacterDataHandler = found.append
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(b"<t>" + content + b"</t>", True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise BadRequest(f"A message holds no XML: {what}.", code="InvalidArgument") from None
    return "".join(found)
