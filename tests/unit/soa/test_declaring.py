"""soa/declaring.py and calling.py: a class as a service, and a request to it."""

import pytest

from headgate.formats import soa_bodies as bodies
from headgate.formats.soa_frames import ANSWER, FAULT, REQUEST, TEXT, Frame, Splitter
from headgate.soa import Fault, operation, service
from headgate.soa.calling import Callee, load
from headgate.soa.declaring import NotAService, notes_of


@service(namespace="urn:sums", concurrency=3)
class Sums:
    def __init__(self) -> None:
        self.asked = 0

    @operation
    def add(self, a: int, b: int = 1) -> int:
        self.asked += 1
        return a + b

    @operation(name="Forget")
    def forget(self) -> None:
        raise Fault("never")

    @operation
    def quiet(self) -> None:
        pass

    @operation
    def divide(self, a: float, b: float) -> float:
        return a / b

    @operation(generic=True)
    def text(self, text: str) -> str:
        return text[::-1]


def ask(action: str, body: str, kind: int = REQUEST) -> tuple[int, bytes]:
    said: list[str] = []
    (frame,) = Splitter().feed(Callee(Sums, said.append)(Frame(kind, 5, action, body.encode())))
    assert frame.id == 5
    return frame.kind, frame.body


def test_an_operation_is_called_with_what_the_body_says() -> None:
    kind, body = ask("urn:sums/ISums/add", "<add><b>3</b><a>2</a></add>")
    assert (kind, bodies.result(body, int)) == (ANSWER, 5)
    assert body == b'<addResponse xmlns="urn:sums"><addResult>5</addResult></addResponse>'
    assert bodies.result(ask("x/add", "<add><a>2</a></add>")[1], int) == 3


def test_an_operation_that_returns_nothing_answers_with_nothing() -> None:
    assert ask("quiet", "<quiet/>") == (ANSWER, b'<quietResponse xmlns="urn:sums"></quietResponse>')


def test_plain_text_goes_to_the_generic_operation() -> None:
    assert ask("whatever", "abc", TEXT) == (ANSWER, b"cba")


@pytest.mark.parametrize(
    ("action", "body", "says"),
    [
        ("x/Forget", "<Forget/>", b"never"),
        ("x/divide", "<divide><a>1</a><b>0</b></divide>", b"ZeroDivisionError: float division by zero"),
        ("x/nothing", "<nothing/>", b"no operation 'nothing'"),
        ("x/add", "<add/>", b"lacks <a>"),
        ("x/add", "<add><a>one</a></add>", b"<a>"),
        ("x/add", "<add", b"not well-formed"),
    ],
)
def test_what_goes_wrong_is_a_fault_of_this_request(action: str, body: str, says: bytes) -> None:
    kind, said = ask(action, body)
    assert kind == FAULT
    assert says in said


def test_what_is_no_service_is_said() -> None:
    with pytest.raises(NotAService, match="lacks @service"):
        notes_of(int)
    with pytest.raises(NotAService, match="can't be loaded"):
        load("no_such_module_at_all:X")
    with pytest.raises(NotAService, match="no class Nothing"):
        load("headgate.soa.echo:Nothing")
    with pytest.raises(NotAService, match="no @operation"):
        service(type("Empty", (), {}))

    class Untyped:
        @operation
        def f(self, a):  # type: ignore[no-untyped-def]  # which is the point
            return a

    class Many:
        @operation
        def f(self, *a: int) -> int:
            return 0

    class Later:
        @operation
        async def f(self) -> int:
            return 0

    class Twice:
        @operation(name="g")
        def f(self) -> int:
            return 0

        @operation
        def g(self) -> int:
            return 0

    class Odd:
        @operation(generic=True)
        def f(self) -> str:
            return ""

    for kind, says in (
        (Untyped, "no type"),
        (Many, "no name"),
        (Later, "coroutine"),
        (Twice, "two operations"),
        (Odd, "generic"),
    ):
        with pytest.raises(NotAService, match=says):
            service(kind)
    with pytest.raises(NotAService, match="at least 1"):
        service(concurrency=0)(Twice)
