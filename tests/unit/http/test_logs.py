"""Log lines: what is added and what never gets out."""

from headgate.http.logs import REQUEST_ID, add_request_id, cut_secrets


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
