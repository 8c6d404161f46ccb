"""The XML forms of HPC Pack: property sets, rows, ids, texts, names, errors.

Spec hpcpack-2016, section 2.2; windowshpc, sections 1.3 and 1.5. Written with default namespaces and without
prefixes, as several clients look for the literal tag names. Read by local names alone: any prefix will do, or
no namespace at all. Each form is written and read side by side; then come job documents and how documents
are opened. What XML cannot hold is written as U+FFFD (`scripts.safe_xml.escape`).
"""

from collections.abc import Iterable, Iterator, Sequence

from headgate.core.errors import BadRequest
from headgate.core.model import INT_MAX
from headgate.core.properties.text_forms import read_integer
from headgate.formats.property_lists import MOST_PROPERTIES, Pairs
from headgate.scripts.safe_xml import USUAL, Element, Limits, escape, line, local_name, tree, walk

MEDIA_TYPE = "application/xml; charset=utf-8"
COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

SMALL = Limits(depth=20, elements=5 * MOST_PROPERTIES, attributes=50)
"""Of everything but rows and job documents."""
_BLANKS = " \t\r\n"


# ---- a property set, rows


def spell_xml(name: str, text: str) -> str:
    """One property (a `property_lists.Spell`)."""
    if text:
        return f"<Property><Name>{escape(name)}</Name><Value>{escape(text)}</Value></Property>"
    return f"<Property><Name>{escape(name)}</Name><Value/></Property>"


def write_property_set(properties: Iterable[str]) -> bytes:
    """Spelled properties of one thing."""
    return f"{_SET_BEGIN}{''.join(properties)}</ArrayOfProperty>".encode()


_SET_BEGIN = f'<ArrayOfProperty xmlns="{COMMON}" xmlns:i="{INSTANCE}">'
ROWS_BEGIN = f'<ArrayOfObject xmlns="{COMMON}" xmlns:i="{INSTANCE}">'
ROWS_BETWEEN = ""
ROWS_END = "</ArrayOfObject>"


def spell_row(properties: Iterable[str]) -> str:
    """One object of a list, of spelled properties."""
    return f"<Object><Properties>{''.join(properties)}</Properties></Object>"


def read_property_set(body: bytes) -> Pairs:
    """Names and texts of a property set, as `read_json` gives them. No body is an empty set.

    Blanks around a value are not part of it (windowshpc, section 1.3); no Value, or a nil one, is None.
    Raises BadRequest.
    """
    root = _opened(body, "ArrayOfProperty")
    rows = [] if root is None else _rows(root)
    return rows[0] if rows else ()


def read_rows(body: bytes) -> list[Pairs]:
    """The rows of a list of objects. Raises BadRequest."""
    root = _opened(body, "ArrayOfObject", USUAL)
    return [] if root is None else _rows(root)


class _Property:
    """One property while it is read."""

    __slots__ = ("element", "name", "value")

    def __init__(self, element: Element) -> None:
        self.element = element
        self.name: Element = None
        self.value: Element = None


def _rows(root: Element) -> list[Pairs]:
    """All properties, by the objects they are in; where there are no objects, there is one list.

    In one go over all elements, which is several times as quick as level by level. Elements other than those
    named here (the Type of a property that old clients send, for one) are no harm.
    """
    rows: list[list[_Property]] = []
    for element in root.iter():
        kind = local_name(element).lower()
        if kind == "property":
            if not rows:
                rows.append([])
            rows[-1].append(_Property(element))
        elif kind == "object":
            rows.append([])
        elif kind in ("name", "value") and rows and rows[-1]:
            if getattr(rows[-1][-1], kind) is not None:
                raise BadRequest(
                    f"Property {len(rows[-1])} of the list has {kind} twice, in line {line(element)}."
                )
            setattr(rows[-1][-1], kind, element)
    return [[_pair(number, part) for number, part in enumerate(row, 1)] for row in rows]


def _pair(number: int, part: _Property) -> tuple[str, str | None]:
    name = "" if part.name is None else _content(part.name)
    if not name:
        raise BadRequest(
            f"Property {number} of the list, in line {line(part.element)}, has no name.",
            code="Operation_PropertyNameCannotBeEmpty",
        )
    if number > MOST_PROPERTIES:
        raise BadRequest(f"The list has more than {MOST_PROPERTIES} properties.")
    return name, None if part.value is None or _is_nil(part.value) else _content(part.value)


