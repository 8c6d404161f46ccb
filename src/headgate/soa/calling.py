"""One request to a service in Python: its body into arguments, the call, the result into a body."""

import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from headgate.core.errors import BadRequest
from headgate.formats import soa_bodies as bodies
from headgate.formats.soa_frames import ANSWER, FAULT, REQUEST, Frame, pack
from headgate.soa.declaring import Fault, NotAService, notes_of


class Callee:
    """A service's object, ready to be asked."""

    def __init__(self, kind: type, log: Callable[[str], None]) -> None:
        """Makes the object. log: is told of what an operation raised. Raises NotAService."""
        self.notes = notes_of(kind)
        self._log = log
        self._object = kind()
        self._methods = {one.method: getattr(self._object, one.method) for one in self._all()}

    def _all(self) -> list[Any]:
        generic = [self.notes.generic] if self.notes.generic else []
        return [*self.notes.operations.values(), *generic]

    def __call__(self, frame: Frame) -> bytes:
        """The frame that answers this one. Whatever the operation raises becomes a fault."""
        try:
            body = self._text(frame.body) if frame.kind != REQUEST else self._typed(frame)
            return pack(ANSWER, frame.id, "", body)
        except Fault as fault:
            return pack(FAULT, frame.id, "", str(fault).encode("utf-8", "replace"))
        except BadRequest as error:
            return pack(FAULT, frame.id, "", error.text.encode("utf-8", "replace"))
        except Exception as error:  # noqa: BLE001  whatever it is, it is the answer to this one request
            self._log(traceback.format_exc())
            return pack(FAULT, frame.id, "", f"{type(error).__name__}: {error}".encode("utf-8", "replace"))

    def _typed(self, frame: Frame) -> bytes:
        name = bodies.operation_of(frame.action)
        operation = self.notes.operations.get(name)
        if operation is None:
            raise BadRequest(f"The service has no operation {name[:80]!r}.")
        given = bodies.arguments(frame.body, operation.parameters, operation.required)
        value = self._methods[operation.method](**given)
        if operation.returns is None:
            return bodies.nothing(operation.name, self.notes.namespace)
        return bodies.answer(operation.name, self.notes.namespace, value)

    def _text(self, body: bytes) -> bytes:
        generic = self.notes.generic
        if generic is None:
            raise BadRequest("The service has no generic operation.")
        answer: str = self._methods[generic.method](body.decode("utf-8", "replace"))
        return answer.encode("utf-8", "replace")


def load(target: str) -> type:
    """The class that `module:Class` names. Raises NotAService."""
    module, _, name = target.partition(":")
    try:
        kind = getattr(import_module(module), name, None)
    except ImportError as error:
        raise NotAService(f"The module of {target} can't be loaded: {error}.") from error
    if not isinstance(kind, type):
        raise NotAService(f"There is no class {name} in {module}.")
    return kind
