"""The #SBATCH lines of a script as options: where they stand, how a line falls into words, which option a
word is.

sbatch(1) says little of it. The rules are those that sbatch 22.05.8 showed when asked (`-vvv` prints each
word it finds in a script): a directive begins in the first column; quotes of both kinds join, and inside
them as outside a backslash takes the next character as it is, but does not join blanks outside; `#` outside
of quotes ends the line, even within a word; a word that is empty is none; a word that begins with `:`, and a
line `hetjob`, separate the parts of a heterogeneous job. Options are read as getopt_long(3) does.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from headgate.core.scripts import ScriptError
from headgate.scripts.lines import Line, lines
from headgate.scripts.slurm import table
from headgate.scripts.slurm.table import Argument, Option

PREFIX: Final = b"#SBATCH"
MOST: Final = 10_000
"""Options of a script; more are a mistake."""
_BLANKS: Final = " \t\v\f\r"
_PLAIN: Final = re.compile(r"""[^ \t\v\f\r"'\\#]+""")
_QUOTED: Final = {quote: re.compile(rf"[^{quote}\\]+") for quote in "\"'"}
_NEEDS_QUOTES: Final = re.compile(r"""[\s"'\\#]""")
_HET: Final = (
    "heterogeneous jobs are not supported: submit each part as a job of its own, chained by --dependency"
)


class Word(Struct, frozen=True):
    """A word of a directive, quotes removed. column counts from 1."""

    text: str
    column: int


class Given(Struct, frozen=True):
    """An option as it was given. value: None where it has none. The place is that of the value's word."""

    option: Option
    value: str | None
    line: int
    column: int

    @property
    def text(self) -> str:
        """The value, empty where there is none."""
        return self.value or ""

    def error(self, why: str) -> ScriptError:
        """That it can't hold what it holds."""
        said = "" if self.value is None else f"={shown(self.value)}"
        return ScriptError(f"--{self.option.name}{said}: {why}", line=self.line, column=self.column)


def shown(text: str) -> str:
    """A text of the user's in a message: not longer than a line."""
    return text if len(text) <= 80 else text[:77] + "..."


def head(script: bytes) -> Iterator[Line]:
    """The lines in which sbatch looks for directives: up to the first that is neither blank nor a comment."""
    for line in lines(script):
        text = line.text.lstrip()
        if text and not text.startswith(b"#"):
            return
        yield line


def directives(script: bytes) -> Iterator[Line]:
    """The lines that are directives of sbatch."""
    return (line for line in head(script) if line.text.startswith(PREFIX))


def given(script: bytes) -> Iterator[Given]:
    """All options of a script, in their order. Raises ScriptError."""
    count = 0
    for line in directives(script):
        for one in _options(split(line), line.number):
            count += 1
            if count > MOST:
                raise ScriptError(f"more than {MOST} options", line=one.line, column=one.column)
            yield one


def split(line: Line) -> Iterator[Word]:
    """The words of a directive, without the prefix. Raises ScriptError."""
    text, at = line.decoded(), len(PREFIX)
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
            continue
        if text[at] == "#":
            break
        if text[at] == ":":
            raise ScriptError(_HET, line=line.number, column=at + 1)
        start = at
        word, at = _word(text, at, line.number)
        if word:
            yield Word(word, start + 1)


def _word(text: str, at: int, number: int) -> tuple[str, int]:
    """The word that begins at a place, and where it ends."""
    parts: list[str] = []
    while at < len(text) and text[at] not in _BLANKS and text[at] != "#":
        character = text[at]
        if character == "\\":
            following = text[at + 1 : at + 2]
            if following and following not in _BLANKS:
                parts.append(following)
                at += 1
            at += 1
        elif character in _QUOTED:
            part, at = _quoted(text, at, number)
            parts.append(part)
        else:
            found = _PLAIN.match(text, at)
            end = at + 1 if found is None else found.end()
            parts.append(text[at:end])
            at = end
    return "".join(parts), at


def _quoted(text: str, at: int, number: int) -> tuple[str, int]:
    quote, start = text[at], at
    run = _QUOTED[quote]
    parts: list[str] = []
    at += 1
    while at < len(text):
        if text[at] == quote:
            return "".join(parts), at + 1
        if text[at] == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
            continue
        found = run.match(text, at)
        end = at + 1 if found is None else found.end()
        parts.append(text[at:end])
        at = end
    raise ScriptError(f"the quote {quote} is not closed", line=number, column=start + 1)


def quoted(word: str) -> str:
    """A word as `split` reads it back. It holds no line end."""
    if not _NEEDS_QUOTES.search(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def sayable(value: str) -> bool:
    """Whether a value fits into a directive at all: one line of UTF-8."""
    if "\n" in value or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# ---- options


def _options(rest: Iterator[Word], line: int) -> Iterator[Given]:
    first = True
    for word in rest:
        text = word.text
        if text in ("hetjob", "packjob") and first:
            raise ScriptError(_HET, line=line, column=word.column)
        first = False
        if text == "--":
            stray = next(rest, None)
            if stray is not None:
                raise _stray(stray, line)
        elif text.startswith("--"):
            yield _long(word, rest, line)
        elif text.startswith("-") and text != "-":
            yield from _letters(word, rest, line)
        else:
            raise _stray(word, line)


def _stray(word: Word, line: int) -> ScriptError:
    return ScriptError(
        f"{shown(word.text)} is no option: options begin with - or --, and a value with blanks needs quotes",
        line=line,
        column=word.column,
    )


def _long(word: Word, rest: Iterator[Word], line: int) -> Given:
    name, equals, value = word.text[2:].partition("=")
    found = table.find(name)
    if isinstance(found, tuple):
        raise _unknown(name, found, Word(f"--{name}", word.column), line)
    if equals:
        if found.argument is Argument.NONE:
            raise ScriptError(f"--{found.name} takes no value", line=line, column=word.column)
        return Given(found, value, line, word.column)
    if found.argument is Argument.REQUIRED:
        return _with_next(found, word, rest, line)
    return Given(found, None, line, word.column)


def _letters(word: Word, rest: Iterator[Word], line: int) -> Iterator[Given]:
    text = word.text
    for at in range(1, len(text)):
        found = table.SHORT.get(text[at])
        if found is None:
            whose = table.STRANGE_LETTERS.get(text[at])
            why = f"an option of {whose}, not of sbatch" if whose else "no option of sbatch"
            raise ScriptError(f"-{text[at]} is {why}", line=line, column=word.column)
        glued = text[at + 1 :]
        if found.argument is Argument.NONE:
            yield Given(found, None, line, word.column)
            continue
        if glued or found.argument is Argument.OPTIONAL:
            yield Given(found, glued or None, line, word.column)
        else:
            yield _with_next(found, word, rest, line)
        return


def _with_next(option: Option, word: Word, rest: Iterator[Word], line: int) -> Given:
    value = next(rest, None)
    if value is None:
        raise ScriptError(f"{shown(word.text)} needs a value", line=line, column=word.column)
    return Given(option, value.text, line, value.column)


def _unknown(name: str, begun: tuple[str, ...], word: Word, line: int) -> ScriptError:
    if begun and name:
        choice = ", ".join(f"--{option}" for option in begun[:8])
        why = f"{shown(word.text)} is not clear: {choice} begin so"
    elif name in table.STRANGERS:
        why = f"{word.text} is an option of {table.STRANGERS[name]}, not of sbatch"
    else:
        why = f"{shown(word.text)} is no option of sbatch (22.05 to 25.11)"
    return ScriptError(why, line=line, column=word.column)
