"""identity/sigv4: what is refused, what has to be accepted, and the vectors of spec sigv4, section 11.

Everything refused here carries a signature that is right for what was signed, unless the signature is what
the test is about.
"""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from msgspec.structs import replace

from headgate.identity.sigv4 import SessionToken, SignaturePolicy, Signed, read_signed, signing_key
from headgate.ports.signatures import NotProved, SignedRequest, Unproved
from tests.unit.identity.sigv4.signing import HOST, JSON, KEY_ID, MOMENT, NOW, SECRET, Signing

POLICY = SignaturePolicy()
PRESIGNED = SignaturePolicy(in_query=True)
KEY = signing_key(SECRET, MOMENT[:8], "jp-east-1", "hpc-api")
BODY = b'{"jobfile":"work/run.sh"}'
POST = Signing(method="POST", headers=(JSON,), body=BODY)
PLAIN = Signing().authorization()
ANOTHER_SCHEME = (
    "",
    " ",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 ",
    "NIFTY4-HMAC-SHA256" + PLAIN[16:],
    "AWS4-ECDSA-P256-SHA256" + PLAIN[16:],
    "aws4-hmac-sha256" + PLAIN[16:],
    "AWS4-HMAC-SHA256," + PLAIN[17:],
    "AWS4-HMAC-SHA256\v" + PLAIN[17:],
    f"AWS {KEY_ID}:c2lnbmF0dXJl",
    f"AWS3-HTTPS AWSAccessKeyId={KEY_ID}",
    "Basic YWRhOmVuZ2luZQ==",
    "Bearer hg_0",
)


def read(request: SignedRequest, policy: SignaturePolicy = POLICY, *, now: int = NOW) -> Signed:
    return read_signed(request, policy, now)


def good(request: SignedRequest, policy: SignaturePolicy = POLICY, *, now: int = NOW) -> bool:
    return read(request, policy, now=now).is_by(KEY)


def lack(request: SignedRequest, policy: SignaturePolicy = POLICY, *, now: int = NOW) -> Unproved:
    with pytest.raises(NotProved) as refused:
        read(request, policy, now=now)
    return refused.value.lack


def said(header: str) -> Unproved:
    """What a request with this Authorization lacks."""
    return lack(Signing().request(authorization=header))


def without(request: SignedRequest, name: bytes) -> SignedRequest:
    return replace(request, headers=[one for one in request.headers if one[0] != name])


# ---- section 11


@pytest.mark.parametrize(
    ("signing", "canonical", "signature"),
    [
        (
            Signing(),
            "385538f07dd8452b459205f2c7d12bd4bda1368b55f629159db08aba85cafa6e",
            "503304cc01b10ffd4c2635b255c7a30afa06b480d29504c66dbb2310df235529",
        ),
        (
            Signing(method="DELETE", path="/jobs/4711"),
            "5661a45da3645815e2400a89748c4f2dd4534fa84e117f359e674d8e0371e34e",
            "b67eb71881d9ed21a339dff24c0f5c289423296e8c09a839a31ede786c166a13",
        ),
        (
            POST,
            "bb4b2478de10e831fe9769ce90f85e418cc61a788a036425de43280158270485",
            "b7f2d946011ea47518caa5c62a53d72f0023082243e6068ecd41fe20f5c5bd5b",
        ),
        (
            Signing(
                method="POST",
                path="/files/sync",
                headers=(JSON,),
                body=b'{"path":"work/in","direction":"from_online","delete":true}',
            ),
            "db899d2ca57e6a11142a79074eb0b6b9f6f8e522378ba12e412ae173f3f8caaf",
            "93134ac6dff906fe4f9d2c137d5c322e2bd5bf1995ea01f5a06fbdbfe350284a",
        ),
    ],
)
def test_the_vectors_of_this_api_are_reproduced(signing: Signing, canonical: str, signature: str) -> None:
    found = read(signing.request())
    assert sha256(found.canonical).hexdigest() == canonical
    assert found.signature(KEY) == signing.signature() == signature
    assert found.is_by(KEY)
    assert found.claim.key_id == KEY_ID


def test_the_signing_key_of_this_api_is_reproduced() -> None:
    assert KEY.hex() == "4da5da697976c3031782a6588234b28a6f8a1695eb7ed27d7fdc6aa5bed7d529"


