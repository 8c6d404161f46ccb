"""dialects/windowshpc/soa/info.py: what the compliance tests leave over."""

import pytest

from headgate.dialects.windowshpc.soa.info import broker_node, wants_json


@pytest.mark.parametrize(
    ("public_url", "host", "node"),
    [
        ("https://head.example.org", "10.0.0.1", "head.example.org"),
        ("https://head.example.org:8443/", "10.0.0.1", "head.example.org:8443"),
        ("", "10.0.0.1:8080", "10.0.0.1:8080"),
        ("", "", "HEADGATE"),
    ],
)
def test_the_broker_node_is_a_name_that_reaches_this_server(public_url: str, host: str, node: str) -> None:
    assert broker_node(public_url, host, "HEADGATE") == node


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/html, application/json", True),
        ("application/xml, application/json", False),
        ("nonsense", False),
    ],
)
def test_json_is_for_who_names_it_first(accept: str, wanted: bool) -> None:
    assert wants_json(accept) is wanted
