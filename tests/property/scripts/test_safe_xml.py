"""scripts/safe_xml.py: anything may arrive; the answer is elements or a BadRequest, nothing else escapes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.core.properties.checks import UNWRITABLE
from headgate.scripts.safe_xml import Limits, escape, escape_attribute, tree, walk

PIECES = st.sampled_from(
    [
        *("<", ">", "/>", "</", "<a", "</a>", "<b>", "</b>", "<a>", "<p:c", ' x="', "' ", '"', "=", "&", ";"),
        *("]]>", "<!--", "-->", "<![CDATA[", "<?", "?>", "<!DOCTYPE a [", "<!ENTITY e 'x'>", "]>", "&e;"),
        *("&amp;", "&#x0;", "&#65;", "\0", "\r", "\n", " ", "é", "\ufffe", "xmlns:p='u'", "xmlns='v'", "]]"),
        *("<?xml version='1.0'?>", "<?xml version='1.0' encoding='", "utf-16", "shift_jis", "'?>", "\ufeff"),
        *("𝄞", "\ud800", "a" * 300),
    ]
)
DOCUMENTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200),
    st.lists(PIECES, max_size=30).map("".join),
    st.lists(PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode("utf-8", "replace")),
    st.lists(PIECES, max_size=20).map(lambda pieces: "".join(pieces).encode("utf-16", "replace")),
    st.builds(
        lambda pieces, byte: b"<a>" + byte.join(piece.encode("utf-8", "replace") for piece in pieces),
        st.lists(PIECES, max_size=20),
        st.binary(min_size=1, max_size=4),
    ),
)
TIGHT = Limits(size=400, depth=4, elements=10, attributes=2, prefixes=2)
TEXTS = st.text(max_size=60) | st.text(alphabet="&<>\"'\r\n\t ]\x00\x1f\ufffe\ud800x", max_size=40)


@given(DOCUMENTS)
def test_any_bytes_give_elements_or_a_bad_request(document: bytes | str) -> None:
    for limits in (Limits(), TIGHT):
        depth = 0
        try:
            for started, element in walk(document, limits):
                depth += 1 if started else -1
                assert isinstance(element.tag, str)
        except BadRequest:
            continue
        assert depth == 0


@given(DOCUMENTS)
def test_a_tree_is_made_of_what_can_be_walked(document: bytes | str) -> None:
    try:
        root = tree(document)
    except BadRequest:
        root = None
    try:
        walked = sum(started for started, _ in walk(document))
    except BadRequest:
        walked = 0
    assert walked == (0 if root is None else sum(1 for _ in root.iter()))


@given(TEXTS, TEXTS)
def test_what_was_escaped_is_read_as_it_was(inside: str, attribute: str) -> None:
    root = tree(f'<a b="{escape_attribute(attribute)}">{escape(inside)}</a>')
    assert root.get("b") == UNWRITABLE.sub("\ufffd", attribute)
    assert (root.text or "") == UNWRITABLE.sub("\ufffd", inside)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_entity_is_ever_replaced_by_what_a_document_says(document: str) -> None:
    try:
        root = tree("<!DOCTYPE a [<!ENTITY e 'GOTCHA'>]><a>&e;" + document)
    except BadRequest:
        return
    assert not re.search("GOTCHA", "".join(root.itertext()))
