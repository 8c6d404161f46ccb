"""What a request says: its fields from query, form and JSON as one set, and values in SOCA's spellings. Pure.

Spec soca, section 1: fields are taken from wherever they stand, on every method; secrets and payloads never
from the query, which ends in logs and histories. A field that is said twice in different ways is refused.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from headgate.core.errors import NotSupported
from headgate.dialects.soca.errors import Failure, invalid, missing

MOST_FIELDS: Final = 100
NEVER_IN_A_QUERY: Final = frozenset({"password", "token", "payload", "file_content", "env"})
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
JSON: Final = "application/json"

Fields = Mapping[str, str]


def fields(query: bytes, content_type: str, body: bytes) -> Fields:
    """All fields of a request. Raises Failure.

    query: as it came, percent-encoded.
    """
    found: dict[str, str] = {}
    if query:
        for name, value in _urlencoded(query, "query"):
            if name in NEVER_IN_A_QUERY:
                raise invalid(f"{name} is never taken from the query: send it in the body")
            _put(found, name, value)
    if body:
        for name, value in _body(content_type, body):
            _put(found, name, value)
    return found


def _put(found: dict[str, str], name: str, value: str) -> None:
    # 4.4: what disagrees is refused, rather than one of them taken.
    if found.setdefault(name, value) != value:
        raise invalid(f"{name[:80]} is given more than once, and not the same")
    if len(found) > MOST_FIELDS:
        raise invalid(f"more than {MOST_FIELDS} fields")


def _body(content_type: str, body: bytes) -> Iterable[tuple[str, str]]:
    media, _, _ = content_type.partition(";")
    media = media.strip().lower()
    if media == MULTIPART:
        return _multipart(content_type, body)
    if media in (FORM, ""):
        return _urlencoded(body, "form")
    if media == JSON or media.endswith("+json"):
        return _json(body)
    raise Failure(
        "UNSUPPORTED_MEDIA", f"A body is {MULTIPART}, {FORM} or {JSON}, not {media[:80] or 'something else'}."
    )


def _urlencoded(text: bytes, where: str) -> Iterable[tuple[str, str]]:
    pairs = text.split(b"&")
    if len(pairs) > MOST_FIELDS:
        raise invalid(f"more than {MOST_FIELDS} fields in the {where}")
    try:
        return [
            (_plain(name), _plain(value))
            for name, _, value in (pair.partition(b"=") for pair in pairs if pair)
        ]
    except UnicodeDecodeError:
        raise invalid(f"the {where} is not UTF-8") from None


def _plain(text: bytes) -> str:
    """Without percent-encoding. Raises UnicodeDecodeError."""
    return unquote_to_bytes(text.replace(b"+", b" ")).decode()


def _json(body: bytes) -> Iterable[tuple[str, str]]:
    """Members of an object: text, numbers and truth values; null is as if it were not there."""
    try:
        members = msgspec.json.decode(body, type=dict[str, str | int | float | bool | None])
    except msgspec.DecodeError as error:
        raise invalid(f"the body is not a JSON object of text, numbers and truth values: {error}") from None
    for name, value in members.items():
        if value is not None:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


class _Parts:
    """Collects the parts of a multipart body: what MultipartParser calls."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._header: list[bytes] = []
        self._value: list[bytes] = []
        self._disposition = b""
        self._data: list[bytes] = []

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.append(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.append(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": lambda data, start, end: self._data.append(data[start:end]),
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.found) >= MOST_FIELDS:
            raise invalid(f"more than {MOST_FIELDS} fields in the form")
        self._disposition = b""
        self._data = []

    def _header_end(self) -> None:
        if b"".join(self._header).lower() == b"content-disposition":
            self._disposition = b"".join(self._value)
        self._header, self._value = [], []

    def _end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"")
        try:
            self.found.append((name.decode(), b"".join(self._data).decode()))
        except UnicodeDecodeError:
            raise invalid(f"the field {name[:80]!r} of the form is not UTF-8") from None


