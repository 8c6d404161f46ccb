"""dialects/soca/parse.py: spec soca, sections 1 and 4."""

import json
from base64 import b64encode, encodebytes

import pytest

from headgate.core.errors import NotSupported
from headgate.dialects.soca import parse
from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.parse import JobId

FORM = "application/x-www-form-urlencoded"


def multipart(*parts: tuple[str, bytes], boundary: str = "b") -> tuple[str, bytes]:
    """Content-Type and body."""
    lines = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return f"multipart/form-data; boundary={boundary}", lines + f"--{boundary}--\r\n".encode()


def refused(query: bytes, content_type: str, body: bytes) -> str:
    with pytest.raises(Failure) as caught:
        parse.fields(query, content_type, body)
    return caught.value.code


def test_fields_are_taken_from_wherever_they_stand() -> None:
    assert parse.fields(b"a=1&b=%C3%A9", FORM, b"c=x+y") == {"a": "1", "b": "é", "c": "x y"}
    assert parse.fields(b"", "", b"a=1") == {"a": "1"}
    body = json.dumps({"a": 1, "b": True, "c": None, "d": "t"}).encode()
    assert parse.fields(b"", "application/json; charset=utf-8", body) == {"a": "1", "b": "true", "d": "t"}


def test_parts_of_a_multipart_form_are_fields_whether_files_or_not() -> None:
    content_type, body = multipart(('name="a"', b"1"), ('name="f"; filename="x.sh"', b"two\r\nlines"))
    assert parse.fields(b"", content_type, body) == {"a": "1", "f": "two\r\nlines"}


def test_the_same_said_twice_is_said_once_and_otherwise_refused() -> None:
    assert parse.fields(b"job_id=5", FORM, b"job_id=5") == {"job_id": "5"}
    assert refused(b"job_id=5", FORM, b"job_id=6") == "CLIENT_INVALID_PARAMETER"
    assert refused(b"job_id=5&job_id=6", "", b"") == "CLIENT_INVALID_PARAMETER"


@pytest.mark.parametrize("name", ["password", "payload", "token", "file_content"])
def test_no_secret_is_taken_from_a_query(name: str) -> None:
    assert refused(f"{name}=x".encode(), "", b"") == "CLIENT_INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"a=%ff"),
        (FORM, b"&".join(b"a%d=1" % n for n in range(200))),
        ("application/json", b"[1]"),
        ("application/json", b'{"a": [1]}'),
        ("application/json", b'{"a": '),
        ("multipart/form-data", b"--b\r\n\r\n"),
        ("multipart/form-data; boundary=b", b"what"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf'),
        (*multipart(('name="a"', b"\xff")),),
        (*multipart(*[(f'name="a{n}"', b"1") for n in range(200)]),),
    ],
)
def test_a_body_that_is_none_is_refused(content_type: str, body: bytes) -> None:
    assert refused(b"", content_type, body) == "CLIENT_INVALID_PARAMETER"


def test_a_body_of_another_kind_is_unsupported() -> None:
    assert refused(b"", "text/xml", b"<a/>") == "UNSUPPORTED_MEDIA"


SCRIPT = b"#!/bin/bash\necho '>>>???' " + b"x" * 100 + b"\n"


@pytest.mark.parametrize(
    "text",
    [
        b64encode(SCRIPT).decode(),
        encodebytes(SCRIPT).decode(),
        encodebytes(SCRIPT).decode().replace("\n", "\r\n"),
        b64encode(SCRIPT).decode().replace("+", " "),  # a form that was not percent-encoded
    ],
)
def test_base64_is_read_as_clients_write_it(text: str) -> None:
    assert parse.payload({"payload": text}) == SCRIPT


def test_the_script_of_these_tests_has_a_plus_in_base64() -> None:
    assert "+" in b64encode(SCRIPT).decode()


@pytest.mark.parametrize("text", ["abc", "#!/bin/bash", "aGk", "aGk=x", "é", "aGk-", "", "IA=="])
def test_what_is_no_base64_of_a_script_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="payload"):
        parse.payload({"payload": text})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4711", JobId(4711)),
        ("4711[]", JobId(4711, array=True)),
        ("4711[3]", JobId(4711, 3, array=True)),
        ("4711[3].head1.example.org", JobId(4711, 3, array=True)),
        ("4711.head-1", JobId(4711)),
    ],
)
def test_an_id_is_one_id(text: str, found: JobId) -> None:
    assert parse.job_id({"job_id": text}) == found


@pytest.mark.parametrize("text", ["5 6", "5;6", "-1", "5[", "5[a]", "x", "5\n", "5.a b", "５", "1" * 19])
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(Failure) as caught:
        parse.job_id({"job_id": text})
    assert caught.value.code == "CLIENT_INVALID_PARAMETER"


def test_numbers_and_switches_are_read_or_refused_by_name() -> None:
    assert parse.integer({"uid": "-5"}, "uid") == -5
    assert parse.integer({}, "uid", 7) == 7
    with pytest.raises(Failure, match=r"uid \(int\)"):
        parse.integer({}, "uid")
    with pytest.raises(Failure) as caught:
        parse.integer({"uid": "abc"}, "uid")
    assert caught.value.body == {"uid": "'abc' is not a whole number of up to 10 digits"}
    assert parse.switch({"history": "1"}, "history")
    assert not parse.switch({"history": "no"}, "history")
    assert not parse.switch({}, "history")
    with pytest.raises(Failure, match="history"):
        parse.switch({"history": "maybe"}, "history")


@pytest.mark.parametrize("path", ["", "qsub", "/opt/pbs/bin/qsub", "openpbs"])
def test_submitting_is_what_is_done(path: str) -> None:
    parse.check_interpreter({"interpreter": path})


@pytest.mark.parametrize("path", ["/bin/bash", "/bin/sh -c id; qsub", "/bin/xqsub"])
def test_nothing_is_run_at_once(path: str) -> None:
    with pytest.raises(NotSupported):
        parse.check_interpreter({"interpreter": path})
