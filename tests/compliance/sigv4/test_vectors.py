"""The published vectors, each judged as a request that arrived, signed in its header and signed in its query.

`vectors.json` says where they are from. They write paths and queries raw; header lines may be folded, which
what reads HTTP undoes or refuses before us.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.identity.sigv4 import SessionToken, SignaturePolicy, Signed, read_signed, signing_key
from headgate.ports.signatures import NotProved, SignedRequest

CASES = json.loads((Path(__file__).parent / "vectors.json").read_text())["cases"]
FORMS = ("header", "query")
each_case = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
each_form = pytest.mark.parametrize("form", FORMS)


def arrived(text: str) -> SignedRequest:
    """A request as it is on the wire."""
    head, _, body = text.encode().partition(b"\n\n")
    first, *lines = re.sub(rb"\n[ \t]+", b" ", head).split(b"\n")
    method, target = first.removesuffix(b" HTTP/1.1").split(b" ", 1)
    path, _, query = target.partition(b"?")
    headers = [(name.lower(), value) for name, _, value in (line.partition(b":") for line in lines if line)]
    return SignedRequest(method=method.decode(), path=path, query=query, headers=headers, body=body)


def policy(context: dict[str, Any]) -> SignaturePolicy:
    """What the case was signed under."""
    unsigned = context.get("omit_session_token", False)
    return SignaturePolicy(
        regions=(context["region"],),
        services=(context["service"],),
        in_query=True,
        normalise=context["normalize"],
        session_token=SessionToken.UNSIGNED if unsigned else SessionToken.SIGNED,
    )


def time_of(context: dict[str, Any]) -> int:
    """UTC microseconds."""
    at = datetime.strptime(context["timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000_000


def read(case: dict[str, Any], form: str) -> tuple[Signed, bytes]:
    """What was read of it, and the right key."""
    context = case["context"]
    found = read_signed(arrived(case[form]["signed-request"]), policy(context), time_of(context))
    key = signing_key(
        context["credentials"]["secret_access_key"],
        context["timestamp"][:10].replace("-", ""),
        context["region"],
        context["service"],
    )
    return found, key


def test_all_published_cases_are_here() -> None:
    assert len(CASES) == 38


@each_form
@each_case
def test_a_published_request_is_accepted(case: dict[str, Any], form: str) -> None:
    found, key = read(case, form)
    assert found.claim.key_id == case["context"]["credentials"]["access_key_id"]
    assert found.canonical.decode() == case[form]["canonical-request"]
    assert found.text.decode() == case[form]["string-to-sign"]
    assert found.signature(key) == case[form]["signature"]
    assert found.is_by(key)


@each_form
@each_case
def test_a_published_request_with_another_body_method_or_key_is_not(case: dict[str, Any], form: str) -> None:
    context = case["context"]
    request = arrived(case[form]["signed-request"])
    _, key = read(case, form)
    for changed in (replace(request, body=request.body + b"x"), replace(request, method="PUT")):
        try:
            assert not read_signed(changed, policy(context), time_of(context)).is_by(key)
        except NotProved:
            pass  # it says the hash of its body
    assert not read(case, form)[0].is_by(key[:-1] + bytes([key[-1] ^ 1]))
