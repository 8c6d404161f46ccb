"""What a list is sorted by: a field by its dotted path, as a key that compares.

Unset values come first, text compares case-insensitively, enumerations by their value. The reverse order is
exactly the reverse.
"""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any, get_args, get_origin

import msgspec

from headgate.core.errors import BadRequest

Key = tuple[int, Any]
"""(0, 0) for unset values, else (1, value)."""


def read(value: msgspec.Struct, path: tuple[str, ...]) -> Any:
    """The value of a field, None where something on the way is unset."""
    found: Any = value
    for name in path:
        if found is None:
            return None
        found = getattr(found, name)
    return found


def plain(value: Any) -> int | str | None:
    """A field's value as a cursor holds it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode() if value else None
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(type(value))


def key(value: int | str | None) -> Key:
    """How it compares."""
    if value is None:
        return (0, 0)
    return (1, value.casefold()) if isinstance(value, str) else (1, int(value))


@lru_cache(maxsize=256)
def sort_value(sample: type[msgspec.Struct], sort: str) -> Callable[[msgspec.Struct], int | str | None]:
    """The function that reads the sort value from a value of this kind. Raises BadRequest for what can't be
    sorted by.
    """
    path = tuple(sort.split("."))
    kind: Any = sample
    for name in path:
        fields = (
            {field.name: field for field in msgspec.structs.fields(kind)}
            if _is_a(kind, msgspec.Struct)
            else {}
        )
        if name not in fields:
            raise BadRequest(f"a list can't be sorted by {sort}", parameters=(sort,))
        kind = _set(fields[name].type)
    if not _compares(kind):
        raise BadRequest(f"a list can't be sorted by {sort}", parameters=(sort,))
    return lambda value: plain(read(value, path))


def is_text(sample: type[msgspec.Struct], sort: str) -> bool:
    """Whether the values of this field are text, tuples included."""
    kind: Any = sample
    for name in sort.split("."):
        kind = _set(next(field.type for field in msgspec.structs.fields(kind) if field.name == name))
    return not _is_a(kind, int)


def _is_a(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _set(kind: Any) -> Any:
    """X of `X | None`."""
    alternatives = [each for each in get_args(kind) if each is not type(None)]
    return alternatives[0] if type(None) in get_args(kind) and len(alternatives) == 1 else kind


def _compares(kind: Any) -> bool:
    if get_origin(kind) is tuple:
        return _compares(get_args(kind)[0])
    return any(_is_a(kind, each) for each in (int, str, bytes, Enum))
