"""Text and bytes as words of bash, in a form that sbatch takes as well: it refuses NUL and CR LF. Pure."""

import re
from collections.abc import Iterable

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLAIN = re.compile(rb"[A-Za-z0-9_./:=@%+,-]+\Z")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f'\\]")


def quoted(value: str | bytes) -> bytes:
    """One word. Bytes above 127 stand as they are; a NUL can't be and is left out."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if _PLAIN.match(data):
        return data
    if not _CONTROL.search(data):
        return b"'" + data + b"'"
    return b"$'" + _CONTROL.sub(lambda found: _escaped(found[0]), data.replace(b"\0", b"")) + b"'"


def _escaped(byte: bytes) -> bytes:
    # Three octal digits: fewer would swallow digits that follow.
    return b"\\%03o" % byte[0]


def words(values: Iterable[str | bytes]) -> bytes:
    """Words in a row."""
    return b" ".join(quoted(value) for value in values)
