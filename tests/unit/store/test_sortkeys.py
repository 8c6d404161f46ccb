"""store/sortkeys.py: any field can be sorted by, or is refused; nothing else happens."""

from collections.abc import Iterator

import msgspec
import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import Instance, Job, Mishap, Run, Share, Task, Times
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import HoldKind
from headgate.store.sortkeys import key, plain, sort_value

FULL_RUN = Run(mishap=Mishap("c", ("p",)), shares=(Share("n", (1,)),), signal=9)
SAMPLES = (
    Job(progress=1, mishap=Mishap("c")),
    Task(run=FULL_RUN, custom={"a": "b"}),
    Instance(
        job_id=1,
        task=1,
        number=1,
        state=TaskState.QUEUED,
        previous_state=TaskState.QUEUED,
        times=Times(),
        run=FULL_RUN,
    ),
)


def paths(value: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(value):
        yield field.name
        inner = getattr(value, field.name)
        if isinstance(inner, msgspec.Struct):
            yield from (f"{field.name}.{path}" for path in paths(inner))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: str(each)[:20])
def test_each_field_has_a_key_or_is_refused(sample: msgspec.Struct) -> None:
    for path in paths(sample):
        try:
            read = sort_value(type(sample), path)
        except BadRequest:
            continue
        value = read(sample)
        assert value is None or isinstance(value, int | str), path
        assert key(value) >= key(None), path


@pytest.mark.parametrize(
    "path", ["", "nothing", "spec", "spec.", ".id", "id.x", "environment", "__class__", "spec.name.x"]
)
def test_what_is_no_field_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="sorted by"):
        sort_value(Job, path)


def test_unset_is_first_and_text_ignores_case() -> None:
    assert key(None) < key(-5) < key(0)
    assert key(None) < key("") < key("a") < key("B")
    assert key("straße") == key("STRASSE")


def test_enumerations_are_their_values_and_tuples_a_text() -> None:
    assert plain(JobState.QUEUED) == 16
    assert plain((HoldKind.USER, HoldKind.SYSTEM)) == '["user","system"]'
    assert plain(("n2", "N1")) == '["n2","N1"]'
    assert plain(()) is None
    assert plain(b"\xff") == "ff"
    assert sort_value(Job, "mishap.code")(Job()) is None
