"""objects/settings.py: what can be set, and what a prefix becomes."""

import pytest

from headgate.core.errors import BadRequest
from headgate.objects.settings import ObjectStorageSettings

KEY = {"access_key": "AK", "secret_key": "s"}
GOOD = {"endpoint": "https://s3.example.org", "bucket": "hpc", **KEY}


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": ""},
        {"endpoint": ""},
        {"access_key": ""},
        {"secret_key": ""},
        {"endpoint": "s3.example.org"},
        {"endpoint": "ftp://s3.example.org"},
        {"endpoint": "https://user:word@s3.example.org"},
        {"endpoint": "https://s3.example.org/?a=b"},
        {"bucket": "a/b"},
        {"prefix": "/a"},
        {"prefix": "a//b"},
        {"parallel": 0},
        {"at_once": 0},
        {"per_user": 0},
    ],
)
def test_what_can_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).partition("_")[0]):
        ObjectStorageSettings(**{**GOOD, **wrong})  # type: ignore[arg-type]  # the test's own words


def test_nothing_set_is_no_object_store() -> None:
    assert not ObjectStorageSettings().configured
    assert ObjectStorageSettings(**GOOD).configured  # type: ignore[arg-type]  # the test's own words


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("", ""), ("{user}", "ada/"), ("users/{user}/", "users/ada/"), ("all", "all/"), ("x{user}y", "xaday/")],
)
def test_a_prefix_ends_in_a_slash_and_holds_the_user(prefix: str, expected: str) -> None:
    assert ObjectStorageSettings(prefix=prefix).prefix_of("ada") == expected


@pytest.mark.parametrize("user", ["a/b", "..", ".", ""])
def test_a_user_whose_name_leads_elsewhere_has_no_keys(user: str) -> None:
    with pytest.raises(BadRequest):
        ObjectStorageSettings(prefix="{user}").prefix_of(user)
