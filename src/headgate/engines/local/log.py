"""The shepherd's and the workers' log: a verb and fields on each line, appended to standard output.

A log that can't be written (a full disk) must never be the end of those who watch over tasks.
"""

import os
import time

_LIMIT = 1024 * 1024


def log(verb: str, **fields: object) -> None:
    """One line."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = "".join(f" {name}={value}" for name, value in fields.items())
    try:
        os.write(1, f"{at} {verb}{text}\n".encode(errors="backslashreplace"))
    except OSError:
        return


def trim() -> None:
    """Begin again when it has become large; it is a file that only we append to."""
    try:
        if os.fstat(1).st_size > _LIMIT:
            os.ftruncate(1, 0)
    except OSError:
        return
