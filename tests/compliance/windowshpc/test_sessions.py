"""Spec windowshpc, section 7: sessions, by the documentation's own examples and in the words of old clients.

The sessions behind the face are those of `sessions.py`; the real ones are asked in tests/integration/soa.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import etree

from headgate.dialects.windowshpc.fault_numbers import NUMBERS
from tests.compliance.hpcpack.world import Response, basic, exchange
from tests.compliance.windowshpc.world import NEW, Legacy, fault

XML, JSON = "application/xml", "application/json"
START = (
    '<WebSessionStartInfo xmlns="http://hpc.microsoft.com/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    "{before}<MaxMessageSize>65536</MaxMessageSize>{between}<Password>pw</Password><Runtime>-1</Runtime>"
    "<ServiceName>{service}</ServiceName>{after}<Username>{user}</Username></WebSessionStartInfo>"
)
# What the published client in C sends, chunked.
IN_C = {
    "ServiceName": "CcpEchoSvc",
    "Username": "ann",
    "Password": "pw",
    "MaxMessageSize": 2147483647,
    "Runtime": -1,
}


def start(service: str = "CcpEchoSvc", user: str = "ann", **more: str) -> bytes:
    return START.format(
        **{"before": "", "between": "", "after": "", "service": service, "user": user, **more}
    ).encode()


async def ask(
    world: Legacy,
    method: str,
    target: str,
    body: bytes = b"",
    *,
    kind: str = "",
    accept: str = "",
    user: str = "ann",
    headers: Mapping[str, str] = NEW,
) -> Response:
    given = {"authorization": basic(user), "host": "head.example.org"}
    given |= {name.lower(): value for name, value in headers.items()}
    if kind:
        given["content-type"] = kind
    if accept:
        given["accept"] = accept
    return await exchange(world.legacy, "/WindowsHPC", method, target, body, given)


async def created(world: Legacy, *, durable: bool = False, user: str = "ann", **more: str) -> int:
    body = start(user=user, **more)
    got = await ask(world, "POST", f"/Sessions/Create?durable={durable}", body, kind=XML, user=user)
    assert got.status == 201, got.body
    found = re.search(rb"<Id>(\d+)</Id>", got.body)
    assert found is not None
    return int(found[1])


# ---- 7.1: create


async def test_create_answers_201_and_the_published_document(world: Legacy) -> None:
    got = await ask(world, "POST", "/Sessions/Create?durable=false", start(), kind=XML)
    assert (got.status, got.headers["content-type"]) == (201, "application/xml; charset=utf-8")
    assert got.body.decode() == (
        '<WebSessionInfo xmlns="http://hpc.microsoft.com/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        "<BrokerNode>head.example.org</BrokerNode><Id>31</Id><IsDurable>false</IsDurable>"
        "<MaxMessageSize>65536</MaxMessageSize><ServiceOperationTimeout>86400000</ServiceOperationTimeout>"
        '<ServiceVersion i:nil="true" xmlns:a="http://schemas.datacontract.org/2004/07/System"/>'
        "</WebSessionInfo>"
    )


async def test_create_in_json_as_the_published_client_in_c_does(world: Legacy) -> None:
    got = await ask(
        world,
        "POST",
        "/HEADGATE/sessions/Create?durable=false",
        json.dumps(IN_C).encode(),
        kind="application/json; charset=utf-8",
        accept=JSON,
        headers={"api-version": "2011-11"},
    )
    assert (got.status, got.headers["content-type"]) == (201, "application/json; charset=utf-8")
    assert got.body == (
        b'{"BrokerNode":"head.example.org","Id":31,"IsDurable":false,"MaxMessageSize":1048576,'
        b'"ServiceOperationTimeout":86400000,"ServiceVersion":null}'
    )


async def test_the_answers_form_is_the_one_that_is_accepted(world: Legacy) -> None:
    got = await ask(world, "POST", "/Sessions/Create?durable=True", start(), kind=XML, accept=JSON)
    assert json.loads(got.body)["IsDurable"] is True
    got = await ask(world, "POST", "/Sessions/Create?durable=True", json.dumps(IN_C).encode(), kind=JSON)
    assert got.body.startswith(b"<WebSessionInfo")


async def test_a_version_that_is_set_has_the_fields_of_dotnet(world: Legacy) -> None:
    got = await ask(world, "POST", "/Sessions/Create?durable=false", start("Priced"), kind=XML, accept=JSON)
    version = json.loads(got.body)["ServiceVersion"]
    assert version == {"_Build": -1, "_Major": 1, "_Minor": 1, "_Revision": -1}
    got = await ask(world, "GET", "/Session/31/Attach?durable=false")
    assert (
        '<ServiceVersion xmlns:a="http://schemas.datacontract.org/2004/07/System"><a:_Build>-1</a:_Build>'
        "<a:_Major>1</a:_Major><a:_Minor>1</a:_Minor><a:_Revision>-1</a:_Revision></ServiceVersion>"
    ) in got.body.decode()


async def test_what_a_session_is_asked_to_be_arrives(world: Legacy) -> None:
    body = start(
        "Priced",
        before="<ClientIdleTimeout>1000</ClientIdleTimeout><Environments xmlns:a="
        '"http://schemas.microsoft.com/2003/10/Serialization/Arrays"><a:KeyValueOfstringstring><a:Key>A</a:Key>'
        "<a:Value>1</a:Value></a:KeyValueOfstringstring></Environments>"
        '<ExtendedPriority i:nil="true"/>',
        between="<MaxUnits>4</MaxUnits><MinUnits>2</MinUnits><NodeGroupsStr>a, b</NodeGroupsStr>",
        after='<ServiceVersion xmlns:a="x"><a:_Build>-1</a:_Build><a:_Major>1</a:_Major>'
        "<a:_Minor>0</a:_Minor><a:_Revision>-1</a:_Revision></ServiceVersion><ShareSession>true</ShareSession>",
    )
    await ask(world, "POST", "/Sessions/Create?durable=true", body, kind=XML)
    asked = world.sessions.sessions[31].start
    assert (asked.service, asked.version, asked.durable, asked.shared) == ("Priced", "1.0", True, True)
    assert (asked.min_units, asked.max_units, asked.node_groups) == (2, 4, ("a", "b"))
    assert (asked.environment, asked.client_idle_timeout, asked.priority) == ((("A", "1"),), 1000, None)


# ---- 7.2: attach, close, versions


async def test_attach_and_close(world: Legacy) -> None:
    number = await created(world)
    got = await ask(world, "GET", f"/Session/{number}/Attach?durable=False", accept=JSON)
    assert (got.status, json.loads(got.body)["Id"]) == (200, number)
    got = await ask(world, "POST", f"/session/{number}/Close")
    assert (got.status, got.body) == (200, b"")
    assert (await ask(world, "GET", f"/Session/{number}/Attach?durable=false")).status == 404


async def test_the_versions_of_a_service(world: Legacy) -> None:
    got = await ask(world, "GET", "/SoaService/Priced/Versions", accept=JSON)
    assert [(one["_Major"], one["_Minor"]) for one in json.loads(got.body)] == [(1, 1), (1, 0)]
    got = await ask(world, "GET", "/SoaService/Priced/Versions")
    assert got.body.count(b"<Version>") == 2
    got = await ask(world, "GET", "/SoaService/CcpEchoSvc/Versions")
    assert got.body == (
        b'<ArrayOfVersion xmlns="http://schemas.datacontract.org/2004/07/System" '
        b'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Version i:nil="true"/></ArrayOfVersion>'
    )


# ---- 7.3: send; the published example, in the client library's spelling and in the pages' own

PAGES = Path(__file__).parent / "soa"
PUBLISHED = (PAGES / "requests.xml").read_text()
ANSWER = (PAGES / "answers.xml").read_text()


def canonical(document: bytes | str) -> bytes:
    text = document.encode() if isinstance(document, str) else document
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n")


@pytest.mark.parametrize("spelling", ["HPCServer2008_", "HPCPack2008_"])
async def test_the_published_exchange(world: Legacy, spelling: str) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    body = PUBLISHED.replace("HPCServer2008_", spelling).encode()
    got = await ask(world, "POST", batch, body, kind="application/octet-stream")
    assert (got.status, got.body) == (200, b"")
    got = await ask(world, "POST", f"{batch}/Commit")
    assert (got.status, got.body) == (201, b"")
    got = await ask(world, "POST", f"{batch}/Response?clientdata=cd-7")
    assert (got.status, got.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    assert canonical(got.body) == canonical(ANSWER)


async def test_commit_with_the_last_upload_is_201(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    got = await ask(world, "POST", f"{batch}?commit=True&genericservice=false", PUBLISHED.encode())
    assert (got.status, got.body) == (201, b"")
    got = await ask(world, "POST", f"{batch}?commit=true", PUBLISHED.encode())
    assert (got.status, fault(got)[0]) == (400, NUMBERS["Broker_EOMReject_EndRequests"])


async def test_a_chunk_that_is_sent_again_is_harmless(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    for _ in range(3):
        assert (await ask(world, "POST", batch, PUBLISHED.encode())).status == 200
    await ask(world, "POST", f"{batch}/Commit")
    got = await ask(world, "POST", f"{batch}/Response")
    assert got.body.count(b"<EchoResult>") == 1


async def test_the_generic_form(world: Legacy) -> None:
    """The documentation's layout has a blank behind U+0000."""
    batch = f"/Session/{await created(world)}/batch/batchid"
    body = "red\uffffu1\0blue\uffff\0 ".encode()
    got = await ask(world, "POST", f"{batch}?genericservice=true&commit=true", body, accept=JSON)
    assert got.status == 201
    got = await ask(world, "POST", f"{batch}/Response?genericservice=true", accept=JSON)
    assert got.headers["content-type"] == "application/octet-stream"
    action = "http://hpc.microsoft.com/GenericService/IGenericService/GenericOperationResponse"
    assert got.body.decode() == (
        f"{action}\uffffNODE01 (GenericService): red\uffffu1\0"
        f"{action}\uffffNODE01 (GenericService): blue\uffff\0"
        "http://hpc.microsoft.com/EndOfGetResponse\uffff2\uffffSuccess\0"
    )


