"""Which requests come from a page of somebody else."""

import pytest

from headgate.http.limits import is_foreign, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Example.org", "http://example.org:80"),
        ("https://example.org:443/path?x", "https://example.org:443"),
        ("https://[::1]:8443", "https://::1:8443"),
        ("null", ""),
        ("", ""),
        ("file:///x", ""),
        ("http://", ""),
        ("http://x:notaport", ""),
        ("http://[::1", ""),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("origin", "fetch_site", "foreign"),
    [
        (None, None, False),
        ("http://head:8080", None, False),
        ("http://HEAD:8080", "same-origin", False),
        ("https://front.example.org", None, False),
        (None, "none", False),
        (None, "same-origin", False),
        (None, "same-site", True),
        (None, "cross-site", True),
        ("http://head:8080", "cross-site", True),
        ("http://evil.example", None, True),
        ("http://head:8081", None, True),
        ("https://head:8080", None, True),
        ("null", None, True),
        ("", None, True),
        ("nonsense", "same-origin", True),
    ],
)
def test_a_changing_request_of_a_foreign_page_is_known(
    origin: str | None, fetch_site: str | None, foreign: bool
) -> None:
    ours = {origin_of("https://front.example.org")}
    found = is_foreign(scheme="http", host="head:8080", origin=origin, fetch_site=fetch_site, ours=ours)
    assert found is foreign
