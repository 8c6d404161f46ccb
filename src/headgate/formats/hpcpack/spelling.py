"""Values to bytes (spec hpcpack-2016, section 2). Pure.

A `Spelling` is one format: JSON and XML are here. What is spelled is the same in both: property sets, rows,
ids, texts, names, errors.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring

from msgspec import Struct

from headgate.core.properties import Property
from headgate.formats import hpcpack_xml
from headgate.formats.hpcpack import typed
from headgate.formats.hpcpack.bodies import is_xml
from headgate.formats.property_lists import Renderer, Spell, spell_json


class Spelling(Struct, frozen=True, kw_only=True):
    """How one format writes. The functions that make a whole body answer bytes; `row` makes a part of `rows`.

    typed, typed_list: objects of one type (`typed.py`), which have no properties.
    property: one property. property_set: of one thing, of spelled properties. row: one object of a list.
    rows_begin, rows_between, rows_end: around and between rows, so that a long list can be sent in parts.
    """

    media_type: str
    property: Spell
    property_set: Callable[[Sequence[str]], bytes]
    row: Callable[[Sequence[str]], str]
    rows_begin: str
    rows_between: str
    rows_end: str
    created: Callable[[int], bytes]
    text: Callable[[str], bytes]
    names: Callable[[Iterable[str]], bytes]
    error: Callable[[str], bytes]
    typed: Callable[[Struct], bytes]
    typed_list: Callable[[Iterable[Struct], type[Struct]], bytes]

    def pairs(self, values: Iterable[tuple[str, str]]) -> bytes:
        """A property set of free names and values: variables, custom properties."""
        return self.property_set([self.property(name, value) for name, value in values])

    def rows(self, rows: Iterable[str]) -> bytes:
        """A whole list of spelled rows."""
        return encoded(self.rows_begin + self.rows_between.join(rows) + self.rows_end)


def encoded(text: str) -> bytes:
    """UTF-8. Half a surrogate pair, which has no UTF-8, can only be in text from outside HPC Pack's faces."""
    return text.encode("utf-8", "replace")


def _json_names(names: Iterable[str]) -> bytes:
    return encoded("[" + ",".join(encode_basestring(name) for name in names) + "]")


JSON = Spelling(
    media_type="application/json; charset=utf-8",
    property=spell_json,
    property_set=lambda properties: encoded("[" + ",".join(properties) + "]"),
    row=lambda properties: '{"Properties":[' + ",".join(properties) + "]}",
    rows_begin="[",
    rows_between=",",
    rows_end="]",
    created=lambda number: str(number).encode(),
    text=lambda text: encoded(encode_basestring(text)),
    names=_json_names,
    # Plain text without \u escapes of ordinary letters: clients search the raw body (section 2.4).
    error=lambda message: encoded('{"Message":' + encode_basestring(message) + "}"),
    typed=typed.write_json,
    typed_list=typed.write_json_list,
)
XML = Spelling(
    media_type=hpcpack_xml.MEDIA_TYPE,
    property=hpcpack_xml.spell_xml,
    property_set=hpcpack_xml.write_property_set,
    row=hpcpack_xml.spell_row,
    rows_begin=hpcpack_xml.ROWS_BEGIN,
    rows_between=hpcpack_xml.ROWS_BETWEEN,
    rows_end=hpcpack_xml.ROWS_END,
    created=hpcpack_xml.write_int,
    text=hpcpack_xml.write_text,
    names=hpcpack_xml.write_names,
    error=hpcpack_xml.write_error,
    typed=typed.write_xml,
    typed_list=typed.write_xml_list,
)


@lru_cache(maxsize=64)
def accepted(accept: str) -> Spelling:
    """The format for an Accept header: XML where it is wanted more than JSON, else JSON (section 2).

    Browsers, which put XML before the rest behind HTML, get JSON.
    """
    json = xml = wild = -1.0
    for part in accept.lower().split(","):
        media, _, rest = part.partition(";")
        media, weight = media.strip(), _weight(rest)
        if media == "text/html":
            return JSON
        if is_xml(media):
            xml = max(xml, weight)
        elif media in ("*/*", "application/*"):
            wild = max(wild, weight)
        elif media in ("application/json", "text/json"):
            json = max(json, weight)
    return XML if xml > max(json if json >= 0 else wild, 0) else JSON


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            found = _WEIGHT.fullmatch(value.strip())
            return float(found[0]) if found else 1.0
    return 1.0


_WEIGHT = re.compile(r"[01](?:\.\d{0,3})?", re.ASCII)


@lru_cache(maxsize=512)
def renderer(properties: tuple[Property, ...], spell: Spell) -> Renderer:
    """The compiled renderer of a selection of properties; clients ask for few different ones."""
    return Renderer(properties, spell)