async def test_a_batch_may_be_sent_in_one_form_and_read_in_the_other(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/b"
    await ask(world, "POST", f"{batch}?genericservice=true&commit=true", "a\uffff<u>\0".encode())
    got = await ask(world, "POST", f"{batch}/Response")
    assert b'UserDataNS xmlns="http://www.microsoft.com/hpc">&lt;u&gt;</' in got.body
    batch = batch[:-1] + "batch1"
    await ask(world, "POST", f"{batch}?commit=true", PUBLISHED.encode())
    got = await ask(world, "POST", f"{batch}/Response?genericservice=1")
    assert got.body.startswith(
        "http://tempuri.org/IEchoSvc/EchoResponse\uffffNODE01:hello\uffffitem 1\0".encode()
    )


async def test_inner_xml_of_user_data_comes_back_verbatim(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    wrapped = '<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">item  1</string>'
    await ask(world, "POST", f"{batch}?commit=true", PUBLISHED.replace("item 1", wrapped).encode())
    got = await ask(world, "POST", f"{batch}/Response")
    assert f'UserDataNS xmlns="http://www.microsoft.com/hpc">{wrapped}</' in got.body.decode()


# ---- 7.4: status, purge; 7.5: reading


async def test_the_status_of_a_batch(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    world.sessions.answering = False

    async def status() -> tuple[str, int]:
        xml = await ask(world, "GET", f"{batch}/Status")
        number = await ask(world, "GET", f"{batch}/Status", accept=JSON)
        found = re.fullmatch(
            rb'<BrokerClientStatus xmlns="http://hpc.microsoft.com">(\w+)</BrokerClientStatus>', xml.body
        )
        assert found is not None
        return found[1].decode(), int(number.body)

    assert await status() == ("Unknown", 0)
    await ask(world, "POST", batch, PUBLISHED.encode())
    assert await status() == ("Ready", 1)
    await ask(world, "POST", f"{batch}/Commit")
    assert await status() == ("Processing", 2)
    world.sessions.answer(31, "batch1")
    assert await status() == ("Finished", 3)


async def test_a_batch_that_was_purged_is_not_there(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/batch1"
    await ask(world, "POST", batch, PUBLISHED.encode())
    got = await ask(world, "POST", f"{batch}/Purge")
    assert (got.status, got.body) == (200, b"")
    assert b">Unknown<" in (await ask(world, "GET", f"{batch}/Status")).body


async def test_a_read_takes_as_many_as_it_wants_of_one_action(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/b"
    await ask(world, "POST", f"{batch}?genericservice=true&commit=true", b"a\0b\0c\0")
    got = await ask(world, "POST", f"{batch}/Response?count=2&genericservice=true")
    assert got.body.count(b"\0") == 3
    got = await ask(world, "POST", f"{batch}/Response?action=urn:other&reset=true&genericservice=true")
    assert got.body == "http://hpc.microsoft.com/EndOfGetResponse\uffff0\uffffSuccess\0".encode()


async def test_a_session_that_failed_says_so_before_the_end(world: Legacy) -> None:
    batch = f"/Session/{await created(world)}/batch/b"
    world.sessions.failed = True
    got = await ask(world, "POST", f"{batch}/Response")
    assert f"<Code>{0x0200000B}</Code>".encode() in got.body
    assert got.body.index(b"SessionFault") < got.body.index(b"EndOfGetResponse")


# ---- 7.9: faults

SEND = "/Session/31/batch/batch1"
REFUSED: dict[str, tuple[str, str, bytes, int, str]] = {
    "no durable": ("POST", "/Sessions/Create", start(), 400, "ArgumentError"),
    "durable is no truth": ("POST", "/Sessions/Create?durable=maybe", start(), 400, "ArgumentError"),
    "no body": ("POST", "/Sessions/Create?durable=true", b"", 400, "ArgumentError"),
    "no session info": ("POST", "/Sessions/Create?durable=true", b"<x/>", 400, "ArgumentError"),
    "no such service": ("POST", "/Sessions/Create?durable=true", start("None"), 404, "Service_NotFound"),
    "no such version": (
        "POST",
        "/Sessions/Create?durable=true",
        start(after="<ServiceVersion>7.0</ServiceVersion>"),
        404,
        "ServiceVersion_NotFound",
    ),
    "another user": (
        "POST",
        "/Sessions/Create?durable=true",
        start(user="ben"),
        403,
        "AuthenticationFailure",
    ),
    "of the other kind": ("GET", "/Session/31/Attach?durable=true", b"", 400, "InvalidAttachDurableSession"),
    "no such session": ("GET", "/Session/99/Attach?durable=true", b"", 404, "InvalidSessionId"),
    "no number": ("POST", "/Session/x/Close", b"", 404, "InvalidSessionId"),
    "a large number": ("POST", "/Session/99999999999/Close", b"", 404, "InvalidSessionId"),
    "versions of nothing": ("GET", "/SoaService/None/Versions", b"", 404, "Service_NotFound"),
    "a long name": ("POST", f"/Session/31/batch/{'b' * 129}", b"", 400, "Broker_InvalidClientIdOrTooLong"),
    "another batch's": ("POST", "/Session/31/batch/b2", PUBLISHED.encode(), 400, "Broker_ClientIdNotMatch"),
    "half an envelope": ("POST", SEND, PUBLISHED[:-30].encode(), 400, "InvalidArgument"),
    "hostile XML": ("POST", SEND, b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', 400, "InvalidArgument"),
    "too large": ("POST", SEND, PUBLISHED.replace("hello", "x" * 70000).encode(), 413, "InvalidArgument"),
    "too large, generic": ("POST", f"{SEND}?genericservice=true", b"x" * 70000, 413, "InvalidArgument"),
    "no truth": ("POST", f"{SEND}?commit=perhaps", b"", 400, "ArgumentError"),
    "nothing sent": ("POST", f"{SEND}/Commit", b"", 400, "Broker_EOMReject_NoRequest"),
    "no count": ("POST", f"{SEND}/Response?count=many", b"", 400, "ArgumentError"),
    "a negative count": ("POST", f"{SEND}/Response?count=-2", b"", 400, "ArgumentError"),
}


@pytest.mark.parametrize("accept", [XML, JSON])
@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_wrong_is_answered_with_its_number(world: Legacy, name: str, accept: str) -> None:
    method, target, body, status, code = REFUSED[name]
    await created(world)
    got = await ask(world, method, target, body, accept=accept)
    assert got.status == status, got.body
    if accept == JSON:
        assert got.headers["content-type"] == "application/json; charset=utf-8"
        said = json.loads(got.body)
        assert list(said) == ["Code", "Message", "Values"]
        assert (said["Code"], said["Values"]) == (NUMBERS[code], None)
    else:
        assert fault(got)[0] == NUMBERS[code]


async def test_a_session_stays_usable_after_something_wrong(world: Legacy) -> None:
    await created(world)
    for method, target, body, _, _ in REFUSED.values():
        await ask(world, method, target, body)
    assert (await ask(world, "POST", f"{SEND}?commit=true", PUBLISHED.encode())).status == 201
    got = await ask(world, "POST", f"{SEND}/Response")
    assert got.body.count(b"<EchoResult>NODE01:hello<") == 1


async def test_what_came_before_something_wrong_is_kept(world: Legacy) -> None:
    await created(world)
    body = PUBLISHED.replace("</requests>", "<x/></requests>").encode()
    assert (await ask(world, "POST", SEND, body)).status == 400
    assert (await ask(world, "POST", f"{SEND}/Commit")).status == 201


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", "/Session/31/Attach?durable=false", "AccessDenied_Broker"),
        ("POST", "/Session/31/Close", "AccessDenied_Broker"),
        ("POST", SEND, "AccessDenied_Broker"),
        ("POST", f"{SEND}/Response", "AccessDenied_Broker"),
    ],
)
async def test_a_session_that_is_not_shared_is_its_owners(
    world: Legacy, method: str, target: str, code: str
) -> None:
    await created(world)
    got = await ask(world, method, target, user="ben")
    assert (got.status, fault(got)[0]) == (403, NUMBERS[code])


@pytest.mark.parametrize("action", ["", "/Commit", "/Response", "/Status"])
async def test_a_batch_is_whose_who_made_it(world: Legacy, action: str) -> None:
    await created(world, after="<ShareSession>true</ShareSession>")
    await ask(world, "POST", SEND, PUBLISHED.encode())
    method, body = ("GET", b"") if action == "/Status" else ("POST", b"" if action else PUBLISHED.encode())
    got = await ask(world, method, SEND + action, body, user="ben")
    assert (got.status, fault(got)[0]) == (403, NUMBERS["AccessDenied_BrokerQueue"])


@pytest.mark.parametrize("target", ["/Session/31/Attach?durable=false", "/SoaService/CcpEchoSvc/Versions"])
async def test_without_a_version_no_session_is_spoken_of(world: Legacy, target: str) -> None:
    got = await ask(world, "GET", target, headers={})
    assert (got.status, fault(got)[0]) == (400, NUMBERS["WebAPI_APIVersionIncorrect"])


async def test_who_did_not_sign_in_is_told_so(world: Legacy) -> None:
    got = await ask(world, "POST", SEND, PUBLISHED.encode(), user="nobody")
    assert got.status == 401
    assert got.headers["www-authenticate"].startswith("Basic ")
