"""What a list is sorted by: a field by its dotted path, as a key that compares.

Unset values come first, text compares case-insensitively, enumerations by their value. The reverse order is
exactly the reverse.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

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
        return ", ".join(str(plain(item)) for item in value)
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


def sort_value(sample: type[msgspec.Struct], sort: str) -> Callable[[msgspec.Struct], int | str | None]:
    """The function that reads the sort value from a value of this kind. Raises BadRequest for what can't be
    sorted by.
    """
    path = tuple(sort.split("."))
    kind: Any = sample
    for name in path:
        fields = {field.name: field for field in msgspec.structs.fields(kind)} if _is_struct(kind) else {}
        if name not in fields:
            raise BadRequest(f"a list can't be sorted by {sort}", parameters=(sort,))
        kind = _inner(fields[name].type)
    if _is_struct(kind) or kind in (dict, float) or getattr(kind, "__origin__", None) is dict:
        raise BadRequest(f"a list can't be sorted by {sort}", parameters=(sort,))
    return lambda value: plain(read(value, path))


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _inner(kind: Any) -> Any:
    """X of `X | None`."""
    arguments = [each for each in getattr(kind, "__args__", ()) if each is not type(None)]
    is_union = type(None) in getattr(kind, "__args__", ())
    return arguments[0] if is_union and len(arguments) == 1 else kind
