"""dialects/soca/page.py and openapi.py: made from the list of operations, and of nothing else."""

import html
import json
import re

from headgate.core.vocabulary import Role
from headgate.dialects.soca import openapi, page
from headgate.dialects.soca.operation import Call, Field, Level, Operation, ok
from headgate.formats.serving import Answer
from headgate.ports.identity import Caller


async def handler(call: Call) -> Answer:
    """Say <what> is `asked` "here"."""
    return ok("x")


FIELDS = (
    Field("payload", "A script", True),
    Field("password", "A <secret>"),
    Field("n", "A number", kind="integer", example="3"),
)
OPERATIONS = (
    Operation(method="POST", path="/a", handler=handler, level=Level.PRIVATE, fields=FIELDS),
    Operation(
        method="GET",
        path="/a",
        handler=handler,
        level=Level.ADMIN,
        fields=FIELDS[2:],
        failures=("QUEUE_EXISTS",),
    ),
)


def test_each_operation_has_a_form_with_its_fields() -> None:
    text = page.page(OPERATIONS).decode()
    assert re.findall(r'data-method="(\w+)" data-path="([^"]+)" data-place="(\w+)"', text) == [
        ("POST", "/api/a", "body"),
        ("GET", "/api/a", "query"),
    ]
    assert '<textarea name="payload" data-encode="base64"' in text
    assert '<input name="password" type="password"' in text
    assert "Say &lt;what&gt; is <code>asked</code> &quot;here&quot;." in text
    assert "<secret>" not in text


def test_an_example_is_sent_only_for_what_has_to_be_said() -> None:
    fields = (Field("id", "", True, example="4711"), Field("state", "", example="Q,R"))
    one = Operation(method="GET", path="/a", handler=handler, level=Level.PRIVATE, fields=fields)
    text = page.page([one]).decode()
    assert '<input name="id" type="text" value="4711"' in text
    assert '<input name="state" type="text" placeholder="Q,R"' in text


def test_page_and_description_tell_how_to_authenticate_and_where_a_key_comes_from() -> None:
    shown = html.unescape(re.sub(r"<[^>]+>", "", page.page(OPERATIONS).decode()))
    described = json.loads(openapi.document(OPERATIONS, "1", strict=False))
    for text in (shown, described["info"]["description"].replace("`", "")):
        for told in (
            "two headers: X-SOCA-USER",
            "and X-SOCA-TOKEN, that user's API key",
            "headgate token create NAME",
            "GET /api/user/api_key?user=NAME",
            "X-SOCA-PASSWORD",
        ):
            assert told in text
    assert "`" not in shown
    schemes = described["components"]["securitySchemes"]
    assert all(one["description"] for one in schemes.values())


def test_the_script_sends_to_this_server_alone() -> None:
    assert b"//" not in re.sub(rb"(?m)^\s*//.*$", b"", page.JAVASCRIPT)
    for word in (b"eval", b"innerHTML", b"localStorage", b"sessionStorage", b"document.cookie"):
        assert word not in page.JAVASCRIPT


def test_the_description_says_where_fields_stand_and_what_may_come_back() -> None:
    paths = json.loads(openapi.document(OPERATIONS, "1", strict=False))["paths"]["/a"]
    schema = paths["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["payload"]
    assert schema["properties"]["n"]["type"] == "integer"
    assert [one["name"] for one in paths["get"]["parameters"]] == ["n"]
    assert "anyOf" in paths["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert "409" not in paths["get"]["responses"]
    strict = json.loads(openapi.document(OPERATIONS, "1", strict=True))["paths"]["/a"]
    assert "409" in strict["get"]["responses"]


def test_every_level_has_its_headers() -> None:
    assert set(openapi._SECURITY) == set(Level)
    assert Call(Caller("ada", Role.USER), {}).owner().name == "ada"
