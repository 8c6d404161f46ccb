"""Spec hpcpack-2016, section 2.2 and 4.3: every operation in XML, job files, errors."""

import re
from typing import Any

import pytest

from headgate.formats import hpcpack_xml as xml
from headgate.formats.hpcpack.spelling import XML
from tests.compliance.hpcpack.world import Response, World, given

IN_XML = {"accept": "application/xml"}
COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"


async def ask(world: World, method: str, target: str, body: bytes = b"", **more: Any) -> Response:
    """A request of a client that speaks XML."""
    answer = await world.ask(method, target, body, headers=IN_XML, content_type="text/xml", **more)
    if answer.body:
        assert answer.headers["content-type"] == "application/xml; charset=utf-8"
        # No prefixes: some clients search for the literal tag names (section 2.2).
        assert not re.search(rb"<(?!/?[A-Za-z]+[ />])", answer.body), answer.body
    return answer


def properties(**values: str) -> bytes:
    return XML.pairs(values.items())


READS = [
    "/cluster/version",
    "/cluster/activeHeadNode",
    "/cluster/info/dateTimeFormat",
    "/nodes",
    "/nodes/NODE1",
    "/nodes/groups",
    "/nodes/groups/ComputeNodes",
    "/jobs",
    "/jobs/templates",
    "/jobs/1",
    "/jobs/1/customProperties",
    "/jobs/1/envVariables",
    "/jobs/1/tasks",
    "/jobs/1/tasks/1",
    "/jobs/1/tasks/2/customProperties",
    "/jobs/1/tasks/2/envVariables",
    "/jobs/1/tasks/1/subtasks/2",
]


def as_json(target: str, body: bytes) -> Any:
    """What JSON would have said. XML can't carry the output's control characters, so there are none here."""
    if body.startswith(b"<ArrayOfProperty"):
        return given({name: value or "" for name, value in xml.read_property_set(body)})
    if body.startswith(b"<ArrayOfObject"):
        return [
            {"Properties": given({name: value or "" for name, value in row})} for row in xml.read_rows(body)
        ]
    if body.startswith(b"<ArrayOfstring"):
        return xml.read_names(body)
    return xml.read_text(body)


@pytest.mark.parametrize("target", READS)
async def test_every_answer_says_in_xml_what_it_says_in_json(world: World, target: str) -> None:
    await world.run_sweep()
    plain = await world.ask("GET", target)
    assert plain.status == 200
    answer = await ask(world, "GET", target)
    assert answer.status == 200
    expected = [
        {**pair, "Value": pair["Value"].strip()} if "Value" in pair else pair for pair in plain.json
    ] if target.endswith("subtasks/2") else plain.json  # fmt: skip
    assert as_json(target, answer.body) == expected


async def test_a_job_told_in_xml(world: World) -> None:
    created = await ask(world, "POST", "/jobs", properties(Name="demo", UnitType="2"))
    assert created.status == 200
    assert created.body == f'<int xmlns="{SERIALIZATION}">1</int>'.encode()
    task = await ask(world, "POST", "/jobs/1/tasks", properties(CommandLine="echo <hi>"))
    assert task.body == f'<int xmlns="{SERIALIZATION}">1</int>'.encode()
    for target, body in (
        ("/jobs/1/envVariables", properties(MODE="fast")),
        ("/jobs/1/customProperties", properties(ticket="42")),
        ("/jobs/1/tasks/1/envVariables", properties(X="1")),
        ("/jobs/1/tasks/1/customProperties", properties(k="v")),
        ("/jobs/1/submit", b"<ArrayOfProperty/>"),
        ("/jobs/1/cancel?forced=false", f'<string xmlns="{SERIALIZATION}">no</string>'.encode()),
        ("/jobs/1/requeue", b"<ArrayOfProperty/>"),
    ):
        answer = await ask(world, "POST", target, body)
        assert (answer.status, answer.body) == (204, b""), target
    assert (await ask(world, "PUT", "/jobs/1", properties(Project="p"))).status == 204
    got = await ask(world, "GET", "/jobs/1?properties=name,Project")
    assert (
        got.body
        == (
            f'<ArrayOfProperty xmlns="{COMMON}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
            "<Property><Name>Name</Name><Value>demo</Value></Property>"
            "<Property><Name>Project</Name><Value>p</Value></Property></ArrayOfProperty>"
        ).encode()
    )
    got = await ask(world, "GET", "/jobs/1/tasks/1?properties=CommandLine")
    assert b"<Value>echo &lt;hi&gt;</Value>" in got.body


async def test_formats_of_request_and_answer_are_independent(world: World) -> None:
    body = properties(Name="x")
    assert (await world.ask("POST", "/jobs", body, content_type="application/xml")).json == 1
    answer = await world.ask("POST", "/jobs", given({"Name": "y"}), headers=IN_XML)
    assert xml.read_int(answer.body) == 2


