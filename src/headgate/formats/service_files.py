"""Registrations of services as TOML, one file for each. Pure.

name = "Pricer"
version = "1.0"                     # two to four numbers; absent: it has none
python = "pricer.service:Pricer"    # or: command = ["/opt/pricer/bin/pricer", "--serve"]
python_path = ["/opt/pricer/lib"]
operations = ["Price"]

[environment]
PRICER_DATA = "/data/pricer"

[limits]
concurrency = 4
"""

import re
import tomllib
from typing import Final

import msgspec
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.soa import Limits, Registration

LONGEST: Final = 64 * 1024
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){1,3}")
_PYTHON: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


class _File(Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    version: str = ""
    python: str = ""
    command: list[str] = []
    python_path: list[str] = []
    work_directory: str = ""
    operations: list[str] = []
    environment: dict[str, str] = {}
    limits: Limits = Limits()


def read(text: str) -> Registration:
    """The registration that a file holds. Raises BadRequest (ConfigFile_Invalid), naming what is wrong."""
    try:
        said = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(f"it is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise _invalid(f"{str(error).replace(' - at `$.', ', at `').replace(' - at `$`', '')}.") from None
    _check(said)
    return Registration(
        name=said.name,
        version=said.version,
        python=said.python,
        command=tuple(said.command),
        python_path=tuple(said.python_path),
        work_directory=said.work_directory,
        operations=tuple(said.operations),
        environment=tuple(said.environment.items()),
        limits=said.limits,
    )


def version_key(version: str) -> tuple[int, ...]:
    """By this the versions of a service are ordered; one without a version is the oldest."""
    return tuple(int(part) for part in version.split(".")) if version else ()


def _check(said: _File) -> None:
    if not _NAME.fullmatch(said.name):
        raise _invalid(
            f"name {said.name[:80]!r} is not a letter and up to 63 letters, digits, `_`, `.`, `-`."
        )
    if said.version and not _VERSION.fullmatch(said.version):
        raise _invalid(f"version {said.version[:80]!r} is not two to four numbers with dots between (1.0).")
    if bool(said.python) == bool(said.command):
        raise _invalid("it says how to start either with python or with command.")
    if said.python and not _PYTHON.fullmatch(said.python):
        raise _invalid(f"python {said.python[:80]!r} is not module:Class.")
    if said.command and not said.command[0].startswith("/"):
        raise _invalid(f"command begins with {said.command[0][:80]!r}, which is not an absolute path.")
    if said.python_path and not said.python:
        raise _invalid("python_path is for services in Python.")
    for path in (*said.python_path, *([said.work_directory] if said.work_directory else [])):
        if not path.startswith("/"):
            raise _invalid(f"{path[:80]!r} is not an absolute path.")
    for operation in said.operations:
        if not _OPERATION.fullmatch(operation):
            raise _invalid(f"operation {operation[:80]!r} is not the last part of an action.")
    for name, value in said.environment.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise _invalid(f"{name[:80]!r} can't be a variable of this value.")
    if "\0" in "".join((*said.command, *said.python_path, said.work_directory)):
        raise _invalid("there is a NUL in a path or argument.")
    limits = said.limits
    if not 1 <= limits.concurrency <= 1024:
        raise _invalid("limits.concurrency is 1 to 1024.")
    if not 0 <= limits.retries <= 100:
        raise _invalid("limits.retries is 0 to 100.")
    if not 0 < limits.start_s <= 86400:
        raise _invalid("limits.start_s is more than 0 and at most a day.")
    if limits.operation_s is not None and limits.operation_s <= 0:
        raise _invalid("limits.operation_s is more than 0.")


def _invalid(text: str) -> BadRequest:
    return BadRequest(text, code="ConfigFile_Invalid")