# ---- ids, texts, names


def write_int(number: int) -> bytes:
    """The id of something created."""
    return f'<int xmlns="{SERIALIZATION}">{number}</int>'.encode()


def read_int(body: bytes) -> int:
    """The id in an answer. Raises BadRequest."""
    root = _opened(body, "int")
    number = None if root is None else read_integer(_content(root))
    if number is None or not -INT_MAX - 1 <= number <= INT_MAX:
        raise BadRequest("The body is not <int> with a 32-bit integer in it.")
    return number


def write_text(text: str) -> bytes:
    """A text or message."""
    return f'<string xmlns="{SERIALIZATION}">{escape(text)}</string>'.encode()


def read_text(body: bytes) -> str:
    """A text or message, blanks and all. No body, or a nil string, is no text. Raises BadRequest."""
    root = _opened(body, "string")
    return "" if root is None or _is_nil(root) else _text(root)


def write_names(names: Iterable[str]) -> bytes:
    """A list of names."""
    items = "".join(f"<string>{escape(name)}</string>" for name in names)
    return f'<ArrayOfstring xmlns="{ARRAYS}" xmlns:i="{INSTANCE}">{items}</ArrayOfstring>'.encode()


def read_names(body: bytes) -> list[str]:
    """A list of names, without blanks around them and empty ones. Raises BadRequest."""
    root = _opened(body, "ArrayOfstring")
    return [] if root is None else [name for item in _named(root, "string") if (name := _content(item))]


# ---- errors


def write_error(message: str) -> bytes:
    """The body of a refusal (hpcpack-2016, section 2.4)."""
    return f"<Error><Message>{escape(message)}</Message></Error>".encode()


def read_error(body: bytes) -> str:
    """The message of a refusal in any of the three forms. Raises BadRequest."""
    root = _opened(body, "Error", also=("HpcWebServiceFault", "string"))
    if root is None or local_name(root).lower() == "string":
        return "" if root is None else _text(root)
    return next((_text(message) for message in _named(root, "message")), "")


def write_fault(code: int, message: str, values: Sequence[tuple[str, str]] = ()) -> bytes:
    """The fault of the legacy API (windowshpc, section 1.5).

    Clients put the values into `{0}` of the message.
    """
    generic = "http://schemas.datacontract.org/2004/07/System.Collections.Generic"
    if values:
        kind = "KeyValuePairOfstringstring"
        pairs = "".join(
            f"<a:{kind}><a:key>{escape(key)}</a:key><a:value>{escape(value)}</a:value></a:{kind}>"
            for key, value in values
        )
        listed = f'<Values xmlns:a="{generic}">{pairs}</Values>'
    else:
        listed = f'<Values i:nil="true" xmlns:a="{generic}"/>'
    return (
        f'<HpcWebServiceFault xmlns="{COMMON}" xmlns:i="{INSTANCE}"><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message>{listed}</HpcWebServiceFault>"
    ).encode()


# ---- job documents


def read_job_document(body: bytes) -> bytes | str:
    """The job XML in a body: the body itself, or the text of a <string> around it. Raises BadRequest."""
    _, root = next(walk(body))
    return read_text(body) if local_name(root).lower() == "string" else body


# ---- how documents are opened


def _opened(
    body: bytes, wanted: str, limits: Limits = SMALL, *, also: tuple[str, ...] = ()
) -> Element | None:
    """The root, which must be of this kind; None where there is no body."""
    if not body.strip():
        return None
    root = tree(body, limits)
    name = local_name(root)
    if name.lower() not in (wanted.lower(), *(other.lower() for other in also)):
        raise BadRequest(f"The body is <{name[:80]}>; it should be <{wanted}>.")
    return root


def _named(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if local_name(child).lower() == name)


def _text(element: Element) -> str:
    """The text of an element that has no others in it. Raises BadRequest."""
    if len(element):
        raise BadRequest(
            f"<{local_name(element)[:80]}> in line {line(element)} holds elements where a text should be."
        )
    text: str | None = element.text
    return text or ""


def _content(element: Element) -> str:
    return _text(element).strip(_BLANKS)


_NIL = f"{{{INSTANCE}}}nil"


def _is_nil(element: Element) -> bool:
    return element.get(_NIL, "").strip().lower() in ("true", "1")