# ---- section 9, row by row


@pytest.mark.parametrize("header", ANOTHER_SCHEME)
def test_another_scheme_or_none_lacks_an_access_key(header: str) -> None:
    """Rows 1 and 19."""
    request = without(Signing().request(), b"authorization")
    sent = [*request.headers, (b"authorization", header.encode())]
    assert lack(replace(request, headers=sent)) is Unproved.NO_ACCESS_KEY


def test_no_authorization_at_all_lacks_an_access_key() -> None:
    assert lack(Signing().request(authorization="")) is Unproved.NO_ACCESS_KEY


@pytest.mark.parametrize("credential", [r"Credential=[^,]*, ", r"(?<=Credential=)[^,]*"])
def test_no_credential_lacks_an_access_key(credential: str) -> None:
    assert said(re.sub(credential, "", PLAIN)) is Unproved.NO_ACCESS_KEY


@pytest.mark.parametrize(
    "part", [r", Signature=\w*", r"(?<=Signature=)\w*", r", SignedHeaders=[^,]*", r"(?<=SignedHeaders=)[^,]*"]
)
def test_a_credential_without_its_signature_lacks_a_signature(part: str) -> None:
    """Row 2."""
    assert said(re.sub(part, "", PLAIN)) is Unproved.NO_SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        PLAIN + ", Signature=" + "0" * 64,
        PLAIN + ", More=1",
        PLAIN + ", more",
        PLAIN + ",",
        PLAIN.replace("Credential=", "credential="),
        PLAIN.replace("Signature=", "Signature"),
        PLAIN.replace("Credential=", "Credential ="),
        PLAIN + " " * 9000,
    ],
)
def test_anything_but_the_three_parameters_once_each_is_refused(header: str) -> None:
    """Row 3."""
    assert said(header) is Unproved.REFUSED


def test_two_authorization_headers_are_refused() -> None:
    for other in (PLAIN, "Basic YWRhOmVuZ2luZQ==", ""):
        assert lack(Signing().request(("authorization", other))) is Unproved.REFUSED


@pytest.mark.parametrize(
    "scope",
    [
        "/20240102/jp-east-1/hpc-api/aws4_request",
        f"{KEY_ID}/20240102/jp-east-1/hpc-api",
        f"{KEY_ID}/20240102/jp-east-1/hpc-api/aws4_request/",
        f"{KEY_ID}//jp-east-1/hpc-api/aws4_request",
        f"{KEY_ID}/20240102//hpc-api/aws4_request",
        f"{KEY_ID}/20240102/jp-east-1//aws4_request",
        f"{KEY_ID}/20240102/jp-east-1/hpc-api/",
        f"a/{KEY_ID}/20240102/jp-east-1/hpc-api/aws4_request",
        f"{KEY_ID} /20240102/jp-east-1/hpc-api/aws4_request",
        f"{KEY_ID}=/20240102/jp-east-1/hpc-api/aws4_request",
        f"{'K' * 129}/20240102/jp-east-1/hpc-api/aws4_request",
        "キー/20240102/jp-east-1/hpc-api/aws4_request",
    ],
)
def test_a_credential_of_other_than_five_good_elements_is_refused(scope: str) -> None:
    """Row 4."""
    header = re.sub(r"(?<=Credential=)[^,]*", scope, PLAIN)
    sent = [(name, value) for name, value in Signing().request(authorization="").headers]
    request = replace(Signing().request(), headers=[*sent, (b"authorization", header.encode())])
    assert lack(request) is Unproved.REFUSED


@pytest.mark.parametrize(
    "signing",
    [
        Signing(region="us-east-1"),
        Signing(region="JP-EAST-1"),
        Signing(service="s3"),
        Signing(date="20240101"),
        Signing(date="2024010"),
        Signing(date="today..."),
    ],
)
def test_a_scope_of_elsewhere_or_another_day_is_refused(signing: Signing) -> None:
    """Row 5."""
    assert lack(signing.request()) is Unproved.REFUSED


def test_another_terminator_is_refused() -> None:
    assert said(PLAIN.replace("aws4_request", "nifty4_request")) is Unproved.REFUSED