async def test_a_long_list_is_sent_in_parts_and_is_one_document(world: World) -> None:
    job = await world.run_sweep(450)
    answer = await ask(world, "GET", f"/jobs/{job}/tasks?properties=TaskId&rowsPerRead=440")
    assert len(xml.read_rows(answer.body)) == 440
    token = answer.headers["x-ms-continuation-queryid"]
    rest = await ask(world, "GET", f"/jobs/{job}/tasks?properties=TaskId&rowsPerRead=440&queryId={token}")
    assert len(xml.read_rows(rest.body)) == 11


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("GET", "/jobs/77", b"", 404),
        ("DELETE", "/jobs", b"", 405),
        ("GET", "/jobs?properties=Colour", b"", 400),
        ("POST", "/jobs", b"<ArrayOfProperty>", 400),
        ("POST", "/jobs", b"<int>3</int>", 400),
        ("POST", "/jobs", b'<!DOCTYPE a [<!ENTITY b "c">]><ArrayOfProperty/>', 400),
        ("POST", "/jobs/jobFile", b"", 400),
        ("POST", "/jobs/jobFile", b"<Job><Tasks>", 400),
        ("POST", "/jobs/jobFile", b"<Job MinCores='x'/>", 400),
    ],
)
async def test_errors_in_xml(world: World, method: str, target: str, body: bytes, status: int) -> None:
    answer = await ask(world, method, target, body)
    assert answer.status == status
    assert " Exception: " in xml.read_error(answer.body)
    assert (await world.ask("GET", "/jobs")).json == []


async def test_who_did_not_sign_in_is_told_in_xml(world: World) -> None:
    answer = await ask(world, "GET", "/jobs", user=None)
    assert answer.status == 401
    assert "Basic" in answer.headers["www-authenticate"]


DOCUMENT = (
    '<Job Name="fromXml" Priority="AboveNormal"><EnvironmentVariables><Variable><Name>MODE</Name>'
    "<Value>fast</Value></Variable></EnvironmentVariables><Tasks>"
    '<Task Name="a" CommandLine="hostname" MinCores="1" MaxCores="1"/>'
    '<Task Name="s" Type="ParametricSweep" StartValue="1" EndValue="9" IncrementValue="2"'
    ' CommandLine="run *" DependsOn="a"/></Tasks></Job>'
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", DOCUMENT),
        ("application/json", DOCUMENT.encode()),
        ("application/xml", DOCUMENT.encode()),
        ("text/xml; charset=utf-8", xml.write_text(DOCUMENT)),
        (None, DOCUMENT.encode()),
    ],
)
async def test_a_job_file_in_every_packing(world: World, content_type: str | None, body: object) -> None:
    """Section 4.3: a JSON string, a <string>, raw job XML."""
    answer = await world.ask("POST", "/jobs/jobFile", body, content_type=content_type)
    assert (answer.status, answer.json) == (200, 1), answer.body
    job = (await world.ask("GET", "/jobs/1?properties=Name,Priority,State,Owner")).values
    assert job == {
        "Name": "fromXml", "Priority": "AboveNormal", "State": "Configuring", "Owner": "ann",
    }  # fmt: skip
    assert (await world.ask("GET", "/jobs/1/envVariables")).values == {"MODE": "fast"}
    rows = (await world.ask("GET", "/jobs/1/tasks?properties=Name,CommandLine,Type,DependsOn")).rows
    assert [row["Name"] for row in rows] == ["a", "s"]
    assert rows[1]["DependsOn"] == "a"
    assert (await world.ask("POST", "/jobs/1/submit")).status == 204
    assert (await world.ask("GET", "/jobs/1?properties=State")).values == {"State": "Queued"}


async def test_a_job_file_with_groups_of_tasks(world: World) -> None:
    body = (
        b"<Job><Dependencies><Parent GroupId='1'><Child GroupId='2'/></Parent></Dependencies><Tasks>"
        b"<Task CommandLine='one' GroupId='1'/><Task CommandLine='two' GroupId='2'/></Tasks></Job>"
    )
    assert (await world.ask("POST", "/jobs/jobFile", body)).status == 200
    rows = (await world.ask("GET", "/jobs/1/tasks?properties=Name,DependsOn")).rows
    assert rows == [{"Name": "", "DependsOn": ""}] * 2
    assert (await world.ask("POST", "/jobs/1/submit")).status == 204
    assert (await world.ask("GET", "/jobs/1?properties=State")).values == {"State": "Queued"}
    assert world.store.peek(lambda reader: reader.task(1, 2)).waits_for == (1,)
