"""The directives of a script, gathered: what was said, where, and what of it counts. Spec pjm, section 2.

Here options are told apart and their lists merged; what the values mean is `reading.py`.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from headgate.core.scripts import Note
from headgate.scripts.lines import Line
from headgate.scripts.pjm.allocation import spread_vnode
from headgate.scripts.pjm.options import BY_NAME, CUSTOM, ITEMS, KNOBS, PREFIX, Fate, Option, Takes
from headgate.scripts.pjm.words import MOST_OPTIONS, Given, Place, Word, Words, items, refused, shown

# Lines that are no mere comments and not blank, found by a pattern because there may be millions of those.
_TELLING: Final = re.compile(
    rb"^(?:(?P<ours>#PJM(?=[ \t\n]|\Z))|(?P<indented>[ \t]++#PJM(?=[ \t\n]|\Z))|[ \t\r]*+[^# \t\r\n])",
    re.MULTILINE,
)
_LATE: Final = re.compile(rb"^#PJM[ \t]", re.MULTILINE)
_LONGEST_VSET: Final = 4095
VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CUSTOM_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.+/@-]{0,62}")

# Where one word was said in two ways, the later one counts (section 3.1).
_RIVALS: Final = {"core-mem": "vnode-mem", "vnode-mem": "core-mem"}


class Argument(Struct, frozen=True):
    """An option as it was said, at its place. word, offset: where its value stands."""

    option: Option
    given: Given
    word: Word
    offset: int
    place: Place


class Directives:
    """What was said, by the key of the option, and of the items of lists by option and name."""

    def __init__(self, script: bytes) -> None:
        """Takes a normal script. Raises ScriptError."""
        self.options: dict[str, Given] = {}
        self.items: dict[str, dict[str, Given]] = {"rsc-list": {}, "mpi": {}, "llio": {}, "P": {}, "x": {}}
        self.params: list[Given] = []
        """The values of `--sparam`."""
        self._words = Words()
        self._noted: set[str] = set()
        self.notes: list[Note] = self._words.notes
        number, at = 1, 0
        while found := _TELLING.search(script, at):
            number += script.count(b"\n", at, found.start())
            at = script.find(b"\n", found.start())
            at = len(script) if at < 0 else at
            if found["ours"]:
                self._line(Line(number, script[found.start() : at]))
            elif found["indented"]:
                self._once(
                    Given("", Place(number, 1)),
                    f"{PREFIX} counts at the begin of a line alone: this is a comment, and others like it",
                )
            else:
                self._late(script, at, number)
                break

    def note(self, place: Place, text: str) -> None:
        """Tell something about a place."""
        self.notes.append(Note(place.line, place.column, text))

    def _late(self, script: bytes, at: int, first: int) -> None:
        """Tell of directives that come too late, once. at: the end of the first command, in line `first`."""
        if late := _LATE.search(script, at):
            self.note(
                Place(first + script.count(b"\n", at, late.start()), 1),
                f"{PREFIX} behind the first command (line {first}) is a comment, here and further on",
            )

    # ---- one line

    def _line(self, line: Line) -> None:
        words = self._words.of(line.decoded(), line.number)
        count = 0
        quiet = False
        for word in words:
            if quiet and word.text == "jid":
                self.options["z"] = Given("jid", word.place(), "-z")
                quiet = False
                continue
            for argument in _arguments(word, words):
                count += 1
                if count > MOST_OPTIONS:
                    self.note(
                        argument.place,
                        f"PJM 0024: a line has at most {MOST_OPTIONS} options: from here on they are ignored",
                    )
                    return
                self._take(argument)
                quiet = argument.option.takes is Takes.JID

    # ---- one option

    def _take(self, argument: Argument) -> None:
        option, given = argument.option, argument.given
        if option.fate is Fate.REFUSED:
            raise refused("0002", f"{given.name}: {option.here}", given.place)
        if option.fate is Fate.IGNORED:
            self._once(given, f"{given.name} is ignored: it {option.here}")
            return
        if not given.value and option.takes in (Takes.VALUE, Takes.ITEMS):
            raise refused("0004", f"{given.name} has no value", given.place)
        if option.fate is Fate.KEPT:
            self._once(given, f"{given.name} is kept, but {option.here}")
        if option.key == "vset":
            self._define(argument)
        elif option.key == "sparam":
            self.params.append(given)
        elif option.key == "x":
            self._variables(argument)
        elif option.takes is Takes.ITEMS:
            for item in items(argument.word, argument.offset):
                self._item(option, item)
        else:
            self._set(self.options, option.key, given)

    def _item(self, option: Option, given: Given) -> None:
        known = ITEMS[option.key]
        if option.key == "mpi" and given.name.startswith("rank-map-bychip:"):
            name, _, order = given.name.partition(":")
            given = Given(order, given.place, name)
        item = known.get(given.name)
        if item is None and option.key == "rsc-list" and CUSTOM_NAME.fullmatch(given.name):
            item = CUSTOM
        if item is None:
            allowed = "the name of a resource" if option.key == "rsc-list" else f"one of {', '.join(known)}"
            raise refused("0003", f"{option.names[0]}: {shown(given.name)} is not {allowed}", given.place)
        if not given.value and (not item.bare or not given.bare):
            raise refused("0004", f"{given.name} has no value", given.place)
        for one in spread_vnode(given) if given.name == "vnode" else [given]:
            if one.name in _RIVALS:
                self._oust(_RIVALS[one.name], one)
            key = one.name if item is CUSTOM else known[one.name].names[0]
            self._set(self.items[option.key], key, one)
        if item.fate is Fate.KEPT:
            self._once(given, f"{given.name} is kept, but {item.here}")
        elif item is CUSTOM or given.name in KNOBS:
            self._once(given, f"{given.name} is kept as a resource of the site, but {item.here}")

    def _oust(self, name: str, by: Given) -> None:
        """Of two items that say the same, the later one counts."""
        before = self.items["rsc-list"].pop(name, None)
        if before is not None:
            self.note(by.place, f"{by.name} counts, not {name} of line {before.place.line}")

    def _variables(self, argument: Argument) -> None:
        for given in items(argument.word, argument.offset, whole=True):
            if given.bare or not VARIABLE_NAME.fullmatch(given.name):
                raise refused("0003", f"-x: {shown(given.name)} is not NAME=value", given.place)
            self._set(self.items["x"], given.name, given)

    def _define(self, argument: Argument) -> None:
        if len(argument.given.value) > _LONGEST_VSET:
            raise refused("0003", f"--vset has more than {_LONGEST_VSET} characters", argument.given.place)
        for given in items(argument.word, argument.offset):
            if given.bare or not VARIABLE_NAME.fullmatch(given.name):
                raise refused("0003", f"--vset: {shown(given.name)} is not name=value", given.place)
            self._words.variables[given.name] = given.value

    def _once(self, given: Given, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self.note(given.place, text)

    def _set(self, where: dict[str, Given], key: str, given: Given) -> None:
        """The last one counts; to say the same again is harmless."""
        before = where.get(key)
        if before is not None and before.value != given.value:
            self.note(
                given.place,
                f"{given.name} is said again: this one counts, not that of line {before.place.line}",
            )
        where[key] = given


def _arguments(word: Word, words: Iterator[Word]) -> Iterator[Argument]:
    """The options in a word, each with its value, which may be the next word. Raises ScriptError."""
    text = word.text
    if len(text) < 2 or text[0] != "-" or text == "--":
        raise refused("0001", f"{shown(text)} is not an option", word.place())
    if text.startswith("--"):
        name, equals, _ = text.partition("=")
        option = _known(name, word.place())
        behind = len(name) + 1 if equals else None
        if option.takes is Takes.NOTHING and equals:
            raise refused("0003", f"{name} takes no value", word.place(len(name)))
        yield _argument(option, name, word, 0, behind, words)
        return
    at = 1
    while at < len(text):
        begin = at if at > 1 else 0
        option = _known(f"-{text[at]}", word.place(begin))
        behind = at + 1 if at + 1 < len(text) else None
        yield _argument(option, f"-{text[at]}", word, begin, behind, words)
        if option.takes in (Takes.VALUE, Takes.ITEMS):
            return
        at += 1


def _known(name: str, place: Place) -> Option:
    option = BY_NAME.get(name)
    if option is None:
        raise refused("0001", f"{shown(name)} is not an option of pjsub", place)
    return option


def _argument(
    option: Option, name: str, word: Word, at: int, behind: int | None, words: Iterator[Word]
) -> Argument:
    """An option at an offset of a word. behind: where its value begins in the same word, if it is there."""
    place = word.place(at)
    if option.takes in (Takes.NOTHING, Takes.JID):
        return Argument(option, Given("", place, name), word, len(word.text), place)
    offset = behind or 0
    if behind is None:
        following = next(words, None)
        if following is None:
            raise refused("0004", f"{name} needs a value", place)
        word = following
    return Argument(option, Given(word.text[offset:], word.place(offset), name), word, offset, place)
