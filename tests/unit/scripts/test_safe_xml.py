"""scripts/safe_xml.py: hostile documents are refused with what and where, at once and in flat memory."""

import resource
import time
from collections.abc import Callable

import pytest

from headgate.core.errors import BadRequest, TooLarge
from headgate.scripts.safe_xml import (
    LONGEST_TAG,
    Limits,
    escape,
    escape_attribute,
    line,
    local_name,
    tree,
    walk,
)

MIB = 1024 * 1024


def walked(document: bytes | str, limits: Limits | None = None) -> list[tuple[bool, str]]:
    return [(started, local_name(element)) for started, element in walk(document, limits or Limits())]


def nested(*, levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


def flood(attributes: int, value: str = "") -> bytes:
    return ("<a " + " ".join(f'a{i}="{value}"' for i in range(attributes)) + "/>").encode()


LAUGHS = b"""<?xml version="1.0"?>
<!-- a joke -->
<!DOCTYPE lolz [
 <!ENTITY lol "lol"> <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
]>
<lolz>&lol2;</lolz>"""

HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("a billion laughs", lambda: LAUGHS, r"document type \(DTD\) in line 3"),
    (
        "an external entity",
        lambda: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        r"document type \(DTD\) in line 1",
    ),
    ("an external subset", lambda: b'<?p?>\n<!DOCTYPE a SYSTEM "http://example.org/a"><a/>', "in line 2"),
    ("a document type behind the root", lambda: b"<a>\n<!DOCTYPE b></a>", r"not well-formed.*\(line 2\)"),
    ("an entity of nobody", lambda: b"<a>\n&nobody;</a>", r"Entity 'nobody' not defined \(line 2\)"),
    ("one in an attribute", lambda: b'<a\nb="&nobody;"/>', r"Entity 'nobody' not defined \(line 2\)"),
    ("100 MB of text", lambda: b"<a>" + b"x" * 100_000_000, "100000003 long, more than 16777216"),
    ("16 MB in one text", lambda: b"<a>" + b"x" * (16 * MIB - 7) + b"</a>", "Text node too long"),
    ("10,000 levels", lambda: nested(levels=10_000), "more than 100 deep, at <a> in line 1"),
    ("101 levels over lines", lambda: b"<a>\n" * 101, "more than 100 deep, at <a> in line 101"),
    ("150,000 attributes", lambda: flood(150_000), "the tag in line 1 is longer than 1048576"),
    ("90,000 attributes", lambda: flood(90_000), "more than 200 attributes, at <a> in line 1"),
    ("attributes that hold >", lambda: flood(1_000_000, ">"), "the tag in line 1 is longer than 1048576"),
    ("201 attributes", lambda: b"<x>\n" + flood(201) + b"</x>", "attributes, at <a> in line 2"),
    (
        "30,000 prefixes",
        lambda: b"<a " + b" ".join(b'xmlns:n%d="u"' % i for i in range(30_000)) + b"/>",
        "30000 prefixes, more than 20000",
    ),
    (
        "4 million elements",
        lambda: b"<a>\n" + b"<b/>" * 4_000_000 + b"</a>",
        "in line 2 is one more than 300000",
    ),
    ("as many names", lambda: b"".join(b"<n%d/>" % i for i in range(900_000)), "one more than 300000"),
    ("tags that never close", lambda: b"<a" * (8 * MIB), "one more than 300000"),
    ("quotes that never close", lambda: b"<a " + b"'" * (16 * MIB - 3), "the tag in line 1 is longer"),
    ("comments that never close", lambda: b"<!-- " * 3_000_000, "not well-formed"),
    ("a NUL", lambda: b"<a>\n\n\0</a>", r"U\+0000 in line 3"),
    ("a NUL by number", lambda: b"<a>\n&#0;</a>", r"\(line 2\)"),
    ("half a surrogate pair by number", lambda: b"<a>&#xD800;</a>", r"\(line 1\)"),
    ("what is not UTF-8", lambda: b"<a>\n\xff</a>", "not UTF-8: byte 0xff in line 2"),
    ("half a character of UTF-16", lambda: "<a/>".encode("utf-16")[:-1], "not UTF-16-LE"),
    ("an encoding nobody reads", lambda: b'<?xml version="1.0" encoding="utf-7"?><a/>', "encoded in utf-7"),
    ("nothing", lambda: b"", "is empty"),
    ("blanks", lambda: b" \r\n\t", "is empty"),
    ("a mark and nothing", lambda: b"\xef\xbb\xbf", "is empty"),
    ("no XML", lambda: b"hello", r"Start tag expected.*\(line 1\)"),
    ("JSON", lambda: b'{"a": 1}', "Start tag expected"),
    ("two roots", lambda: b"<a/>\n<b/>", r"Extra content.*\(line 2\)"),
    ("half a document", lambda: b"<a>\n<b>", r"Premature end.*\(line 2\)"),
    ("tags crossed", lambda: b"<a>\n<b></a>", r"mismatch.*\(line 2\)"),
    ("a prefix of nobody", lambda: b"<a>\n<p:b/></a>", r"prefix p on b is not defined.*\(line 2\)"),
    ("one attribute twice", lambda: b'<a b="1" b="2"/>', "b redefined"),
]


