"""A PBS script -> Script (spec pbs, sections 1, 2 and 9).

In three steps: the directives' options with their places (`words.py`), which of several counts (`_Chosen`,
1.2), and what each of those says (`meanings.py`; resources are `requests.py`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Note, Script, Submitter
from headgate.scripts.lines import normal
from headgate.scripts.pbs.meanings import JOB_NAME, Meanings
from headgate.scripts.pbs.requests import Requests
from headgate.scripts.pbs.tables import BY_ATTRIBUTE, BY_LETTER, Setting
from headgate.scripts.pbs.words import (
    FLAGS,
    MOST_OPTIONS,
    Given,
    IllegalValue,
    Word,
    at,
    options,
    parts,
    scan,
    split,
    unquoted,
)

BESIDE: Final = "what is said beside the script counts"


def parse(text: bytes, by: Submitter, arguments: Sequence[str] = ()) -> Script:
    """What a PBS script says. Raises ScriptError.

    arguments: options of the command that submits it, which win over its directives (1.2). Their places are
    line 0 and the number of the argument.
    """
    script = normal(text)
    directives, notes = scan(script)
    chosen = _Chosen()
    for directive in directives:
        chosen.add(options(split(directive)))
    chosen.add(options([Word(word, 0, number) for number, word in enumerate(arguments, 1)]))
    chosen.notes += notes
    if b"\r\n" in text:
        chosen.notes.append(Note(1, 1, "Its lines end with CR LF; they are read, and kept, with LF."))
    meanings = Meanings(by, script)
    for setting, word in chosen.settings():
        spelling = setting.spelling.rstrip("=")
        with at(word, spelling if spelling[1:] in FLAGS else f"illegal {spelling} value"):
            remarks = meanings.read(setting, word.text)
        chosen.notes += [word.note(remark) for remark in remarks]
    chosen.check_together()
    chosen.requests.read()
    name = meanings.job.get("name") or _name_of(by)
    return Script(
        job=JobSpec(
            **(meanings.job | {"name": name}),
            **chosen.requests.job,
            options=meanings.options | chosen.requests.options,
        ),
        task=TaskSpec(**meanings.task, **chosen.requests.task),
        environment=meanings.environment,
        notes=tuple(sorted(chosen.notes, key=lambda note: (note.line, note.column))),
    )


def _name_of(by: Submitter) -> str:
    """What a job without -N is called: as its file, which is held to the same rule (2.1)."""
    name = by.file or "STDIN"
    if not JOB_NAME.fullmatch(name):
        raise Word(name, 1, 1).error(
            f"the job would be named after its file, and {name[:60]!r} is no name of a job; "
            "give it one with -N, of letters, digits, - _ + and ."
        )
    return name


_ATTRIBUTE = re.compile(r"[A-Za-z_]+")


class _Chosen:
    """Which of the options count: of several the last, of several `-l` with one resource the first (1.2)."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.options: dict[str, Word] = {}
        self.attributes: dict[str, Word] = {}
        self.requests = Requests(self.notes.append)
        self._count = 0

    def add(self, given: Iterator[Given]) -> None:
        for option in given:
            self._count += 1
            if self._count > MOST_OPTIONS:
                raise option.value.error(f"more than {MOST_OPTIONS} options")
            if option.letter == "l":
                self.requests.add(option.value)
            elif option.letter == "W":
                self._attributes(option.value)
            else:
                self._last(self.options, option.letter, option.value)

    def _attributes(self, word: Word) -> None:
        """`name=value[,name=value...]`, where a value may be a list: a name begins the next one."""
        found: list[tuple[str, list[str]]] = []
        with at(word, "illegal -W value"):
            for part in parts(word.text):
                name, equals, value = part.lstrip(" \t").partition("=")
                if equals and name in BY_ATTRIBUTE:
                    found.append((name, [value]))
                elif found and not (equals and _ATTRIBUTE.fullmatch(name)):
                    found[-1][1].append(part)
                elif equals:
                    known = ", ".join(sorted(BY_ATTRIBUTE))
                    raise IllegalValue(f"Undefined Attribute {name[:40]!r}; there are {known}")
                else:
                    raise IllegalValue(f"{part[:40]!r} is not name=value")
        for name, values in found:
            self._last(self.attributes, name, Word(unquoted(",".join(values)), word.line, word.column))

    def _last(self, kept: dict[str, Word], name: str, word: Word) -> None:
        before = kept.get(name)
        if before is not None and before.text != word.text:
            option = f"-W {name}" if kept is self.attributes else f"-{name}"
            counts = f"the last one counts, in line {word.line}" if word.line else BESIDE
            self.notes.append(before.note(f"{option} is given again: {counts}."))
        kept[name] = word

    def settings(self) -> Iterator[tuple[Setting, Word]]:
        """What counts; what says the same in two ways comes with the more particular one last."""
        for letter, word in self.options.items():
            yield BY_LETTER[letter], word
        for name, word in self.attributes.items():
            yield BY_ATTRIBUTE[name], word

    def check_together(self) -> None:
        """Refuses what does not go together (9)."""
        array = "J" in self.options
        rerun = self.options.get("r")
        if array and rerun is not None and rerun.text == "n":
            raise rerun.error("cannot submit non-rerunable Array Job: -r n does not go with -J")
        limit = self.attributes.get("max_run_subjobs")
        if limit is not None and not array:
            raise limit.error("-W max_run_subjobs is for arrays (-J)")
