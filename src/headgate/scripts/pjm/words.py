"""The words of PJM directives, and where each part of a word stands. Spec pjm, section 2.

A directive is split like a command line: blanks separate, `"` and `'` hold together and must pair, a word
that begins with `#` begins a comment (the published examples end lines so). `${name}` of an earlier `--vset`
is replaced as soon as the word is taken, so whoever takes the words fills in the variables.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from headgate.core.scripts import Note, ScriptError
from headgate.scripts.pjm.options import PREFIX

LONGEST_LINE: Final = 4096
"""Characters of a directive's line, its end included (error 0025)."""
MOST_OPTIONS: Final = 64
"""Options in one line; the others are ignored (warning 0024)."""
LONGEST_IN_ALL: Final = 256 * 1024
"""Characters of all directives, before and after their variables were replaced. No rule of PJM's: beyond it
a text is no script.
"""

_PART: Final = re.compile(r"""[ \t]+|"[^"]*"|'[^']*'|[^ \t"']+""")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.,:=+/@%^-][A-Za-z0-9_.,:=+/@%^#-]*")


class Place(Struct, frozen=True):
    """Where something stands: line and column from 1, in characters."""

    line: int
    column: int


class Piece(Struct, frozen=True):
    """A part of a word: it begins at `offset` of the word and stands in `column` of the line.

    whole: it came from a variable, so all of it stands in that one column.
    """

    offset: int
    column: int
    whole: bool = False


class Word(Struct, frozen=True):
    """A word without its quotes."""

    text: str
    line: int
    pieces: tuple[Piece, ...]

    def place(self, offset: int = 0) -> Place:
        """Where the character at this offset stands."""
        found = bisect_right(self.pieces, offset, key=lambda piece: piece.offset)
        piece = self.pieces[max(found - 1, 0)]
        return Place(self.line, piece.column + (0 if piece.whole else offset - piece.offset))


class Given(Struct, frozen=True):
    """A value, where it stands, and how it was named. bare: there is no `=`, so no value."""

    value: str
    place: Place
    name: str = ""
    bare: bool = False


def refused(number: str, text: str, place: Place) -> ScriptError:
    """The error that PJM numbers so."""
    return ScriptError(f"PJM {number}: {text}", line=place.line, column=place.column)


def shown(text: str) -> str:
    """Text of the user's in a message: quoted, and not too much of it."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


class Words:
    """Takes directives apart, one after the other, and keeps count of what they add up to."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        """Those of `--vset`, so far."""
        self.notes: list[Note] = []
        self._characters = 0

    def of(self, line: str, number: int) -> Iterator[Word]:
        """The words behind the prefix. Raises ScriptError for quotes that do not pair, and for too much."""
        if len(line) >= LONGEST_LINE:
            raise refused(
                "0025",
                f"the line has {len(line) + 1} characters with its end, more than {LONGEST_LINE}",
                Place(number, LONGEST_LINE),
            )
        self._count(len(line), Place(number, 1))
        at = len(PREFIX)
        parts: list[tuple[str, int]] = []
        while at < len(line):
            found = _PART.match(line, at)
            if found is None:
                raise refused("0008", f"the {line[at]} is never closed", Place(number, at + 1))
            part = found[0]
            if part[0] in " \t":
                if parts:
                    yield self._word(parts, number)
                parts = []
            elif part[0] in "\"'":
                parts.append((part[1:-1], at + 2))
            elif part[0] == "#" and not parts:
                return
            else:
                parts.append((part, at + 1))
            at = found.end()
        if parts:
            yield self._word(parts, number)

    def _count(self, characters: int, place: Place) -> None:
        self._characters += characters
        if self._characters > LONGEST_IN_ALL:
            raise ScriptError(
                f"the directives have more than {LONGEST_IN_ALL} characters in all",
                line=place.line,
                column=place.column,
            )

    def _word(self, parts: list[tuple[str, int]], number: int) -> Word:
        texts: list[str] = []
        pieces: list[Piece] = []
        length = 0
        for raw, column in parts:
            for text, start, whole in self._filled(raw, number, column):
                pieces.append(Piece(length, start, whole))
                texts.append(text)
                length += len(text)
        self._count(length, Place(number, parts[0][1]))
        return Word("".join(texts), number, tuple(pieces))

    def _filled(self, raw: str, number: int, column: int) -> Iterator[tuple[str, int, bool]]:
        """A part with its variables replaced: text, column, and whether the text came from a variable."""
        at = 0
        for found in _VARIABLE.finditer(raw):
            value = self.variables.get(found[1])
            if value is None:
                self.notes.append(
                    Note(number, column + found.start(), f"{found[0]} stays as it is: no --vset defines it")
                )
                continue
            yield raw[at : found.start()], column + at, False
            yield value, column + found.start(), True
            at = found.end()
        yield raw[at:], column + at, False


def items(word: Word, offset: int = 0, *, whole: bool = False) -> Iterator[Given]:
    """The items of a list, separated by commas that are not in parentheses; blanks around them do not count.

    name: what stands before the first `=`. whole: blanks at the end belong to the value, and parentheses are
    nothing special.
    """
    text = word.text
    begin = offset
    depth = 0
    for end in range(offset, len(text) + 1):
        sign = text[end] if end < len(text) else ","
        depth += 0 if whole else (sign == "(") - (sign == ")")
        if sign == "," and (depth <= 0 or end == len(text)):
            raw = text[begin:end]
            bare = raw.lstrip(" \t") if whole else raw.strip(" \t")
            start = begin + len(raw) - len(raw.lstrip(" \t"))
            name, equals, value = bare.partition("=")
            yield Given(value, word.place(start), name, bare=not equals)
            begin = end + 1


def quoted(text: str) -> str:
    """A word as it is written, so that it is read as this text. See `sayable`."""
    if _PLAIN.fullmatch(text):
        return text
    # Neither quote can stand inside its own kind: the text is written in stretches without one of them.
    stretches = re.findall(r"""[^"]+|"+""", text) or [""]
    return "".join(f"'{part}'" if '"' in part else f'"{part}"' for part in stretches)


def sayable(text: str) -> bool:
    """Whether a directive can hold this text at all."""
    if any(sign in text for sign in "\n\r\0"):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