def test_every_combination_of_accepted_regions_and_services_is_accepted() -> None:
    policy = SignaturePolicy(regions=("jp-east-1", "jp-west-1"), services=("hpc-api", "hpc"))
    for region in policy.regions:
        for service in policy.services:
            found = read(Signing(region=region, service=service).request(), policy)
            assert found.is_by(signing_key(SECRET, "20240102", region, service))
    assert lack(Signing(region="jp-east-2").request(), policy) is Unproved.REFUSED


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "20240102",
        "20240102T030405",
        "20240102T030405z",
        "2024-01-02T03:04:05Z",
        "20240102T030405+0000",
        "20240102T030405Z ; Z",
        "Tue, 02 Jan 2024 03:04:05 GMT",
        "20240102T240000Z",
        "20240102T036005Z",
        "20240102T030460Z",
    ],
)
def test_a_date_that_is_none_is_refused(moment: str) -> None:
    """Row 6."""
    assert lack(Signing(moment=moment).request()) is Unproved.REFUSED


@pytest.mark.parametrize("day", ["20240230", "20241301", "00000101", "20230229"])
def test_a_day_that_is_in_no_calendar_is_refused(day: str) -> None:
    assert lack(Signing(moment=day + "T000000Z", date=day).request()) is Unproved.REFUSED


def test_digits_of_other_alphabets_are_no_date() -> None:
    sent = Signing().request()
    headers = [(n, "２0240102T030405Z".encode() if n == b"x-amz-date" else v) for n, v in sent.headers]
    assert lack(replace(sent, headers=headers)) is Unproved.REFUSED


def test_a_missing_or_repeated_date_is_refused() -> None:
    assert lack(without(Signing().request(), b"x-amz-date")) is Unproved.REFUSED
    assert lack(Signing().request(("x-amz-date", MOMENT))) is Unproved.REFUSED
    dated = without(Signing().request(("date", "Tue, 02 Jan 2024 03:04:05 GMT")), b"x-amz-date")
    assert lack(dated) is Unproved.REFUSED


@pytest.mark.parametrize("window", [1, 300, 900])
def test_a_request_is_good_to_the_edges_of_the_window_and_not_beyond(window: int) -> None:
    """Row 7."""
    policy = SignaturePolicy(window_s=window)
    for away in (-window, 0, window):
        assert good(Signing().request(), policy, now=NOW + away * 1_000_000)
    for away in (-window, window):
        beyond = NOW + away * 1_000_000 + (1 if away > 0 else -1)
        assert lack(Signing().request(), policy, now=beyond) is Unproved.EXPIRED


def test_a_window_is_1_to_900_seconds() -> None:
    for window in (0, -1, 901):
        with pytest.raises(ValueError, match=str(window)):
            SignaturePolicy(window_s=window)


def test_a_request_is_good_over_midnight() -> None:
    """The day is that of the request, not the server's."""
    signing = Signing(moment="20240101T235959Z", date="20240101")
    found = read(signing.request(), now=NOW - (3 * 3600 + 4 * 60) * 1_000_000)
    assert found.is_by(signing_key(SECRET, "20240101", "jp-east-1", "hpc-api"))


@pytest.mark.parametrize("name", ["host", "x-amz-date"])
def test_what_has_to_be_signed_and_is_not_is_refused(name: str) -> None:
    """Row 8."""
    assert lack(Signing(unsigned=frozenset({name})).request()) is Unproved.REFUSED


@pytest.mark.parametrize(
    "names",
    [
        "x-amz-date;host",
        "host;host;x-amz-date",
        "Host;x-amz-date",
        "host;;x-amz-date",
        ";host;x-amz-date",
        "host;x-amz-date;",
        "host; x-amz-date",
        "host:x-amz-date",
        "absent;host;x-amz-date",
    ],
)
def test_names_out_of_order_or_of_no_header_are_refused(names: str) -> None:
    """Row 9."""
    assert said(PLAIN.replace("host;x-amz-date", names)) is Unproved.REFUSED


@pytest.mark.parametrize(
    "spoil",
    [str.upper, lambda text: text[:-1], lambda text: text + "0", lambda text: text[:-1] + "g", lambda _: "-"],
)
def test_a_signature_of_other_than_64_lower_case_hex_digits_is_refused(spoil: Callable[[str], str]) -> None:
    """Row 10."""
    assert said(re.sub(r"\w+$", lambda found: spoil(found[0]), PLAIN)) is Unproved.REFUSED


