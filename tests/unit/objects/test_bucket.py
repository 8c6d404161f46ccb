"""objects/bucket.py: what a request looks like. Nothing is sent."""

from typing import Any

import pytest

from headgate.objects.bucket import Bucket
from headgate.objects.messages import Connection

ENDPOINT = "http://s3.example.org:9000"


class Caught(Exception):
    """The request, instead of being sent."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.url)
        self.url: str = request.url
        self.headers: dict[str, str] = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }


def sent(*, path_style: bool, endpoint: str = ENDPOINT) -> Caught:
    """What storing an object sends."""
    bucket = Bucket(
        Connection(
            endpoint=endpoint,
            bucket="hpc",
            access_key="AK",
            secret_key="not to be told",
            region="jp-east-1",
            path_style=path_style,
            ca_file="",
            parallel=1,
        )
    )

    def catch(request: Any, **_: Any) -> None:
        raise Caught(request)

    bucket._client.meta.events.register("before-send.s3.PutObject", catch)
    with pytest.raises(Caught) as caught:
        bucket.put("a b/grüße", b"content", 7, "1.5")
    return caught.value


def test_the_bucket_is_in_the_path_or_in_the_name_of_the_host_as_it_is_set() -> None:
    assert sent(path_style=True).url == f"{ENDPOINT}/hpc/a%20b/gr%C3%BC%C3%9Fe"
    assert sent(path_style=False).url == "http://hpc.s3.example.org:9000/a%20b/gr%C3%BC%C3%9Fe"


def test_contents_are_signed_where_tls_does_not_guard_them() -> None:
    plain, secure = sent(path_style=True), sent(path_style=True, endpoint="https://s3.example.org")
    assert len(plain.headers["X-Amz-Content-SHA256"]) == 64
    assert secure.headers["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
    for request in (plain, secure):
        assert "/jp-east-1/s3/aws4_request" in request.headers["Authorization"]
        assert request.headers["x-amz-meta-mtime"] == "1.5"
        assert "not to be told" not in str(request.headers)
        # Not every store understands the newer checksums.
        assert not [name for name in request.headers if "checksum" in name.lower()]
