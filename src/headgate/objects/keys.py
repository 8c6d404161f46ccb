"""Names on both sides: which keys are fit to be files, and which files to be keys (spec nifcloud, 6.3). Pure.

A key here is relative: without the prefix of the sync. Names of files are text in which bytes that are no
UTF-8 stand as surrogates (PEP 383), as `os` gives them.
"""

from collections.abc import Collection
from typing import Final

LONGEST_NAME: Final = 255
"""Bytes of one segment (NAME_MAX)."""
LONGEST_KEY: Final = 1024
"""Bytes of a whole key, prefix included (S3)."""
TEMPORARY: Final = ".headgate-sync-"
"""What names of files begin with that are still being written. They do not travel."""


def key_refusal(key: str) -> str:
    """Why no file can be made of this key; empty: it can."""
    if key.startswith("/"):
        return "the key begins with /"
    if "\0" in key:
        return "the key holds a NUL"
    for segment in key.split("/"):
        if segment == "":
            return "the key has an empty segment"
        if segment in (".", ".."):
            return f"the key has the segment {segment}"
        if segment.startswith(TEMPORARY):
            return f"names that begin with {TEMPORARY} are ours"
        try:
            length = len(segment.encode())
        except UnicodeEncodeError:
            return "the key is not Unicode"
        if length > LONGEST_NAME:
            return f"a name in the key has {length} bytes, more than {LONGEST_NAME}"
    return ""


def name_refusal(name: str, prefix: str) -> str:
    """Why no key can be made of the path of this file; empty: it can."""
    try:
        length = len(f"{prefix}{name}".encode())
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    if length > LONGEST_KEY:
        return f"its key would have {length} bytes, more than {LONGEST_KEY}"
    return ""


def clashing(keys: Collection[str]) -> set[str]:
    """The keys that would be a file and a directory at once: `a`, where there is `a/b`."""
    directories: set[str] = set()
    for key in keys:
        place = key.rfind("/")
        while place > 0 and (above := key[:place]) not in directories:
            directories.add(above)
            place = above.rfind("/")
    return directories.intersection(keys)


def shown(name: str) -> str:
    """A name as it may stand in a report: what is no UTF-8 becomes a question mark."""
    return name.encode("utf-8", "replace").decode("utf-8")[:1024]