def test_a_signature_by_another_secret_is_not_by_this_key() -> None:
    """Row 12 (11, unknown keys, is where keys are looked up)."""
    assert not good(Signing(secret=SECRET[:-1] + "O").request())
    assert not good(Signing().request(authorization=re.sub(r"\w{64}$", "0" * 64, PLAIN)))


@pytest.mark.parametrize(
    "value",
    [
        "0" * 64,
        sha256(BODY).hexdigest().upper(),
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
    ],
)
def test_a_hash_that_is_not_that_of_the_body_is_refused_signed_or_not(value: str) -> None:
    """Row 13."""
    assert lack(POST.request(("x-amz-content-sha256", value))) is Unproved.REFUSED
    signed = replace(POST, headers=(JSON, ("X-Amz-Content-Sha256", value)))
    assert lack(signed.request()) is Unproved.REFUSED


@pytest.mark.parametrize(
    "header",
    [("host", HOST), JSON, ("content-length", "25"), ("x-amz-content-sha256", sha256(BODY).hexdigest())],
)
def test_a_header_that_readers_may_take_differently_is_refused_when_repeated(header: tuple[str, str]) -> None:
    """Row 14."""
    twice = without(POST.request(), header[0].lower().encode())
    name, value = header[0].lower().encode(), header[1].encode()
    assert lack(replace(twice, headers=[*twice.headers, (name, value), (name, value)])) is Unproved.REFUSED


def test_a_session_token_is_refused_in_the_header_and_in_the_query() -> None:
    """Row 15."""
    token = ("X-Amz-Security-Token", "AQoDYXdzEPT")
    assert lack(Signing(headers=(token,)).request()) is Unproved.REFUSED
    assert lack(Signing().request(token)) is Unproved.REFUSED
    assert lack(Signing(query="X-Amz-Security-Token=AQoDYXdzEPT").request()) is Unproved.REFUSED


def test_a_session_token_where_there_are_some_has_to_be_signed() -> None:
    policy = SignaturePolicy(session_token=SessionToken.SIGNED)
    token = ("X-Amz-Security-Token", "AQoDYXdzEPT")
    assert good(Signing(headers=(token,)).request(), policy)
    assert lack(Signing().request(token), policy) is Unproved.REFUSED
    assert lack(Signing(headers=(token, token)).request(), policy) is Unproved.REFUSED


@pytest.mark.parametrize("name", ["X-Amz-Algorithm", "X-Amz-Signature", "X%2DAmz-Signature"])
def test_a_signature_in_the_query_is_refused_beside_a_header_and_nothing_without(name: str) -> None:
    """Row 16 and section 8."""
    signing = Signing(query=f"{name}=x".replace("%2D", "-"))
    request = replace(signing.request(), query=f"{name}=x".encode())
    assert lack(request) is Unproved.REFUSED
    assert lack(request, PRESIGNED) is Unproved.REFUSED
    assert lack(without(request, b"authorization")) is Unproved.NO_ACCESS_KEY


@pytest.mark.parametrize("query", ["a=%", "a=%4", "a=%zz", "%", "a=%%41", "a=b&%f"])
def test_a_query_that_encodes_nothing_is_refused(query: str) -> None:
    """Row 18."""
    assert lack(Signing(query=query).request()) is Unproved.REFUSED


@pytest.mark.parametrize(
    "path", ["/..", "/../jobs", "/jobs/../../jobs", "http://elsewhere/jobs", "*", "jobs"]
)
def test_a_target_that_is_no_path_below_the_root_is_refused(path: str) -> None:
    """Row 17; that `//jobs` is no route is the face's to say."""
    assert lack(Signing(path=path).request()) is Unproved.REFUSED


@pytest.mark.parametrize("method", ["get", "Get", "", "GET\n", "G T"])
def test_a_method_that_is_not_in_upper_case_is_refused(method: str) -> None:
    assert lack(Signing(method=method).request()) is Unproved.REFUSED


