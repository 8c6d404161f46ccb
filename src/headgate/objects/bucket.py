"""The bucket: every request to the object store, and what its refusals mean. boto3's only place.

Nothing of a surrounding is taken in: no configuration or credentials of any file or variable, no metadata
service. Requests are repeated by botocore (`standard`: with growing pauses, and not without end).
"""

import os
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.response import StreamingBody
from urllib3.exceptions import HTTPError

from headgate.objects.comparing import Facts, Remote, mtime_of, plain_md5
from headgate.objects.messages import Connection

ATTEMPTS: Final = 5
CONNECT_S: Final = 10
READ_S: Final = 60
MTIME: Final = "mtime"
"""The name under which rclone keeps the time of a file with its object."""
_LOADED_LATE: Final = (
    "encodings.idna",
    "encodings.ascii",
    "encodings.latin_1",
    "http.client",
    "ssl",
    "stringprep",
    "urllib3.connection",
    "urllib3.util.ssl_match_hostname",
    "xml.etree.ElementTree",
)
_HOPELESS: Final = {
    "NoSuchBucket": "the bucket does not exist",
    "InvalidAccessKeyId": "the object store does not know the access key",
    "SignatureDoesNotMatch": "the object store does not take the secret key",
    "AllAccessDisabled": "the object store refuses all access",
    "AccountProblem": "the object store refuses the account",
    "InvalidBucketName": "the object store does not take the bucket's name",
    "RequestTimeTooSkewed": "the clock of this machine and that of the object store differ too much",
}
"""Codes after which no other key will fare better."""


class Trouble(Exception):
    """A request that failed after all its repetitions; the text says how."""


class Hopeless(Trouble):
    """So will all others."""


class Unreachable(Trouble):
    """No answer came."""


class Broken(Unreachable):
    """The content of an object did not arrive as it is."""


class Gone(Trouble):
    """There is no such object (any longer)."""


class Head(NamedTuple):
    """What is known of an object without its content."""

    size: int
    etag: str
    facts: Facts


