"""Values to bytes (spec hpcpack-2016, section 2). Pure.

A `Spelling` is one format: JSON is here, and XML (section 2.2) will be another value of this type, beside it.
What is
spelled is the same in both: property sets, rows, ids, texts, names, errors.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring

from msgspec import Struct

from headgate.core.properties import Property
from headgate.formats.property_lists import Renderer, Spell, spell_json


class Spelling(Struct, frozen=True, kw_only=True):
    """How one format writes. The functions that make a whole body answer bytes; `row` makes a part of `rows`.

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
)


@lru_cache(maxsize=512)
def renderer(properties: tuple[Property, ...], spell: Spell) -> Renderer:
    """The compiled renderer of a selection of properties; clients ask for few different ones."""
    return Renderer(properties, spell)
