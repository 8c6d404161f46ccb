"""Log lines: what is added and what never gets out."""

import json

import pytest
import structlog

from headgate.http.logs import REQUEST_ID, add_request_id, configure, cut_secrets


def test_the_request_is_named_where_there_is_one() -> None:
    assert "request_id" not in add_request_id(None, "info", {"event": "x"})
    token = REQUEST_ID.set("ab-1")
    try:
        assert add_request_id(None, "info", {"event": "x"})["request_id"] == "ab-1"
    finally:
        REQUEST_ID.reset(token)


def test_secrets_are_cut_out_by_name() -> None:
    event = cut_secrets(
        None, "info", {"event": "x", "password": "p", "authorization": "Basic …", "user": "ada"}
    )
    assert event == {"event": "x", "password": "…", "authorization": "…", "user": "ada"}


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_does_not_show_what_a_request_held(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The local variables of a handler hold the Authorization header; they once stood in the log."""

    def handle(headers: dict[str, str]) -> None:
        raise RuntimeError(f"{len(headers)} headers")

    secret = "".join(("c2Vj", "cmV0"))  # put together, as a traceback rightly shows the lines of the source
    configure("info", style)
    try:
        try:
            handle({"authorization": secret})
        except RuntimeError:
            structlog.get_logger("test").exception("unforeseen")
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "1 headers" in said
    assert secret not in said
    if style == "json":
        assert json.loads(said)["exception"][0]["exc_type"] == "RuntimeError"
