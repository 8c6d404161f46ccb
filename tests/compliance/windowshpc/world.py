"""The legacy face over the same world as the newer one's, and a client that looks at what old clients do."""

import re
from collections.abc import Mapping
from typing import Any

from headgate.dialects.windowshpc import Context, build
from headgate.dialects.windowshpc.operations import Operation, operations
from headgate.dialects.windowshpc.soa.calls import SessionCalls
from headgate.formats import hpcpack_xml as xml
from headgate.formats.hpcpack.context import Context as Common
from headgate.formats.hpcpack.spelling import XML
from tests.compliance.hpcpack.world import Response, World, basic, exchange
from tests.compliance.windowshpc.sessions import MemorySessions

COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
GENERIC = "http://schemas.datacontract.org/2004/07/System.Collections.Generic"
_FAULT = re.compile(
    rf'<HpcWebServiceFault xmlns="{COMMON}" xmlns:i="{SCHEMA}"><Code>(-?\d+)</Code>'
    rf'<Message>(.*)</Message><Values i:nil="true" xmlns:a="{GENERIC}"/></HpcWebServiceFault>'
)
NEW = {"api-version": "2012-11-01.4.0"}


class Legacy(World):
    """Jobs are made through `/hpc`, and looked at through `/WindowsHPC`."""

    def __init__(self, store: Any = None, clock: Any = None) -> None:
        super().__init__(store, clock)
        self.sessions = MemorySessions()
        self.old_context = legacy_context(self)
        self.legacy = build(self.old_context)

    async def old(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        user: str | None = "ann",
        headers: Mapping[str, str] = NEW,
        content_type: str | None = "application/xml",
        root: str = "/WindowsHPC",
    ) -> Response:
        """One request to `/WindowsHPC` + target."""
        given = {name.lower(): value for name, value in headers.items()}
        if content_type is not None:
            given["content-type"] = content_type
        if user is not None:
            given["authorization"] = basic(user)
        answer = await exchange(self.legacy, root, method, target, body, given)
        assert answer.status in (200, 400, 401, 403, 404, 405, 413), answer
        if answer.body:
            assert answer.headers["content-type"] == "application/xml; charset=utf-8"
            elements = re.sub(rb"</?a:\w+>", b"", answer.body)
            # No prefixes (section 8), but for the values of a fault.
            assert not re.search(rb"<(?!/?[A-Za-z]+[ />])", elements), answer.body
        return answer


def legacy_context(world: "Legacy") -> Context:
    """What the face is built from: of the newer one's world, with sessions."""
    common = {field: getattr(world.context, field) for field in Common.__struct_fields__}
    return Context(**common, sessions=world.sessions, public_url="", largest_message=1 << 20)


def every_operation(world: "Legacy") -> tuple[Operation, ...]:
    """All operations of the face."""
    return operations(world.old_context, SessionCalls(world.old_context))


def properties(**values: str) -> bytes:
    """A property set as clients send it."""
    return XML.pairs(values.items())


def values(answer: Response) -> dict[str, str | None]:
    """A property set by name."""
    return dict(xml.read_property_set(answer.body))


def rows(answer: Response) -> list[dict[str, str | None]]:
    """Rows, each by name."""
    return [dict(row) for row in xml.read_rows(answer.body)]


def fault(answer: Response) -> tuple[int, str]:
    """Code and message of a fault."""
    found = _FAULT.fullmatch(answer.body.decode())
    assert found is not None, answer.body
    return int(found[1]), found[2]
