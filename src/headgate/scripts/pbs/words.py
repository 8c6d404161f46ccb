"""A script's directives as options, each with its place (spec pbs, sections 1 and 1.1). Pure.

Script -> directives (`scan`) -> words (`split`) -> options (`options`). A value that is a list has a second
level of quoting inside its word (`#PBS -v "A=1,B='x,y'"`), read by `parts` and `unquoted`. What writes words
that read back the same, `quoted`, stands beside them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.properties.checks import UNWRITABLE
from headgate.core.scripts import Note, ScriptError
from headgate.scripts.lines import Line

PREFIX: Final = "#PBS"
MOST_WORDS: Final = 128
"""Words of one directive line (1.1)."""
MOST_OPTIONS: Final = 10_000
"""Options of one script, and items of one list: far beyond any job, and it keeps a hostile script quick."""
FLAGS: Final = frozenset("fhIVXz")
VALUED: Final = frozenset("aAcCeJjklmMNopPqrRSuvW")


class IllegalValue(BadRequest):
    """A value that can't be; whoever knows the place makes it a ScriptError (`at`)."""


class Word(Struct, frozen=True):
    """A word without its quotes, and where it begins; line 0: among the arguments of a command."""

    text: str
    line: int
    column: int

    def error(self, text: str) -> ScriptError:
        return ScriptError(text, line=self.line, column=self.column)

    def note(self, text: str) -> Note:
        return Note(self.line, self.column, text)


class Given(Struct, frozen=True):
    """An option as it was given. value: empty for a flag; its place is what errors point at."""

    letter: str
    value: Word


class at:
    """Values that turn out to be illegal are errors at this word, and about `what`.

    In small letters, for it is used as a function; as a generator it costs four times as much.
    """

    __slots__ = ("_what", "_word")

    def __init__(self, word: Word, what: str = "") -> None:
        self._word = word
        self._what = what

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IllegalValue):
            raise self._word.error(f"{self._what}: {error.text}" if self._what else error.text) from error


# ---- script -> directives

# The next line that is a directive, or that ends the search for them: neither blank nor a comment, and
# without a colon in column 1 (section 1, rules 1 to 3). What stands behind the prefix is taken at once where
# it is plain: printable ASCII and no backslash, which might continue the line.
_NEXT = re.compile(rb"^(?:([ \t]*#PBS)(?:([\t -\[\]-~]*)$)?|(?!:)[ \t]*[^ \t#\n])", re.MULTILINE)
_LATE = re.compile(rb"^[ \t]*#PBS", re.MULTILINE)


class Directive(Struct, frozen=True):
    """What stands behind the prefix, continued lines joined. starts, places: where in the text each of its
    lines begins, and the line and column of that.
    """

    text: str
    starts: tuple[int, ...]
    places: tuple[tuple[int, int], ...]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character of the text."""
        part = bisect_right(self.starts, offset) - 1
        line, column = self.places[part]
        return line, column + offset - self.starts[part]


def scan(script: bytes) -> tuple[list[Directive], tuple[Note, ...]]:
    """The directives of a normal script, and what there is to say about those that come too late.

    Raises ScriptError for a directive that is not text.
    """
    found: list[Directive] = []
    position = counted = 0
    number = 1
    while True:
        match = _NEXT.search(script, position)
        if match is None:
            return found, ()
        number += script.count(b"\n", counted, match.start())
        counted = match.start()
        prefix, plain = match.groups()
        if prefix is None:
            return found, _late(script, match.start(), number)
        if plain is not None:
            directive = Directive(plain.decode(), (0,), ((number, len(prefix) + 1),))
            position = match.end()
        else:
            directive, position = _directive(script, match.start(), number)
        found.append(directive)
        if len(found) > MOST_OPTIONS:
            raise ScriptError(f"more than {MOST_OPTIONS} directives", line=number)


def _late(script: bytes, start: int, number: int) -> tuple[Note, ...]:
    late = list(_LATE.finditer(script, start))
    if not late:
        return ()
    number += script.count(b"\n", start, late[0].start())
    below = len(late) - 1
    more = f" (nor {'is' if below == 1 else 'are'} {below} more below it)" if below else ""
    column = len(late[0][0]) - len(PREFIX) + 1
    return (Note(number, column, f"A directive behind the first command is not read{more}."),)


def _directive(script: bytes, start: int, number: int) -> tuple[Directive, int]:
    """The directive that begins at `start`, and where the line behind it begins."""
    texts: list[str] = []
    starts: list[int] = []
    places: list[tuple[int, int]] = []
    length = 0
    while True:
        stop = script.find(b"\n", start)
        stop = len(script) if stop < 0 else stop
        line = Line(number, script[start:stop]).decoded()
        strange = UNWRITABLE.search(line)
        if strange:
            raise ScriptError(
                f"a control character (U+{ord(strange[0]):04X})", line=number, column=strange.start() + 1
            )
        first = 0 if texts else line.index(PREFIX) + len(PREFIX)
        continued = line.endswith("\\")
        text = line[first:-1] if continued else line[first:]
        texts.append(text)
        starts.append(length)
        places.append((number, first + 1))
        length += len(text)
        start, number = stop + 1, number + 1
        if not continued or start >= len(script):
            return Directive("".join(texts), tuple(starts), tuple(places)), min(start, len(script))


# ---- directive -> words

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<plain>[^ \t'"\\]+)|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|"""
    r"""\\(?P<literal>.)|(?P<bad>.)"""
)
_SPECIAL = re.compile(r"""['"\\]""")
_BARE = re.compile(r"[^ \t]+")
"""A word of a line without any of the former, as nearly all are; it must read as by `_TOKEN`."""


