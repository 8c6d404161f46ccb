"""Declaring a service in Python: `@service` and `@operation`, and what they note."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_type_hints, overload

from msgspec import Struct

from headgate.core.errors import HeadgateError
from headgate.formats.soa_bodies import TEMPURI

T = TypeVar("T", bound=type)
F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "__headgate_operation__"
_NOTES: Final = "__headgate_service__"


class Fault(Exception):
    """Raised by an operation: its request gets a SOAP fault with this text."""


class NotAService(HeadgateError):
    """What was named is no service."""

    code = "ConfigFile_Invalid"


class Mark(Struct, frozen=True):
    """What `@operation` notes on a method. name: empty: the method's."""

    name: str
    generic: bool


class Operation(Struct, frozen=True):
    """One operation. method: of the class. parameters: types by name; required: those without a default.

    returns: its type; None for nothing. generic: takes and gives plain text.
    """

    name: str
    method: str
    parameters: Mapping[str, Any]
    required: frozenset[str]
    returns: Any
    generic: bool = False


class Service(Struct, frozen=True):
    """What `@service` notes on a class."""

    namespace: str
    concurrency: int
    operations: Mapping[str, Operation]
    generic: Operation | None


@overload
def operation(method: F) -> F: ...
@overload
def operation(*, name: str = "", generic: bool = False) -> Callable[[F], F]: ...
def operation(method: F | None = None, *, name: str = "", generic: bool = False) -> F | Callable[[F], F]:
    """A method that can be asked for. Its parameters and result have types: text, numbers, `bool`, `bytes`,
    `datetime`, enumerations, structs of msgspec, lists of these, or one of them or None.

    name: under which it is asked for; the method's own where it is not given. generic: the one method, from
    text to text, that takes what is asked for by no name.
    """

    def marked(function: F) -> F:
        setattr(function, _MARK, Mark(name, generic))
        return function

    return marked if method is None else marked(method)


@overload
def service(kind: T) -> T: ...
@overload
def service(*, namespace: str = TEMPURI, concurrency: int = 1) -> Callable[[T], T]: ...
def service(kind: T | None = None, *, namespace: str = TEMPURI, concurrency: int = 1) -> T | Callable[[T], T]:
    """A class whose operations are a service. A host makes one instance of it, without arguments.

    namespace: of its elements. concurrency: how many requests one host does at once, in threads. Raises
    NotAService.
    """

    def noted(cls: T) -> T:
        setattr(cls, _NOTES, _service(cls, namespace, concurrency))
        return cls

    return noted if kind is None else noted(kind)


def notes_of(kind: object) -> Service:
    """What `@service` noted. Raises NotAService."""
    found = getattr(kind, _NOTES, None)
    if not isinstance(found, Service):
        raise NotAService(f"{kind!r} is no service: it lacks @service.")
    return found


def _service(kind: type, namespace: str, concurrency: int) -> Service:
    if concurrency < 1:
        raise NotAService(f"{kind.__name__}: concurrency is at least 1.")
    operations: dict[str, Operation] = {}
    generic = None
    for method, function in inspect.getmembers(kind, inspect.isfunction):
        mark = getattr(function, _MARK, None)
        if not isinstance(mark, Mark):
            continue
        made = _operation(kind, method, function, mark)
        if mark.generic:
            if generic is not None:
                raise NotAService(f"{kind.__name__}: only one operation can be the generic one.")
            generic = made
        elif made.name in operations:
            raise NotAService(f"{kind.__name__}: two operations are called {made.name}.")
        else:
            operations[made.name] = made
    if not operations and generic is None:
        raise NotAService(f"{kind.__name__} has no @operation.")
    return Service(namespace, concurrency, operations, generic)


def _operation(kind: type, method: str, function: Callable[..., Any], mark: Mark) -> Operation:
    where = f"{kind.__name__}.{method}"
    if inspect.iscoroutinefunction(function):
        raise NotAService(f"{where} is a coroutine; operations are plain methods (see concurrency).")
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError) as error:
        raise NotAService(f"{where}: a type is not known: {error}.") from None
    parameters = list(inspect.signature(function).parameters.values())[1:]
    for one in parameters:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY):
            raise NotAService(f"{where}: the parameter {one.name} has no name of its own.")
        if one.name not in hints:
            raise NotAService(f"{where}: the parameter {one.name} has no type.")
    if mark.generic and (len(parameters) != 1 or hints.get("return") is not str):
        raise NotAService(f"{where}: the generic operation takes one text and returns text.")
    returns = hints.get("return", Any)
    return Operation(
        name=mark.name or method,
        method=method,
        parameters={one.name: hints[one.name] for one in parameters},
        required=frozenset(one.name for one in parameters if one.default is one.empty),
        returns=None if returns is type(None) else returns,
        generic=mark.generic,
    )
