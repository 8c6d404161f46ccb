"""dialects/hpcpack/errors.py: spec hpcpack-2016, section 2.4."""

import json

from headgate.core import errors as core
from headgate.dialects.hpcpack.errors import message_of, refusal_body


def test_the_text_stands_behind_the_first_exception_on_one_line() -> None:
    message = message_of(400, core.BadRequest("no\nsuch\r\n Exception: here\t"))
    assert message == "Bad request. Exception: no such Exception: here"
    assert message.lower().index("exception:") == message.index("Exception: no")


def test_ordinary_letters_are_not_escaped() -> None:
    kind, body = refusal_body(404, core.NotFound('Kein Knoten "é€😀\\"', kind="node"), "request")
    assert kind == "application/json; charset=utf-8"
    assert "Kein Knoten" in body.decode()
    assert "é€😀" in body.decode()
    assert json.loads(body) == {"Message": 'Not found. Exception: Kein Knoten "é€😀\\"'}
