"""Names in a script, made such that PBS takes them (spec soca, 4.1 step 4). Pure.

SOCA strips what it does not like from the whole line behind the name, and so swallows the options that
follow. Here the line is read as qsub reads it and only the value of `-N` and `-P` changes. The words behind
it that are no option can be nothing but the rest of the name (`-N My Job`): they belong to it, as in SOCA.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from headgate.core.scripts import ScriptError
from headgate.scripts.pbs.words import FLAGS, VALUED, Word, scan, split

# What OpenPBS allows of what SOCA keeps, and no more.
_STRANGE: Final = {"N": re.compile(r"[^A-Za-z0-9_+.-]"), "P": re.compile(r"[^A-Za-z0-9_.-]")}


# What stands behind the first name in a line, and how it looks where there is nothing to do. That is nearly
# always so, and costs a tenth of reading the directives.
_NAMED: Final = re.compile(rb"^[ \t]*#PBS[^\n]*?-[fhIVXz]*[NP]([^\n]*)", re.MULTILINE)
_FINE: Final = re.compile(rb"[ \t]*[A-Za-z0-9_.-]+[ \t\r]*")


def with_legal_names(script: bytes) -> bytes:
    """The script with the values of `-N` and `-P` in its directives stripped of what no name may hold.

    What can't be understood, and a value of which nothing would be left, stay: whoever reads the script for
    good says what is wrong with them.
    """
    if b"\\\n" not in script and all(map(_FINE.fullmatch, _NAMED.findall(script))):
        return script
    try:
        directives, _ = scan(script)
        edits = [edit for directive in directives for edit in _edits(split(directive))]
    except ScriptError:
        return script
    if not edits:
        return script
    lines = script.split(b"\n")
    for line, first, behind, value in reversed(edits):
        text = lines[line - 1].decode()
        end = len(text.rstrip("\r")) if behind is None else behind
        rest = text[end:]
        gap = " " if behind is not None else ""
        lines[line - 1] = (text[: first - 1] + value + gap + rest).encode()
    return b"\n".join(lines)


Edit = tuple[int, int, int | None, str]
"""Line, first column, number of characters before the next option (None: to the line's end), new text."""


def _edits(words: Sequence[Word]) -> Iterator[Edit]:
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        letter, glued = _valued(word.text)
        if not letter:
            continue
        if not glued:
            position += 1
        if letter not in _STRANGE:
            continue
        first = position - 1
        while position < len(words) and not words[position].text.startswith("-"):
            position += 1
        value = words[first:position]
        if not value:
            continue
        said = (glued or value[0].text) + "".join(one.text for one in value[1:])
        clean = _STRANGE[letter].sub("", said)
        follows = words[position] if position < len(words) else None
        whole = value[0].line == value[-1].line and (follows is None or follows.line == value[0].line)
        if clean and whole and (clean != said or len(value) > 1):
            text = f"{word.text[: -len(glued)]}{clean}" if glued else clean
            yield value[0].line, value[0].column, follows.column - 1 if follows else None, text


def _valued(text: str) -> tuple[str, str]:
    """The option of a word that takes a value, and the value that is glued to it; empty: there is none."""
    if not text.startswith("-"):
        return "", ""
    for index, letter in enumerate(text[1:], 1):
        if letter in VALUED:
            return letter, text[index + 1 :]
        if letter not in FLAGS:
            return "", ""
    return "", ""
