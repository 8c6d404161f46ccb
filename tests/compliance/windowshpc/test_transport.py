"""Spec windowshpc, sections 1, 3 and 8: paths, versions, errors, continuation, sessions."""

import pytest

from headgate.core.errors import TooLarge
from headgate.dialects.windowshpc import refusal_body
from headgate.formats import hpcpack_xml as xml
from headgate.registry import DIALECTS
from tests.compliance.windowshpc.world import NEW, Legacy, fault, properties, rows, values

NONE: dict[str, str] = {}


# ---- 1, 1.1: paths, authentication


@pytest.mark.parametrize(
    "target",
    ["/Job/1", "/job/1", "/JOB//1/", "//Job/1", "/HEADGATE/Job/1", "/headgate//job///1", "/Headgate/JOB/1"],
)
@pytest.mark.parametrize("root", ["/WindowsHPC", "/WindowsHpc", "/windowshpc"])
async def test_both_layouts_in_any_case(world: Legacy, root: str, target: str) -> None:
    await world.job(Name="n")
    got = await world.old("GET", target + "?PROPERTIES=Name", root=root)
    assert (got.status, values(got)) == (200, {"Name": "n"})


@pytest.mark.parametrize(
    "target",
    ["/other/Jobs", "/", "/HEADGATE", "/Headgate/Clusters", "/HEADGATE/HEADGATE/Jobs", "/Job", "/Job/1/x"],
)
async def test_what_is_not_there_is_404(world: Legacy, target: str) -> None:
    got = await world.old("GET", target)
    assert got.status == 404
    assert fault(got)[0] == 267386880


async def test_another_method_is_405(world: Legacy) -> None:
    got = await world.old("DELETE", "/Job/1")
    assert (got.status, got.headers["allow"]) == (405, "GET, PUT")


@pytest.mark.parametrize("user", [None, "nobody"])
async def test_who_did_not_sign_in_gets_a_basic_challenge(world: Legacy, user: str | None) -> None:
    got = await world.old("GET", "/Jobs", user=user, headers=NONE)
    assert got.status == 401
    assert got.headers["www-authenticate"].startswith("Basic ")


async def test_another_users_job_is_403(world: Legacy) -> None:
    await world.job("ann")
    got = await world.old("PUT", "/Job/1", properties(Name="mine"), user="ben")
    assert (got.status, fault(got)[0]) == (403, -2147220981)
    as_ann = {**NEW, "x-ms-as-user": "ann"}
    assert (
        await world.old("PUT", "/Job/1", properties(Name="x"), user="planner", headers=as_ann)
    ).status == 200


# ---- 1.2, 1.5: versions and the two error formats

REQUIRED = ["/Clusters", "/Nodes", "/Node/NODE1", "/NodeGroups", "/NodeGroup/ComputeNodes"]


@pytest.mark.parametrize("target", [*REQUIRED, "/Session/1/Attach?durable=false", "/SoaService/x/Versions"])
@pytest.mark.parametrize("headers", [NONE, {"CCP_Version": "3.3"}, {"api-version": "2010-01-01"}])
async def test_a_required_version_that_is_missing_is_400_in_the_newer_format(
    world: Legacy, target: str, headers: dict[str, str]
) -> None:
    got = await world.old("GET", target, headers=headers)
    assert got.status == 400
    assert "api-version" in fault(got)[1]


@pytest.mark.parametrize("target", REQUIRED)
@pytest.mark.parametrize("version", ["2011-11-01", "2012-03-31.3.4", "2012-11-01.4.0", "2030-01-01"])
async def test_a_version_as_header_or_parameter(world: Legacy, target: str, version: str) -> None:
    assert (await world.old("GET", target, headers={"api-version": version})).status == 200
    assert (await world.old("GET", f"{target}?Api-Version={version}", headers=NONE)).status == 200


FAULT = "fault"
STRING = "string"


@pytest.mark.parametrize(
    ("headers", "query", "form"),
    [
        (NONE, "", STRING),
        ({"api-version": "2012-11-01.4.0"}, "", FAULT),
        ({"api-version": "2011-11-01"}, "", FAULT),
        (NONE, "?api-version=2012-11-01", FAULT),
        ({"api-version": "2010-01-01"}, "?api-version=2012-11-01", STRING),
        ({"api-version": "2012-11-01", "CCP_Version": "3.3"}, "", STRING),
        ({"CCP_Version": ""}, "?api-version=2012-11-01", STRING),
    ],
)
async def test_the_version_says_in_which_format_refusals_are(
    world: Legacy, headers: dict[str, str], query: str, form: str
) -> None:
    got = await world.old("GET", "/Job/7" + query, headers=headers)
    assert got.status == 404
    if form is FAULT:
        assert fault(got) == (-2147220986, xml.read_error(got.body))
    else:
        assert got.body.startswith(b'<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">')
    assert "7" in xml.read_error(got.body)


