"""Paths to operations. Pure.

Paths are case-insensitive and repeated slashes count as one (spec hpcpack-2016, section 1); the values in a
path keep the letter case they came with. A literal step wins over a value (`/nodes/groups`: section 4.2).
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from headgate.core.errors import Refusal


class MethodNotAllowed(Refusal):
    """The path is known, the method is not one of its own (405). `allowed` are those it has."""

    def __init__(self, text: str, allowed: tuple[str, ...]) -> None:
        super().__init__(text)
        self.allowed = allowed


class Addressed(Protocol):
    """Something reached by a method and a path."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


T = TypeVar("T", bound=Addressed)


class Place(Generic[T]):
    """A step of the tree of paths: what is there by method, the steps behind it, the step for a value."""

    __slots__ = ("literals", "methods", "value")

    def __init__(self) -> None:
        self.methods: dict[str, T] = {}
        self.literals: dict[str, Place[T]] = {}
        self.value: Place[T] | None = None


class Router(Generic[T]):
    """All operations as a tree."""

    def __init__(self, operations: Iterable[T]) -> None:
        self._root: Place[T] = Place()
        for operation in operations:
            place = self._root
            for step in _steps(operation.path):
                if step.startswith("{"):
                    place.value = place.value or Place()
                    place = place.value
                else:
                    place = place.literals.setdefault(step.lower(), Place())
            if operation.method in place.methods:
                raise ValueError(f"two operations at {operation.method} {operation.path}")
            place.methods[operation.method] = operation

    def find(self, path: str) -> tuple[dict[str, T], list[str]] | None:
        """What is at a path, by method, and the values in it; None when there is nothing."""
        place = self._root
        values = []
        for step in path.split("/"):
            if not step:
                continue
            literal = place.literals.get(step.lower())
            if literal is not None:
                place = literal
            elif place.value is not None:
                place = place.value
                values.append(step)
            else:
                return None
        return (place.methods, values) if place.methods else None


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]