@pytest.mark.parametrize(("make", "said"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
@pytest.mark.parametrize("read", [walked, tree], ids=["walk", "tree"])
def test_what_does_harm_is_refused_within_a_second_and_in_flat_memory(
    make: Callable[[], bytes], said: str, read: Callable[[bytes], object]
) -> None:
    document = make()
    if read is tree and "deep" in said and len(document) < 1000:
        said = "10"  # short of a chunk, a tree's depth is the parser's own affair
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    with pytest.raises(BadRequest, match=said):
        read(document)
    assert time.process_time() - begun < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 3 * 16 * 1024 + len(document) // 512


def test_a_document_that_is_too_long_is_told_from_one_that_is_wrong() -> None:
    with pytest.raises(TooLarge):
        tree(b"<a></a>", Limits(size=6))


@pytest.mark.parametrize(
    "document",
    [
        b"<a>\xc3\xa9</a>",
        b"\xef\xbb\xbf<a>\xc3\xa9</a>",
        "\ufeff<a>é</a>",
        '<?xml version="1.0" encoding="utf-16"?><a>é</a>',
        # What .NET programs send: text that was in memory says UTF-16, the bytes are UTF-8.
        b'<?xml version="1.0" encoding="utf-16"?><a>\xc3\xa9</a>',
        '<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"),
        "<a>é</a>".encode("utf-16-be"),
        "<a>é</a>".encode("utf-16-le"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"),
        '<?xml version="1.0" encoding="windows-1252"?><a>é</a>'.encode("cp1252"),
        # Blanks before the declaration, as in a literal over several lines.
        '\n   <?xml version="1.0"?>\n<a>é</a>\n',
        b"<?xml version='1.1' standalone='yes'?><a>\xc3\xa9</a>",
        b"<!-- x --><?p q?>\n<a><!-- y -->&#233;<?p?></a><!-- z -->",
        b"<a><![CDATA[\xc3\xa9]]></a>",
    ],
)
def test_encodings_are_read_as_they_are_meant(document: bytes | str) -> None:
    assert tree(document).text == "é"


def test_japanese_encodings_are_read() -> None:
    document = '<?xml version="1.0" encoding="Shift_JIS"?><a>計算</a>'
    assert tree(document.encode("shift_jis")).text == "計算"


def test_lines_are_counted_as_they_were_sent() -> None:
    document = (
        '<?xml version="1.0"\n encoding="utf-8"?>\n' + "<!-- x\n -->" * 5 + "<a>" + "\n" * 70_000 + "<b/></a>"
    )
    assert [line(element) for started, element in walk(document) if started] == [8, 70_008]


def test_every_element_is_shown_when_it_starts_and_when_it_has_ended() -> None:
    shown = [f"{name} starts" if started else f"{name} ends" for started, name in walked("<a><b/><c/></a>")]
    assert shown == ["a starts", "b starts", "b ends", "c starts", "c ends", "a ends"]


def test_namespaces_and_prefixes_do_not_change_local_names() -> None:
    assert [name for _, name in walked('<a xmlns="u"><p:b xmlns:p="v"/></a>')] == ["a", "b", "b", "a"]


@pytest.mark.parametrize("size", [1, 10, 100_000])
def test_texts_and_attributes_are_whole_however_the_document_is_cut(size: int) -> None:
    """Chunks of the parser end anywhere: in tags, texts, references, characters."""
    text = "é&<x>" * size
    document = f'<r><a b="{escape_attribute(text[:50_000])}">{escape(text)}</a>tail<c>{escape(text)}</c></r>'
    found = {}
    for started, element in walk(document):
        if started and local_name(element) == "a":
            found["b"] = element.get("b")
        if not started:
            found[local_name(element)] = element.text
    assert found == {"b": text[:50_000], "a": text, "c": text, "r": None}


def test_a_long_text_is_no_long_tag() -> None:
    for text in ("x", 'it\'s "so" '):
        document = "<a>" + text * (2 * LONGEST_TAG // len(text)) + "</a>"
        assert tree(document).text == document[3:-4]


def test_walking_a_long_document_keeps_nothing_of_it() -> None:
    document = b"<a>" + b'<b c="some value"><d>text</d></b>\n' * 100_000 + b"</a>"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in walk(document)) == 2 * 200_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 30 * 1024


@pytest.mark.parametrize(
    ("text", "between_tags", "in_quotes"),
    [
        ("plain é 漢 𝄞", "plain é 漢 𝄞", "plain é 漢 𝄞"),
        ("<a & \"b\" 'c'>", "&lt;a &amp; \"b\" 'c'&gt;", "&lt;a &amp; &quot;b&quot; 'c'&gt;"),
        ("]]>", "]]&gt;", "]]&gt;"),
        ("\t\r\n", "\t&#13;\n", "&#9;&#13;&#10;"),
        ("a\x00b\x1b[0m\ud800\ufffe", "a\ufffdb\ufffd[0m\ufffd\ufffd", "a\ufffdb\ufffd[0m\ufffd\ufffd"),
    ],
)
def test_text_is_escaped_and_what_xml_cannot_hold_is_marked(
    text: str, between_tags: str, in_quotes: str
) -> None:
    assert escape(text) == between_tags
    assert escape_attribute(text) == in_quotes