class Body:
    """A part of an object as it arrives. mtime_ns: of its file."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._stream: StreamingBody = answer["Body"]
        self.size: int = answer["ContentLength"]
        self.etag: str = answer.get("ETag", "")
        self.range: str = answer.get("ContentRange", "")
        self.facts = _facts(answer)

    def read(self, block: int) -> bytes:
        """The next bytes; none: that was all. Raises Trouble."""
        try:
            data: bytes = self._stream.read(block)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise Broken(f"the transfer broke off: {_first_line(error)}") from None
        return data

    def close(self) -> None:
        """Take no more of it."""
        self._stream.close()


class Bucket:
    """See the module. Every method raises Trouble, and may be called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        core = botocore.session.Session()
        for variable in ("config_file", "credentials_file"):
            core.set_config_variable(variable, os.devnull)
        # Without the folders that a user, or whoever sets AWS_DATA_PATH, could put something into.
        core.register_component(
            "data_loader",
            Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False),
        )
        secure = connection.endpoint.startswith("https:")
        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=connection.parallel + 2,
            signature_version="s3v4",
            # S3's newer checksums are not everywhere understood; MD5s and signed contents are.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # TLS guards the content already.
            s3={
                "addressing_style": "path" if connection.path_style else "virtual",
                **({"payload_signing_enabled": False} if secure else {}),
            },
            proxies={},
            parameter_validation=False,
        )
        session = boto3.session.Session(
            aws_access_key_id=connection.access_key,
            aws_secret_access_key=connection.secret_key,
            region_name=connection.region,
            botocore_session=core,
        )
        self._client: Any = session.client(
            "s3",
            endpoint_url=connection.endpoint,
            config=config,
            verify=_certificates(connection.ca_file) if secure else None,
        )
        self._bucket = connection.bucket
        # What is else loaded at the first request: the account may have no way to where it lies.
        for module in _LOADED_LATE:
            import_module(module)
        self._client.get_paginator("list_objects_v2")
        self._client.generate_presigned_url("get_object", Params={"Bucket": self._bucket, "Key": "k"})

    def listing(self, prefix: str) -> Iterator[tuple[str, Remote]]:
        """Every object whose key begins with this: its key without it, and what is listed of it."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        try:
            for page in pages:
                for one in page.get("Contents", ()):
                    key: str = one["Key"]
                    if not key.startswith(prefix):
                        raise Trouble("the object store lists keys that were not asked for")
                    modified = _nanoseconds(one["LastModified"])
                    yield key[len(prefix) :], Remote(one["Size"], one.get("ETag", ""), modified)
        except (ClientError, BotoCoreError, KeyError, ValueError) as error:
            _raise(error)

    def head(self, key: str) -> Head:
        """What is known of an object."""
        answer = self._ask("head_object", Key=key)
        return Head(answer["ContentLength"], answer.get("ETag", ""), _facts(answer))

    def get(self, key: str, *, etag: str = "", first: int = 0, size: int = 0) -> Body:
        """An object; or `size` bytes of it, as long as it has this ETag."""
        part = {"Range": f"bytes={first}-{first + size - 1}", "IfMatch": etag} if size else {}
        return Body(self._ask("get_object", Key=key, **part))

    def put(self, key: str, content: Any, size: int, mtime: str) -> str:
        """Store an object. The MD5 of it that the store has; empty: it does not say."""
        answer = self._ask("put_object", Key=key, Body=content, ContentLength=size, Metadata={MTIME: mtime})
        return _md5(answer)

    def begin(self, key: str, mtime: str) -> str:
        """Begin an object in parts. The id of the upload."""
        answer = self._ask("create_multipart_upload", Key=key, Metadata={MTIME: mtime})
        return str(answer["UploadId"])

    def put_part(self, key: str, upload: str, number: int, content: Any, size: int) -> tuple[str, str]:
        """Store a part. Its ETag, and its MD5 as `put`."""
        answer = self._ask(
            "upload_part", Key=key, UploadId=upload, PartNumber=number, Body=content, ContentLength=size
        )
        return str(answer["ETag"]), _md5(answer)

    def finish(self, key: str, upload: str, etags: list[str]) -> None:
        """Make one object of the parts."""
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, 1)]
        self._ask("complete_multipart_upload", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})

    def abandon(self, key: str, upload: str) -> None:
        """Forget the parts."""
        self._ask("abort_multipart_upload", Key=key, UploadId=upload)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._ask("delete_object", Key=key)

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self._bucket, **parameters)
        except (ClientError, BotoCoreError) as error:
            _raise(error)
        return answer


def _certificates(ca_file: str) -> str:
    """A copy of the certificates to believe that this process can read whoever it becomes."""
    from botocore.httpsession import get_cert_path  # noqa: PLC0415 - no use without TLS

    copy = os.memfd_create("certificates", 0)
    with open(ca_file or get_cert_path(True), "rb") as file, open(copy, "wb", closefd=False) as written:
        written.write(file.read())
    return f"/proc/self/fd/{copy}"


def _facts(answer: dict[str, Any]) -> Facts:
    # Some stores spell the names of metadata with a capital letter.
    kept = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}.get(MTIME, "")
    return Facts(mtime_of(kept, _nanoseconds(answer["LastModified"])), opaque=_opaque(answer))


def _opaque(answer: dict[str, Any]) -> bool:
    """Whether the ETag is no MD5: of an encrypted object (S3, "Checking object integrity")."""
    return answer.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in answer


def _md5(answer: dict[str, Any]) -> str:
    return "" if _opaque(answer) else plain_md5(str(answer.get("ETag", "")))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000


def _raise(error: Exception) -> NoReturn:
    """What an error of botocore means to us."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _HOPELESS:
            raise Hopeless(_HOPELESS[code]) from None
        said = f"the object store answered {status} {code}".rstrip()
        if status == 404 or code == "NoSuchKey":
            raise Gone(said) from None
        if status >= 500:
            raise Unreachable(said) from None
        raise Trouble(said) from None
    if isinstance(error, KeyError | ValueError):
        raise Trouble("the object store answered something that can't be understood") from None
    raise Unreachable(f"the object store can't be reached: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
