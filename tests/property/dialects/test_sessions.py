"""Sessions: anything may arrive, whole or in pieces; the answer is ours or the documented fault."""

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from headgate.core.errors import BadRequest
from headgate.core.soa import Request, Response
from headgate.formats.soa_bodies import generic_request
from headgate.formats.soap.generic import GenericRequests
from headgate.formats.soap.reading import Envelope, Envelopes
from headgate.formats.soap.writing import ARRAY_BEGIN, ARRAY_END, Answers, write_request
from tests.compliance.hpcpack.world import Response as HttpResponse
from tests.compliance.windowshpc.test_sessions import ask, created, start
from tests.compliance.windowshpc.world import Legacy

LARGE = 1 << 16
ENVELOPE = write_request(Request(action="urn:a", body=b"<b/>", message_id="urn:1", user_data=b"u"), "b")
MARKUP = (
    b"""<r> </r> <s:Envelope> <!DOCTYPE_r> &a; <!-- --> <![CDATA[ ]]> <?x?> <x:y > /> ' "xmlns:x='urn:x' """
)
PIECES = (
    st.sampled_from([*MARKUP.split(), b"\xff", b"\0", b" ", ARRAY_BEGIN, ARRAY_END])
    | st.sampled_from([ENVELOPE, ENVELOPE[:300], ENVELOPE[300:]])
    | st.binary(max_size=8)
)
BODIES = st.lists(PIECES, max_size=8).map(b"".join)
CUTS = st.lists(st.integers(0, 4000), max_size=5)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({min(one, len(data)) for one in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(at)]


def read(reader: Envelopes | GenericRequests, parts: list[bytes]) -> tuple[list[object], bool]:
    """What is read, and whether it was good to its end."""
    found: list[object] = []
    try:
        for part in parts:
            found += reader.feed(part)
        found += reader.close()
    except BadRequest:
        return found, False
    return found, True


@given(BODIES, CUTS)
def test_how_an_upload_is_cut_does_not_matter(body: bytes, cuts: list[int]) -> None:
    whole = read(Envelopes(LARGE), [body])
    assert read(Envelopes(LARGE), cut(body, cuts)) == whole
    assert read(GenericRequests(LARGE), cut(body, cuts)) == read(GenericRequests(LARGE), [body])


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), CUTS)
def test_what_is_written_is_read(said: list[tuple[str, str, str]], cuts: list[int]) -> None:
    requests = [
        Request(action=f"urn:{action.strip()}", body=generic_request(text), message_id=name.strip())
        for action, name, text in said
    ]
    data = b"".join((ARRAY_BEGIN, *(write_request(one, "b") for one in requests), ARRAY_END))
    found, good = read(Envelopes(1 << 20), cut(data, cuts))
    assert good
    assert found == [
        Envelope(action=one.action.strip(), message_id=one.message_id, client_id="b", body=one.body)
        for one in requests
    ]


@given(WORDS, WORDS, st.integers(0, 2**31 - 1))
def test_whatever_is_in_an_answer_it_is_xml(action: str, reason: str, number: int) -> None:
    response = Response(
        request_action=action, action=action, relates_to=reason, body=b"", fault=number, reason=reason
    )
    etree.fromstring(Answers(reason).write(response))


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[asyncio.Runner, Legacy]]:
    runner = asyncio.Runner()
    world = Legacy()
    runner.run(world.open())
    runner.run(created(world))
    yield runner, world
    runner.run(world.close())
    runner.close()


KINDS = st.sampled_from(["", "application/json", "application/xml", "text/plain"])
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["durable", "commit", "genericservice", "count", "reset", "action", "clientdata"]),
        st.sampled_from(["true", "false", "1", "-1", "x", "%FF", "%00"]),
    ),
    max_size=3,
).map(lambda query: "&".join(f"{name}={value}" for name, value in query))
STARTS = BODIES | st.sampled_from([start(), b"{}", b"[]"]) | st.dictionaries(
    st.sampled_from(["ServiceName", "Username", "Password", "MaxMessageSize", "Runtime", "Environments"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
).map(lambda fields: json.dumps(fields).encode())  # fmt: skip


@given(
    st.sampled_from(
        ["/Sessions/Create", "/Session/31/batch/b", "/Session/31/batch/b/Commit", "/Session/7/Close"]
    ),
    QUERIES,
    STARTS,
    KINDS,
    KINDS,
)
def test_anything_may_arrive(
    world: tuple[asyncio.Runner, Legacy], path: str, query: str, body: bytes, kind: str, accept: str
) -> None:
    runner, legacy = world

    async def asked() -> HttpResponse:
        return await ask(legacy, "POST", f"{path}?{query}", body, kind=kind, accept=accept)

    answer = runner.run(asked())
    assert answer.status in (200, 201, 400, 403, 404, 413, 415), answer
    if answer.status >= 400:
        if answer.headers["content-type"].startswith("application/json"):
            assert accept == "application/json"
            assert set(json.loads(answer.body)) == {"Code", "Message", "Values"}
        else:
            assert etree.fromstring(answer.body).tag.endswith("HpcWebServiceFault")
