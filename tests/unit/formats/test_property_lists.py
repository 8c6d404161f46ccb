"""formats/property_lists.py: spec hpcpack-2016, section 2.1."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import Job, JobSpec, Mishap, Task, TaskSpec
from headgate.core.properties import JOB, NODE, TASK, JobPriority, JobSubject, Registry, TaskSubject
from headgate.core.properties.text_forms import write
from headgate.formats.property_lists import Renderer, changes, columns, read_json, spell_json, texts


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        (b"", []),
        (b"  \r\n", []),
        (b"null", []),
        (b"[]", []),
        (b'[{"Name":"Name","Value":"demo"}]', [("Name", "demo")]),
        (
            b'[{"name":"Name","VALUE":"x"}]',
            [("Name", "x")],
        ),  # keys in any case: the acceptance test sends these
        (b'\xef\xbb\xbf[{"Value":"x","Name":"n"}]', [("n", "x")]),
        (b'[{"Name":"n","Value":4},{"Name":"m","Value":-1.50}]', [("n", "4"), ("m", "-1.50")]),
        (b'[{"Name":"n","Value":true},{"Name":"m","Value":false}]', [("n", "True"), ("m", "False")]),
        (b'[{"Name":"n","Value":null},{"Name":"m"}]', [("n", None), ("m", None)]),
        (b'[{"Name":"n","Type":"x","Value":"v"}]', [("n", "v")]),
        ('[{"Name":"n","Value":"Δ\\u20ac\\n"}]'.encode(), [("n", "Δ€\n")]),
        (b'[{"Name":"n","Value":123456789012345678901234567890}]', [("n", "123456789012345678901234567890")]),
    ],
)
def test_property_lists_as_clients_send_them(body: bytes, pairs: list[tuple[str, str | None]]) -> None:
    assert list(read_json(body)) == pairs


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not a list"),
        (b'[{"Name":"n","Value":"v"}', "truncated"),
        (b'[{"Name":"n","Value":nope}]', "byte 22"),
        (b'{"Name":"n","Value":"v"}', "got `object`"),
        (b'"Name"', "got `str`"),
        (b"[1]", "$[0]"),
        (b'[[{"Name":"n"}]]', "got `array`"),
        (b"[{}]", "Property 1 of the list has no name"),
        (b'[{"Name":"a","Value":"b"},{"Value":"v"}]', "Property 2 of the list has no name"),
        (b'[{"Name":""}]', "has no name"),
        (b'[{"Name":null}]', "has no name"),
        (b'[{"Name":{}}]', "an object"),
        (b'[{"Name":"n","Value":[1]}]', "'n' is not a text but a list"),
        (b'[{"Name":"n","Value":{"a":1}}]', "'n' is not a text but an object"),
        (b'[{"Name":"n","name":"m"}]', "name twice"),
        (b'[{"Name":"n","Value":"a\\u0000b"}]', "'n' holds U+0000 at character 2"),
        (b'[{"Name":"\\u0001"}]', "U+0001"),
        (b'[{"Name":"n","Value":"\xff"}]', "byte 22 is 0xff"),
        (b'[{"Name":"n","Value":"\\ud800"}]', "not a list"),
        (b"\xff\xfe[\x00]\x00", "not UTF-8"),
        (b"[" * 100_000, "not a list"),
        (b'[{"Value":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "nested too deeply"),
        (b'[{"Value":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]", "nested too deeply"),
        (b"[" + b",".join([b'{"Name":"n"}'] * 10_001) + b"]", "10001 properties"),
        (b"[] []", "trailing"),
    ],
)
def test_malformed_lists_are_refused_with_the_place(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_json(body)
    assert said in caught.value.text
    assert len(caught.value.text) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["Name", "value", "x"]), inner)
    ),
)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_may_arrive(body: bytes) -> None:
    size = 0
    try:
        for registry in (JOB, TASK):
            changes(registry, read_json(body))
        texts(read_json(body))
    except BadRequest as error:
        size = len(error.text)
    assert size < 1000


def test_values_are_typed_by_their_property() -> None:
    pairs = [
        ("name", "demo"),
        ("PRIORITY", "AboveNormal"),
        ("MinimumNumberOfProcessors", "2"),
        ("IsExclusive", None),
    ]
    assert changes(JOB, pairs) == {
        JOB["Name"]: "demo",
        JOB["Priority"]: JobPriority.ABOVE_NORMAL,
        JOB["MinCores"]: 2,
        JOB["IsExclusive"]: None,
    }


def test_a_read_only_property_is_left_to_the_rules_about_setting() -> None:
    assert changes(JOB, [("State", "Running"), ("Id", "x")]) == {JOB["State"]: "Running", JOB["Id"]: "x"}


def test_an_unknown_property_is_refused_by_name() -> None:
    with pytest.raises(BadProperty) as caught:
        changes(JOB, [("Colour", "red")])
    assert caught.value.name == "Colour"


def test_two_values_for_one_property_are_refused_and_the_same_twice_is_not() -> None:
    assert changes(JOB, [("MinCores", "1"), ("mincores", "01")]) == {JOB["MinCores"]: 1}
    with pytest.raises(BadProperty) as caught:
        changes(JOB, [("MinCores", "1"), ("MinimumNumberOfProcessors", "2")])
    assert caught.value.name == "MinCores"
    assert texts([("a", "1"), ("a", "1"), ("A", "2"), ("b", None)]) == {"a": "1", "A": "2", "b": None}
    with pytest.raises(BadRequest):
        texts([("a", "1"), ("a", "2")])


def test_a_password_is_in_no_error() -> None:
    with pytest.raises(BadProperty) as caught:
        changes(JOB, [("Password", "s3cret"), ("password", "other")])
    assert "s3cret" not in caught.value.text
    assert "other" not in caught.value.text


def test_columns_are_found_in_the_order_of_the_request() -> None:
    assert [entry.name for entry in columns(JOB, "state, id,,STATE")] == ["State", "Id"]
    assert columns(JOB, " , ") == ()
    for wrong in ("Id,Colour", "Password"):
        with pytest.raises(BadProperty):
            columns(JOB, wrong)


# ---- writing


def decoded(fragments: list[str]) -> dict[str, str]:
    rows: Any = json.loads("[" + ",".join(fragments) + "]")
    assert all(list(row) == ["Name", "Value"] for row in rows)
    return {row["Name"]: row["Value"] for row in rows}


def test_a_job_is_written_as_the_registry_reads_it() -> None:
    job = Job(
        id=37, owner='D\\"x', spec=JobSpec(name="ä\n\u2028<&", runtime_s=5), mishap=Mishap("UnknownError")
    )
    subject = JobSubject(job, (4, 5))
    got = decoded(Renderer(JOB.readable(), spell_json).spelled(subject))
    assert got == {entry.name: write(entry, entry.read(subject)) for entry in JOB.readable()}
    assert list(got) == [entry.name for entry in JOB.readable()]


@pytest.mark.parametrize("registry", [JOB, TASK, NODE], ids=["job", "task", "node"])
def test_names_and_values_are_strings(registry: Registry) -> None:
    for entry in registry.readable():
        assert msgspec.json.decode(spell_json(entry.name, 'a"\\\x01\u007f'))["Value"] == 'a"\\\x01\u007f'


def test_private_properties_read_as_empty_for_others() -> None:
    task = Task(job_id=1, number=1, spec=TaskSpec(command_line="secret", name="shown", user_blob="mine"))
    renderer = Renderer(columns(TASK, "Name,CommandLine,UserBlob,Output"), spell_json)
    subject = TaskSubject.of(task, output=b"secret")
    hidden = {"Name": "shown", "CommandLine": "", "UserBlob": "", "Output": ""}
    assert decoded(renderer.spelled(subject, full=False)) == hidden
    assert decoded(renderer.spelled(subject, full=False, own=False)) == hidden
    operator = decoded(renderer.spelled(subject, own=False))
    assert operator == {"Name": "shown", "CommandLine": "secret", "UserBlob": "", "Output": "secret"}
    assert decoded(renderer.spelled(subject))["UserBlob"] == "mine"


@given(st.text())
def test_any_text_is_written_so_that_it_can_be_read(text: str) -> None:
    assert json.loads(spell_json("n", text)) == {"Name": "n", "Value": text}


def test_another_spelling_gets_every_value() -> None:
    renderer = Renderer(columns(JOB, "Id,Name,IsExclusive"), lambda name, value: f"<{name}>{value}</{name}>")
    got = renderer.spelled(JobSubject(Job(id=3, spec=JobSpec(name="n"))))
    assert got == ["<Id>3</Id>", "<Name>n</Name>", "<IsExclusive>False</IsExclusive>"]
