"""Laws of signatures: what was altered is refused, and anything may arrive."""

import contextlib
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.identity.sigv4 import SessionToken, SignaturePolicy, read_signed, signing_key
from headgate.ports.signatures import NotProved, SignedRequest
from tests.unit.identity.sigv4.signing import KEY_ID, MOMENT, NOW, SECRET, Signing

POLICY = SignaturePolicy()
KEY = signing_key(SECRET, MOMENT[:8], "jp-east-1", "hpc-api")
REQUEST = Signing(
    method="POST",
    path="/jobs/4711",
    query="a=1&b=x%20y&c=&c=2",
    headers=(("Content-Type", "application/json"), ("My-Header", "one two")),
    body=b'{"jobfile":"work/run.sh"}',
).request()
WIRE = st.binary(max_size=80)
WORDS = st.sampled_from(
    [
        b"AWS4-HMAC-SHA256 ",
        b"Credential=HPCDOCEXAMPLEKEY0001/20240102/jp-east-1/hpc-api/aws4_request",
        b"SignedHeaders=host;x-amz-date",
        b"Signature=" + b"0" * 64,
        b", ",
        b"=",
        b"/",
        b";",
        b"%",
        b"&",
        b"X-Amz-Signature=0",
        b"X-Amz-Algorithm=AWS4-HMAC-SHA256",
        b"X-Amz-Expires=60",
        MOMENT.encode(),
    ]
)
ANYTHING = st.lists(WORDS | WIRE, max_size=8).map(b"".join)
NAMES = st.sampled_from(
    [b"authorization", b"host", b"x-amz-date", b"x-amz-content-sha256", b"content-type", b"Host", b""]
)


def proved(request: SignedRequest, policy: SignaturePolicy = POLICY) -> bool:
    try:
        signed = read_signed(request, policy, NOW)
    except NotProved:
        return False
    # As whoever looks the key up: another id leads to another key, or to none.
    return signed.claim.key_id == KEY_ID and signed.is_by(KEY)


def altered(text: bytes, place: int, byte: int) -> bytes:
    """One byte of it is another, or one is more at the end."""
    place %= len(text) + 1
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    assume(changed != text)
    return changed


def meaning(query: bytes) -> list[tuple[bytes, bytes]]:
    """What may be spelled and ordered in several ways (spec sigv4, section 4.2)."""
    pieces = (piece.partition(b"=") for piece in query.split(b"&") if piece)
    return sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pieces)


places = given(place=st.integers(0, 10_000), byte=st.integers(0, 255))


def test_what_is_altered_below_is_good_as_it_is() -> None:
    assert proved(REQUEST)


@places
def test_an_altered_byte_of_the_body_is_noticed(place: int, byte: int) -> None:
    assert not proved(replace(REQUEST, body=altered(REQUEST.body, place, byte)))


@places
def test_an_altered_byte_of_the_path_is_noticed(place: int, byte: int) -> None:
    assert not proved(replace(REQUEST, path=altered(REQUEST.path, place, byte)))


@places
@example(place=18, byte=ord("&"))
def test_an_altered_byte_of_the_query_is_noticed_unless_it_means_the_same(place: int, byte: int) -> None:
    changed = altered(REQUEST.query, place, byte)
    assume(meaning(changed) != meaning(REQUEST.query))
    assert not proved(replace(REQUEST, query=changed))


@places
def test_an_altered_byte_of_the_method_is_noticed(place: int, byte: int) -> None:
    changed = altered(REQUEST.method.encode(), place, byte).decode("latin-1")
    assert not proved(replace(REQUEST, method=changed))


@given(which=st.integers(0, 100), place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_an_altered_byte_of_a_signed_header_is_noticed_unless_it_is_a_blank(
    which: int, place: int, byte: int
) -> None:
    sent = list(REQUEST.headers)
    name, value = sent[which % len(sent)]
    changed = altered(value, place, byte)
    assume(name == b"authorization" or changed.replace(b"\t", b" ").split() != value.split())
    assume(
        name != b"authorization" or changed.replace(b"\t", b"").replace(b" ", b"") != value.replace(b" ", b"")
    )
    sent[which % len(sent)] = (name, changed)
    assert not proved(replace(REQUEST, headers=sent))


@given(
    method=st.text(max_size=8),
    path=ANYTHING,
    query=ANYTHING,
    headers=st.lists(st.tuples(NAMES | WIRE, ANYTHING), max_size=8),
    body=WIRE,
    policy=st.builds(
        SignaturePolicy,
        in_query=st.booleans(),
        normalise=st.booleans(),
        encode_again=st.booleans(),
        session_token=st.sampled_from(SessionToken),
    ),
    good=st.booleans(),
)
def test_anything_may_arrive_and_proves_nothing(
    method: str,
    path: bytes,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    policy: SignaturePolicy,
    good: bool,
) -> None:
    if good:
        # Far enough in to come upon the rest of it.
        headers = [*REQUEST.headers, *headers]
    request = SignedRequest(method=method, path=path, query=query, headers=headers, body=body)
    with contextlib.suppress(NotProved):
        assert not read_signed(request, policy, NOW).is_by(KEY)
