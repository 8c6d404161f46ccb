"""A job script as lines, and its body without directives. No flavour: what all of them begin with. Pure.

Bytes of the body are nobody's business; only NUL, which no shell takes, is refused. What is read as a
directive has to be UTF-8. Lines end with LF or CR LF; a CR before the LF is dropped everywhere, because a
shell would take it for part of the last word.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from headgate.core.scripts import ScriptError

LONGEST: Final = 8 * 1024 * 1024
"""Bytes of a script; beyond that it is data."""
PREFIXES: Final = (b"#PBS", b"#PJM", b"#SBATCH")
"""What the directives of the flavours begin with."""


class Line(Struct, frozen=True):
    """One line without its end. number counts from 1."""

    number: int
    text: bytes

    def decoded(self) -> str:
        """The line as text. Raises ScriptError where it is not UTF-8, at the column of the bad byte."""
        try:
            return self.text.decode()
        except UnicodeDecodeError as error:
            column = len(self.text[: error.start].decode("utf-8", "replace")) + 1
            raise ScriptError(
                f"byte 0x{self.text[error.start]:02X} is not UTF-8 text", line=self.number, column=column
            ) from error


def normal(script: bytes) -> bytes:
    """The script with LF line ends. Raises ScriptError for one that is too long or holds a NUL."""
    if len(script) > LONGEST:
        raise ScriptError(f"the script has {len(script)} bytes, more than {LONGEST}", line=1)
    nul = script.find(b"\0")
    if nul >= 0:
        start = script.rfind(b"\n", 0, nul) + 1
        column = len(script[start:nul].decode("utf-8", "replace")) + 1
        raise ScriptError("a NUL byte", line=script.count(b"\n", 0, nul) + 1, column=column)
    return script.replace(b"\r\n", b"\n").removesuffix(b"\r") if b"\r" in script else script


def lines(script: bytes) -> Iterator[Line]:
    """The lines of a normal script, one at a time: who has seen enough reads no further."""
    start, number, end = 0, 0, len(script)
    while start < end:
        number += 1
        stop = script.find(b"\n", start)
        stop = end if stop < 0 else stop
        yield Line(number, script[start:stop])
        start = stop + 1


def body(script: bytes) -> tuple[bytes, bytes]:
    """A normal script's `#!` line (with its end, or empty), and the rest without directives of any flavour.

    Directives stand before the first command. Only these are left out: behind it the same words are comments
    of the author's, which stay.
    """
    shebang, kept, rest = b"", [], 0
    continued = False
    for line in lines(script):
        end = min(rest + len(line.text) + 1, len(script))
        whole = script[rest:end]
        text = line.text.lstrip(b" \t")
        if line.number == 1 and line.text.startswith(b"#!"):
            shebang = whole if whole.endswith(b"\n") else whole + b"\n"
        elif continued or text.startswith(PREFIXES):
            # Only OpenPBS continues a directive on the next line (spec pbs, section 1).
            continued = line.text.endswith(b"\\") and (continued or text.startswith(b"#PBS"))
        elif text and not text.startswith(b"#") and not line.text.startswith(b":"):
            break
        else:
            kept.append(whole)
        rest = end
    return shebang, b"".join(kept) + script[rest:]