def _multipart(content_type: str, body: bytes) -> Iterable[tuple[str, str]]:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise invalid("the Content-Type of the form has no boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise invalid(f"the form can't be understood: {error}") from None
    if not _ends(body, boundary):
        raise invalid("the form ends in the middle")
    return parts.found


def _ends(body: bytes, boundary: bytes) -> bool:
    """Whether the closing boundary is there: what was cut off must not pass for the whole."""
    return body.rfind(b"--" + boundary + b"--") >= 0


# ---- single values


def required(given: Fields, name: str, kind: str = "str") -> str:
    """A field that has to be there and not empty. Raises Failure."""
    value = given.get(name, "")
    if not value:
        raise missing(name, kind)
    return value


def integer(given: Fields, name: str, default: int | None = None) -> int:
    """A field that is a whole number; its absence is a failure where there is no default (5.1)."""
    text = given.get(name)
    if text is None:
        if default is None:
            raise missing(name, "int")
        return default
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise Failure(
            "CLIENT_INVALID_PARAMETER",
            body={name: f"{text[:40]!r} is not a whole number of up to 10 digits"},
        )
    return int(text)


_TRUE: Final = frozenset({"1", "true", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "n", "off", ""})


def switch(given: Fields, name: str) -> bool:
    """A field that is on or off; off where it is not there."""
    word = given.get(name, "").lower()
    if word in _TRUE:
        return True
    if word not in _FALSE:
        raise invalid(f"{name} is true or false, not {word[:40]!r}")
    return False


class JobId(Struct, frozen=True):
    """A job by the number all faces know it by. index: of a subjob; array: `[]` or `[3]` stood behind it."""

    number: int
    index: int | None = None
    array: bool = False


_JOB_ID: Final = re.compile(r"([0-9]{1,18})(\[([0-9]{1,10})?\])?(?:\.[A-Za-z0-9.-]+)?")


def job_id(given: Fields) -> JobId:
    """One id, and nothing else (4.2, 4.4); the name of a server behind it does not matter. Raises Failure."""
    text = required(given, "job_id")
    found = _JOB_ID.fullmatch(text)
    if found is None:
        raise invalid(f"job_id is one id such as 4711, 4711[] or 4711[3], not {text[:80]!r}")
    return JobId(int(found[1]), int(found[3]) if found[3] else None, bool(found[2]))


_WRAPPING: Final = str.maketrans({"\r": None, "\n": None, "\t": None, " ": "+"})


def base64(given: Fields, name: str) -> bytes:
    """What a base64 field holds. Raises Failure.

    Lines may be wrapped. A blank is a `+` of a form that was not percent-encoded (1). Anything else beside
    the alphabet is refused, where SOCA drops it and submits what remains (4.1).
    """
    text = required(given, name)
    try:
        return b64decode(text.translate(_WRAPPING).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise invalid(f"{name} (str) does not seems to be a valid base64") from None


def payload(given: Fields) -> bytes:
    """The script of a submission (4.1, step 2). Raises Failure."""
    script = base64(given, "payload")
    try:
        script.decode()
    except UnicodeDecodeError:
        raise invalid("payload (str) does not seems to be a valid base64 of UTF-8 text") from None
    if not script.strip():
        raise invalid("payload (str) holds no script")
    return script


_INTERPRETER: Final = re.compile(r"(?:.*/)?qsub|pbs|openpbs")


def check_interpreter(given: Fields) -> None:
    """Only submitting is done here: what SOCA runs at once, by way of root, is off (10.3).

    Raises NotSupported.
    """
    text = given.get("interpreter", "")
    if text and not _INTERPRETER.fullmatch(text):
        raise NotSupported(
            f"Nothing is run without the scheduler: interpreter {text[:80]!r} is off. Leave it out."
        )