def test_what_was_altered_is_not_what_was_signed() -> None:
    """Row 20."""
    request = replace(POST, query="a=1").request()
    assert good(request)
    for changed in (
        replace(request, method="DELETE"),
        replace(request, path=b"/jobs/1"),
        replace(request, path=b"/Jobs"),
        replace(request, query=b"a=2"),
        replace(request, query=b""),
        replace(request, query=b"a=1&b"),
        replace(request, body=BODY + b"\n"),
        replace(request, body=b""),
        *(
            replace(request, headers=[(n, v + b"x" if n == name else v) for n, v in request.headers])
            for name in (b"content-type", b"host")
        ),
    ):
        assert not good(changed)


def test_another_signed_header_of_the_same_name_is_noticed() -> None:
    """Joined in order of arrival: one more, or another order, is another request."""
    request = Signing(headers=(("My-Header", "a,b"),)).request()
    assert good(request)
    assert not good(replace(request, headers=[*request.headers, (b"my-header", b"c")]))
    split = [one for one in request.headers if one[0] != b"my-header"]
    assert good(replace(request, headers=[*split, (b"my-header", b" a"), (b"My-Header", b"b\t")]))
    assert not good(replace(request, headers=[*split, (b"my-header", b"b"), (b"my-header", b"a")]))


@pytest.mark.parametrize("value", [b"a\r\n b", b"a\nhost:x", b"a\0"])
def test_a_signed_header_over_several_lines_is_refused(value: bytes) -> None:
    request = Signing(headers=(("My-Header", "a b"),)).request()
    headers = [(name, value if name == b"my-header" else sent) for name, sent in request.headers]
    assert lack(replace(request, headers=headers)) is Unproved.REFUSED


# ---- what must be accepted (behind the table of section 9, and section 12)


@pytest.mark.parametrize(
    ("signing", "added"),
    [
        (replace(POST, unsigned=frozenset({"content-type"})), ()),
        (POST, (("x-amz-content-sha256", sha256(BODY).hexdigest()),)),
        (replace(POST, headers=(JSON, ("x-amz-content-sha256", sha256(BODY).hexdigest()))), ()),
        (replace(POST, headers=(JSON, ("content-length", "25"))), ()),
        (Signing(), (("user-agent", "x  y "), ("accept", "*/*"), ("connection", "keep-alive"))),
        (Signing(), (("amz-sdk-request", "attempt=1"), ("x-amzn-trace-id", "Root=1"), ("via", "1.1 proxy"))),
        (Signing(), (("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2"))),
        (Signing(headers=(JSON,)), ()),
        (Signing(), (("content-length", "0"),)),
        (POST, (("transfer-encoding", "chunked"),)),
        (Signing(host="localhost:8080"), ()),
        (Signing(query="a=1&b=%20&c="), ()),
    ],
)
def test_what_real_clients_send_is_accepted(signing: Signing, added: tuple[tuple[str, str], ...]) -> None:
    assert good(signing.request(*added))


@pytest.mark.parametrize(
    "header",
    [
        PLAIN.replace(", ", ","),
        PLAIN.replace(", ", " ,\t "),
        PLAIN.replace(" Cred", "   Cred"),
        "AWS4-HMAC-SHA256 " + ", ".join(reversed(PLAIN[17:].split(", "))),
        f"  {PLAIN} ",
    ],
)
def test_blanks_and_order_of_the_parameters_are_free(header: str) -> None:
    assert good(Signing().request(authorization=header))


def test_blanks_around_and_within_values_are_one_or_none() -> None:
    request = Signing(headers=(("My-Header", 'a "b c"'),)).request()
    headers = [(n, b'\t a  "b \t c"  ' if n == b"my-header" else v) for n, v in request.headers]
    assert good(replace(request, headers=headers))


def test_bytes_of_a_header_are_taken_as_they_are() -> None:
    signing = Signing(headers=(("My-Header", "é"),))
    request = signing.request()
    headers = [(n, "é".encode() if n == b"my-header" else v) for n, v in request.headers]
    assert "é".encode() in read(replace(request, headers=headers)).canonical


def test_the_query_is_the_same_in_any_order_and_spelling() -> None:
    request = Signing(query="a=%2F&a=x&b=&c=~").request()
    for query in (b"b&a=x&a=/&c=%7e", b"c=%7E&&b=&a=%2f&a=%78&"):
        assert good(replace(request, query=query))
    assert not good(replace(request, query=b"a=%2F&b=&c=~"))