def split(directive: Directive) -> list[Word]:
    """The words of a directive (1.1). Raises ScriptError for an unmatched quote and for too many words."""
    if len(directive.places) == 1 and not _SPECIAL.search(directive.text):
        line, column = directive.places[0]
        bare = _BARE.finditer(directive.text)
        found = [Word(word[0], line, column + word.start()) for word in islice(bare, MOST_WORDS + 1)]
        if len(found) > MOST_WORDS:
            raise found[-1].error(f"more than {MOST_WORDS} words in one line")
        return found
    words: list[Word] = []
    open_: list[str] | None = None
    begun = 0
    for token in _TOKEN.finditer(directive.text):
        kind = token.lastgroup
        if kind == "bad" and token[0] != "\\":
            line, column = directive.place(token.start())
            raise ScriptError(f"the quote {token[0]} is never closed", line=line, column=column)
        if kind == "blank":
            if open_ is not None:
                words.append(Word("".join(open_), *directive.place(begun)))
            open_ = None
            continue
        if open_ is None:
            open_, begun = [], token.start()
            if len(words) == MOST_WORDS:
                line, column = directive.place(begun)
                raise ScriptError(f"more than {MOST_WORDS} words in one line", line=line, column=column)
        open_.append(token[kind] if kind and kind != "bad" else "")
    if open_ is not None:
        words.append(Word("".join(open_), *directive.place(begun)))
    return words


# ---- words -> options


def options(words: Sequence[Word]) -> Iterator[Given]:
    """The options that words make, as getopt reads them (1.1): letters glued to their value, flags bundled.

    Raises ScriptError for an unknown option, a missing value, and words that are neither.
    """
    rest = iter(words)
    for word in rest:
        if not word.text.startswith("-") or len(word.text) == 1 or word.text.startswith("--"):
            stray = " ".join([word.text, *(other.text for other in rest)])
            raise word.error(
                f"directive error: {_short(stray)} is neither an option nor the value of one; "
                "comments have lines of their own, and a value with blanks needs quotes"
            )
        for index, letter in enumerate(word.text[1:], 1):
            if letter in FLAGS:
                yield Given(letter, Word("", word.line, word.column))
            elif letter in VALUED:
                glued = word.text[index + 1 :]
                value = Word(glued, word.line, word.column) if glued else next(rest, None)
                if value is None:
                    raise word.error(f"option -{letter} needs a value")
                yield Given(letter, value)
                break
            else:
                known = " ".join(sorted((*FLAGS, *VALUED), key=str.lower))
                raise word.error(f"no option -{letter}; there are {known}")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


# ---- inside a word

_ESCAPE = r"\\[\\,'\"]"
_PART = {
    separator: re.compile(rf"""(?:[^{separator}'"\\]+|'[^']*'|"[^"]*"|{_ESCAPE}|\\)*""")
    for separator in ",:+"
}
_PIECE = re.compile(rf"""'([^']*)'|"([^"]*)"|({_ESCAPE})""")


def parts(text: str, separator: str = ",") -> list[str]:
    """The items of a list, quotes and all; a separator within quotes is none, nor is `\\,`.

    Raises IllegalValue for an unmatched quote, and beyond MOST_OPTIONS items.
    """
    if not _SPECIAL.search(text):
        plain = text.split(separator)
        if len(plain) > MOST_OPTIONS:
            raise IllegalValue(f"more than {MOST_OPTIONS} items in a list")
        return plain
    found: list[str] = []
    position = 0
    pattern = _PART[separator]
    while True:
        match = pattern.match(text, position)
        end = match.end() if match else position
        found.append(text[position:end])
        if end == len(text):
            return found
        if text[end] != separator:
            raise IllegalValue(f"the quote {text[end]} in {_short(text)} is never closed")
        if len(found) == MOST_OPTIONS:
            raise IllegalValue(f"more than {MOST_OPTIONS} items in a list")
        position = end + 1


def unquoted(text: str) -> str:
    """An item of a list without its quotes, and `\\,` as `,` (so for quotes and backslashes)."""
    if "'" not in text and '"' not in text and "\\" not in text:
        return text
    return _PIECE.sub(lambda match: match[3][1] if match[3] else match[1] or match[2] or "", text)


_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%^+-]+")
_RUN = re.compile(r"""[^"]+|"+""")


def quoted(text: str, plain: re.Pattern[str] = _PLAIN) -> str:
    """The text so that it reads back as one word, or as one item of a list.

    It never ends with a backslash, which would continue the line.
    """
    if plain.fullmatch(text):
        return text
    if '"' not in text:
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    return "".join(f"'{run}'" if run.startswith('"') else f'"{run}"' for run in _RUN.findall(text))


_PLAIN_PART = re.compile(r"[A-Za-z0-9_./=@%^-]+")


def part(text: str) -> str:
    """The text as a value in a chunk, where colons and plus signs separate."""
    return quoted(text, _PLAIN_PART)


def writable(text: str) -> bool:
    """Whether a directive can hold the text: no line end, no control characters."""
    return not UNWRITABLE.search(text) and "\n" not in text
