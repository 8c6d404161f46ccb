"""Anything may arrive; the answer is a value of ours or the documented failure, and nothing else escapes."""

from base64 import b64encode, encodebytes

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.launch import OsAccount
from headgate.core.scripts import ScriptError, Submitter
from headgate.dialects.soca import parse, submission
from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.naming import with_legal_names
from headgate.scripts.pbs import FLAVOUR

ADA = OsAccount("ada", 1000, 1000, "/home/ada", shell="/bin/bash")
DESK = submission.Desk(account=ADA, home="/home/ada", now=0, time_zone="UTC", host="h", suffix="R" * 10)
TYPES = st.sampled_from(
    [parse.FORM, parse.JSON, "multipart/form-data; boundary=b", "multipart/form-data", "", "text/plain"]
)
BODIES = st.binary(max_size=300) | st.lists(
    st.sampled_from(
        [
            b"--b",
            b"--",
            b"\r\n",
            b"Content-Disposition: form-data; name=",
            b'"a"',
            b"a=1",
            b"&",
            b"%C3",
            b"\xff",
        ]
    )
).map(b"".join)
LINES = st.lists(
    st.sampled_from(
        ["#PBS ", "-N", "-P", " ", "a", "b/c", "'", '"', "\\", "-q high", "-VN", "é", ";", "\n", "true\n"]
    )
).map("".join)


@given(st.binary(max_size=100), TYPES, BODIES)
def test_any_request_has_fields_or_is_refused(query: bytes, content_type: str, body: bytes) -> None:
    try:
        found = parse.fields(query, content_type, body)
    except Failure:
        return
    assert all(isinstance(value, str) for value in found.values())


@given(st.binary(min_size=1, max_size=300))
def test_what_was_encoded_is_decoded(content: bytes) -> None:
    for text in (b64encode(content).decode(), encodebytes(content).decode()):
        assert parse.base64({"x": text}, "x") == content
        assert parse.base64({"x": text.replace("+", " ")}, "x") == content


@given(st.text(max_size=40))
def test_an_id_is_a_number_or_refused(text: str) -> None:
    try:
        found = parse.job_id({"job_id": text})
    except Failure:
        return
    assert text.startswith(str(found.number)) or text.startswith("0")


@given(LINES)
def test_what_qsub_takes_as_it_is_stays_as_it_is(text: str) -> None:
    script = text.encode()
    by = Submitter(now=0, file="job.sh")
    try:
        before = FLAVOUR.parse(script, by)
    except ScriptError:
        return
    after = FLAVOUR.parse(with_legal_names(script), by)
    assert (after.job.queue, after.job.holds) == (before.job.queue, before.job.holds)
    assert after.job.name == before.job.name


@given(LINES)
def test_names_made_legal_are_legal_already(text: str) -> None:
    once = with_legal_names(text.encode())
    assert with_legal_names(once) == once
    assert once.count(b"\n") == text.count("\n")


SCRIPTS = st.binary(max_size=200) | LINES.map(str.encode)
GIVEN = st.dictionaries(st.sampled_from([*submission.ARGUMENTS, "input_file_path"]), st.text(max_size=20))


@given(SCRIPTS, GIVEN)
def test_any_script_is_a_job_in_the_home_or_refused(script: bytes, given_fields: dict[str, str]) -> None:
    try:
        made = submission.submitted(script, given_fields, DESK)
    except Failure:
        return
    assert (made.job.submit_directory + "/").startswith("/home/ada/")
    assert ".." not in made.job.submit_directory.split("/")