def test_a_plus_in_the_query_is_a_plus() -> None:
    request = Signing(query="a=1%2B2").request()
    assert good(replace(request, query=b"a=1+2"))
    assert not good(replace(request, query=b"a=1%202"))


# ---- what other services do (section 4.1)


@pytest.mark.parametrize(
    ("sent", "signed", "policy"),
    [
        (b"/a//b/./c/../d/", "/a/b/d/", SignaturePolicy()),
        (b"/a%20b", "/a%2520b", SignaturePolicy()),
        (b"/a%20b", "/a%20b", SignaturePolicy(encode_again=False)),
        (b"/a//b/../c", "/a//b/../c", SignaturePolicy(normalise=False)),
        (b"", "/", SignaturePolicy()),
        (b"/x/..", "/", SignaturePolicy()),
        (b"/x/.", "/x/", SignaturePolicy()),
    ],
)
def test_a_path_is_signed_as_the_service_has_it(sent: bytes, signed: str, policy: SignaturePolicy) -> None:
    assert good(replace(Signing(path=signed).request(), path=sent), policy)


def test_a_path_that_encodes_nothing_can_not_be_decoded() -> None:
    request = Signing(path="/a%").request()
    assert lack(request, SignaturePolicy(encode_again=False)) is Unproved.REFUSED


# ---- section 8


def presigned(more: str = "", **changes: str) -> SignedRequest:
    """A request signed in its query."""
    said = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{KEY_ID}%2F20240102%2Fjp-east-1%2Fhpc-api%2Faws4_request",
        "X-Amz-Date": MOMENT,
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host",
    } | {f"X-Amz-{name}": value for name, value in changes.items()}
    query = "&".join(f"{name}={value}" for name, value in said.items() if value != "-")
    signing = Signing(query=query, unsigned=frozenset({"x-amz-date"}))
    request = without(signing.request(authorization=""), b"x-amz-date")
    return replace(request, query=f"{query}&X-Amz-Signature={signing.signature()}{more}".encode())


def test_a_signature_in_the_query_is_good_where_the_policy_has_it() -> None:
    assert good(presigned(), PRESIGNED)
    assert lack(presigned()) is Unproved.NO_ACCESS_KEY
    assert lack(without(Signing().request(), b"authorization"), PRESIGNED) is Unproved.NO_ACCESS_KEY


def test_a_presigned_request_lasts_as_long_as_it_says() -> None:
    assert good(presigned(), PRESIGNED, now=NOW + 60_000_000)
    assert good(presigned(), PRESIGNED, now=NOW - 300_000_000)
    for now in (NOW + 60_000_001, NOW - 300_000_001):
        assert lack(presigned(), PRESIGNED, now=now) is Unproved.EXPIRED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Algorithm": "NIFTY4-HMAC-SHA256"}, Unproved.NO_ACCESS_KEY),
        ({"Algorithm": "-"}, Unproved.NO_ACCESS_KEY),
        ({"Credential": "-"}, Unproved.NO_ACCESS_KEY),
        ({"SignedHeaders": "-"}, Unproved.NO_SIGNATURE),
        ({"SignedHeaders": "x-amz-date"}, Unproved.REFUSED),
        ({"Date": "-"}, Unproved.REFUSED),
        ({"Expires": "-"}, Unproved.REFUSED),
        ({"Expires": "0"}, Unproved.REFUSED),
        ({"Expires": "604801"}, Unproved.REFUSED),
        ({"Expires": "1e3"}, Unproved.REFUSED),
    ],
)
def test_a_presigned_request_is_held_to_the_same(changes: dict[str, str], expected: Unproved) -> None:
    assert lack(presigned(**changes), PRESIGNED) is expected


@pytest.mark.parametrize(
    "more", ["&X-Amz-Signature=0", "&X-Amz-Date=x", "&X-Amz-Expires=9", "&X-Amz-SignedHeaders="]
)
def test_a_parameter_of_a_presigned_request_is_there_once(more: str) -> None:
    assert lack(presigned(more), PRESIGNED) is Unproved.REFUSED


def test_what_is_added_to_a_presigned_request_is_noticed() -> None:
    assert not good(presigned("&a=1"), PRESIGNED)