async def test_a_fault_from_before_the_face_has_its_shape() -> None:
    kind, body = refusal_body(413, TooLarge("Too {large}."), "request")
    assert kind == "application/xml; charset=utf-8"
    assert b"<Message>Too (large).</Message>" in body
    assert DIALECTS["windowshpc"].path == "/WindowsHPC"


# ---- 4: refusals whose numbers clients know


async def test_cancel_in_a_wrong_state(world: Legacy) -> None:
    await world.job()
    assert (await world.old("POST", "/Job/1/Cancel")).status == 200
    got = await world.old("POST", "/Job/1/Cancel")
    assert (got.status, fault(got)) == (400, (-2147220984, "Jobs in the Canceled state cannot be canceled."))


async def test_requeue_in_a_wrong_state(world: Legacy) -> None:
    await world.job()
    got = await world.old("POST", "/Job/1/Requeue")
    assert got.status == 400
    code, message = fault(got)
    assert code == 267386880
    assert message.startswith("Only jobs that are in the Canceled or Failed state can be requeued.")


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("POST", "/Job/1/Cancel", f"<string>{'x' * 129}</string>", -2147220781),
        (
            "PUT",
            "/Job/1",
            "<ArrayOfProperty><Property><Name>State</Name></Property></ArrayOfProperty>",
            -2147220989,
        ),
        ("GET", "/NodeGroup/none", "", -2147220937),
        ("GET", "/Node/none", "", -2147220978),
        ("GET", "/Job/1/Task/9", "", -2147220985),
        ("GET", "/Job/x", "", -2147220986),
        ("GET", "/Jobs?$filter=Colour eq red", "", -2147220925),
        ("GET", "/Jobs?QueryId=none", "", -2147220935),
        ("POST", "/Jobs", "<ArrayOfProperty>", -2147220987),
        ("GET", "/Job/1?Render=Pdf", "", -2147220987),
    ],
)
async def test_the_number_of_a_fault(world: Legacy, method: str, target: str, body: str, code: int) -> None:
    await world.job()
    got = await world.old(method, target, body.encode())
    assert got.status in (400, 404)
    assert fault(got)[0] == code


# ---- 1.3, 3: content, lists


@pytest.mark.parametrize("kind", [None, "", "text/xml", "application/xml; charset=utf-8", "text/plain"])
async def test_the_type_of_a_body_does_not_matter(world: Legacy, kind: str | None) -> None:
    assert (await world.old("POST", "/Jobs", properties(Name="n"), content_type=kind)).status == 200
    assert (await world.old("POST", "/Jobs", b"", content_type=kind)).status == 200


async def test_continuation_says_both_headers_exactly_while_rows_remain(world: Legacy) -> None:
    for _ in range(5):
        await world.job()
    target = "/Jobs?Properties=Id&RowsPerRead=2"
    first = await world.old("GET", target)
    token, count = (first.headers[f"x-ms-continuation-{name}"] for name in ("queryid", "currentobjectnumber"))
    assert count == "2"
    # Clients repeat a page that failed, with the same token, unencoded.
    second = first
    for _ in range(2):
        second = await world.old("GET", f"{target}&QueryId={token}&CurrentObjectNumber={count}")
        assert [row["Id"] for row in rows(second)] == ["3", "4"]
        assert second.headers["x-ms-continuation-currentobjectnumber"] == "4"
    token = second.headers["x-ms-continuation-queryid"]
    last = await world.old("GET", f"{target}&queryid={token}&CurrentObjectNumber=nonsense")
    assert [row["Id"] for row in rows(last)] == ["5"]
    assert not [name for name in last.headers if "continuation" in name]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$filter=JobState eq&RowsPerRead=9", 3),
        ("$filter=JobState eq and NodeGroup eq", 3),
        ("$filter=JobState eq Queued and NodeGroup eq ", 0),
        ("$filter=JobState%20eq+Configuring", 3),
        ("RowsPerRead=0", 1),
        ("SortJobsBy=Nonsense", 3),
        ("Owner=ben", 0),
    ],
)
async def test_lists_of_jobs(world: Legacy, query: str, found: int) -> None:
    for _ in range(3):
        await world.job()
    assert len(rows(await world.old("GET", f"/Jobs?{query}"))) == found


@pytest.mark.parametrize(
    ("since", "found"), [("3/17/2030 5:46:40 PM", 2), ("3/17/2030 5:46:41 PM", 0), ("", 2)]
)
async def test_nodes_by_their_last_change(world: Legacy, since: str, found: int) -> None:
    got = await world.old("GET", f"/Nodes?$filter=ChangeTimeFrom eq {since}")
    assert len(rows(got)) == found
