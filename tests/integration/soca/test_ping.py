"""`GET /ping` (spec soca, section 1, and row 25 of its checklist)."""

import httpx

from tests.integration.soca.conftest import Site


def test_anybody_is_told_that_it_is_alive(site: Site) -> None:
    answer = httpx.get(site.server.url + "/ping")
    assert (answer.status_code, answer.text) == (200, "Alive")


def test_the_first_page_says_where_the_description_is(site: Site) -> None:
    text = httpx.get(site.server.url + "/").text
    assert "/api/api.json" in text
