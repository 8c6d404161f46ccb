"""The operations that 2019 added: spec hpcpack-2016, section 6 ("6" below), every one in JSON and XML.

The XML of typed objects is not published; it is as `headgate.formats.hpcpack.typed` describes it.
"""

import json
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from headgate.core.figures import Figure
from headgate.core.model import Intent, Node, Share
from headgate.core.states import JobState
from headgate.ports.store import Transaction
from tests.compliance.hpcpack.world import World, given, quoted

XML = {"accept": "application/xml"}
COMMON = 'xmlns="http://schemas.microsoft.com/HPCS2008R2/common" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
ARRAYS = (
    'xmlns="http://schemas.microsoft.com/2003/10/Serialization/Arrays" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
)
NODE2 = {
    "Name": "NODE2",
    "State": "Online",
    "Health": "OK",
    "Template": "",
    "Location": None,
    "MemorySize": 8192,
    "Cores": 4,
    "Sockets": 1,
    "HpcPackVersion": "5.3.6450.0",
    "OnAzure": False,
    "Groups": ["ComputeNodes"],
    "Roles": ["ComputeNode"],
    "InstalledServiceRoles": ["ComputeNode"],
    "ActiveServiceRoles": ["ComputeNode"],
}
NODE2_XML = (
    "<ActiveServiceRoles><string>ComputeNode</string></ActiveServiceRoles><Cores>4</Cores>"
    "<Groups><string>ComputeNodes</string></Groups><Health>OK</Health>"
    "<HpcPackVersion>5.3.6450.0</HpcPackVersion>"
    "<InstalledServiceRoles><string>ComputeNode</string></InstalledServiceRoles>"
    '<Location i:nil="true"/><MemorySize>8192</MemorySize><Name>NODE2</Name><OnAzure>false</OnAzure>'
    "<Roles><string>ComputeNode</string></Roles><Sockets>1</Sockets><State>Online</State>"
    "<Template></Template>"
)
LAST_WEEK = {"FromTime": "2030-03-10T18:00:00Z", "ToTime": "2030-03-17T17:46:40Z"}
LOGGED = {
    "Name": "Take node offline",
    "State": "Committed",
    "Operator": "op",
    "Node": "NODE1",
    "Cancelable": False,
    "UpdateTime": "2030-03-17T17:46:40Z",
}
ENTRY = {
    "Message": "Node NODE1 is offline.",
    "Severity": "Information",
    "Source": "Headgate",
    "CreateTime": "2030-03-17T17:46:40Z",
}
ENTRY_XML = (
    "<Entries><OperationLogEntry><CreateTime>2030-03-17T17:46:40Z</CreateTime>"
    "<Message>Node NODE1 is offline.</Message><Severity>Information</Severity><Source>Headgate</Source>"
    "</OperationLogEntry></Entries>"
)


def logged_xml(entries: str, operation: str) -> str:
    return (
        f"<Cancelable>false</Cancelable>{entries}<Id>{operation}</Id><Name>Take node offline</Name>"
        "<Node>NODE1</Node><Operator>op</Operator><State>Committed</State>"
        "<UpdateTime>2030-03-17T17:46:40Z</UpdateTime>"
    )


CASES: list[tuple[str, Any, str]] = [
    # target, the JSON, the XML; {id} is the operation that the world below has logged
    (
        "/cluster/userRoles",
        ["User"],
        f"<ArrayOfstring {ARRAYS}><string>User</string></ArrayOfstring>",
    ),
    (
        "/cluster/info",
        {"SubscriptionId": None, "DeploymentId": None, "Location": None},
        f'<ClusterInfo {COMMON}><DeploymentId i:nil="true"/><Location i:nil="true"/>'
        '<SubscriptionId i:nil="true"/></ClusterInfo>',
    ),
    ("/cluster/nodes?names=node2", [NODE2], f"<ArrayOfNode {COMMON}><Node>{NODE2_XML}</Node></ArrayOfNode>"),
    ("/cluster/nodes/node2", NODE2, f"<Node {COMMON}>{NODE2_XML}</Node>"),
    (
        "/cluster/nodes/stats/state",
        [{"Name": "Offline", "Value": 1}, {"Name": "Online", "Value": 1}],
        f"<ArrayOfNodeStat {COMMON}><NodeStat><Name>Offline</Name><Value>1</Value></NodeStat>"
        "<NodeStat><Name>Online</Name><Value>1</Value></NodeStat></ArrayOfNodeStat>",
    ),
    (
        "/cluster/nodes/stats/health",
        [{"Name": "OK", "Value": 2}],
        f"<ArrayOfNodeStat {COMMON}><NodeStat><Name>OK</Name><Value>2</Value></NodeStat></ArrayOfNodeStat>",
    ),
    (
        "/cluster/nodes/metrics?metricNames=HPCCpuUsage,HPCCoresInUse",
        [
            {"NodeName": "NODE1", "Metrics": {"HpcCpuUsage": 12.5, "HpcCoresInUse": 0.0}},
            {"NodeName": "NODE2", "Metrics": {"HpcCoresInUse": 0.0}},
        ],
        f"<ArrayOfNodeMetric {COMMON}><NodeMetric><Metrics><KeyValueOfstringdouble><Key>HpcCpuUsage</Key>"
        "<Value>12.5</Value></KeyValueOfstringdouble><KeyValueOfstringdouble><Key>HpcCoresInUse</Key>"
        "<Value>0.0</Value></KeyValueOfstringdouble></Metrics><NodeName>NODE1</NodeName></NodeMetric>"
        "<NodeMetric><Metrics><KeyValueOfstringdouble><Key>HpcCoresInUse</Key><Value>0.0</Value>"
        "</KeyValueOfstringdouble></Metrics><NodeName>NODE2</NodeName></NodeMetric></ArrayOfNodeMetric>",
    ),
    (
        "/cluster/metrics/history/hpccpuusage?fromTime=2030-03-17T17:00:00Z&toTime=2030-03-17T18:00:00Z",
        {
            "MetricName": "HPCCpuUsage",
            "FromTime": "2030-03-17T17:00:00Z",
            "ToTime": "2030-03-17T18:00:00Z",
            "Instances": [
                {"InstanceName": "NODE1", "Values": [{"Key": "2030-03-17T17:46:40Z", "Value": 12.5}]}
            ],
        },
        f"<MetricData {COMMON}><FromTime>2030-03-17T17:00:00Z</FromTime><Instances><MetricInstanceData>"
        "<InstanceName>NODE1</InstanceName><Values><MetricValue><Key>2030-03-17T17:46:40Z</Key>"
        "<Value>12.5</Value></MetricValue></Values></MetricInstanceData></Instances>"
        "<MetricName>HPCCpuUsage</MetricName><ToTime>2030-03-17T18:00:00Z</ToTime></MetricData>",
    ),
    (
        "/cluster/metrics/jobs",
        {
            "MetricName": "Jobs",
            **LAST_WEEK,
            "Instances": [
                {
                    "InstanceName": "Number of finished jobs",
                    "Values": [{"Key": "2030-03-17T17:00:00Z", "Value": 1}],
                },
                {"InstanceName": "Number of failed jobs", "Values": []},
                {"InstanceName": "Number of canceled jobs", "Values": []},
            ],
        },
        f"<MetricData {COMMON}><FromTime>2030-03-10T18:00:00Z</FromTime><Instances><MetricInstanceData>"
        "<InstanceName>Number of finished jobs</InstanceName><Values><MetricValue>"
        "<Key>2030-03-17T17:00:00Z</Key><Value>1</Value></MetricValue></Values></MetricInstanceData>"
        "<MetricInstanceData><InstanceName>Number of failed jobs</InstanceName><Values></Values>"
        "</MetricInstanceData><MetricInstanceData><InstanceName>Number of canceled jobs</InstanceName>"
        "<Values></Values></MetricInstanceData></Instances><MetricName>Jobs</MetricName>"
        "<ToTime>2030-03-17T17:46:40Z</ToTime></MetricData>",
    ),
    (
        "/cluster/operations",
        [{"Id": "{id}", **LOGGED, "Entries": None}],
        f"<ArrayOfOperationLog {COMMON}><OperationLog>"
        + logged_xml('<Entries i:nil="true"/>', "{id}")
        + "</OperationLog></ArrayOfOperationLog>",
    ),
    (
        "/cluster/operations?withDetail=True&nodeNames=node1",
        [{"Id": "{id}", **LOGGED, "Entries": [ENTRY]}],
        f"<ArrayOfOperationLog {COMMON}><OperationLog>"
        + logged_xml(ENTRY_XML, "{id}")
        + "</OperationLog></ArrayOfOperationLog>",
    ),
    (
        "/cluster/operations/first?nodeNames=node1",
        {"Id": "{id}", **LOGGED, "Entries": [ENTRY]},
        f"<OperationLog {COMMON}>" + logged_xml(ENTRY_XML, "{id}") + "</OperationLog>",
    ),
    (
        "/cluster/operations/{id}",
        {"Id": "{id}", **LOGGED, "Entries": [ENTRY]},
        f"<OperationLog {COMMON}>" + logged_xml(ENTRY_XML, "{id}") + "</OperationLog>",
    ),
    (
        "/cluster/nodeGroups/headnodes",
        {"Name": "HeadNodes", "Description": "Nodes that schedule jobs", "Managed": True},
        f"<NodeGroup {COMMON}><Description>Nodes that schedule jobs</Description><Managed>true</Managed>"
        "<Name>HeadNodes</Name></NodeGroup>",
    ),
    (
        "/cluster/nodeGroups/computenodes/nodes",
        ["NODE1", "NODE2"],
        f"<ArrayOfstring {ARRAYS}><string>NODE1</string><string>NODE2</string></ArrayOfstring>",
    ),
]


@pytest.mark.parametrize(("target", "answer", "xml"), CASES, ids=[case[0] for case in CASES])
async def test_recorded(world: World, target: str, answer: Any, xml: str) -> None:
    """6: what is read. NODE1 was measured and taken offline, and a job has finished."""
    await world.store.write(lambda tx: tx.add_samples({Figure.CPU_USAGE: {"NODE1": 12.5}}))
    assert (await world.ask("POST", "/cluster/nodes/NODE1/operations/takeOffline", user="op")).status == 202
    job = await world.job()
    await world.put_job(job, state=JobState.FINISHED)
    (logged,) = (await world.ask("GET", "/cluster/operations")).json
    target, xml = target.replace("{id}", logged["Id"]), xml.replace("{id}", logged["Id"])
    got = await world.ask("GET", target)
    assert got.status == 200, got.body
    assert got.body.decode() == json.dumps(answer, separators=(",", ":")).replace("{id}", logged["Id"])
    got = await world.ask("GET", target, headers=XML)
    assert (got.status, got.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    assert got.body.decode() == xml
    etree.fromstring(got.body)


async def test_definitions_and_groups_are_lists_of_their_types(world: World) -> None:
    """6: GET /cluster/metrics/definitions, /cluster/nodeGroups."""
    definitions = await world.ask("GET", "/cluster/metrics/definitions")
    assert [list(one) for one in definitions.json] == [["Name", "DisplayName", "Description"]] * 5
    assert [one["Name"] for one in definitions.json] == [
        "HPCCpuUsage",
        "HPCMemoryPaging",
        "HPCDiskThroughput",
        "HPCNetwork",
        "HPCCoresInUse",
    ]
    groups = await world.ask("GET", "/Cluster/NodeGroups")
    assert [(one["Name"], one["Managed"]) for one in groups.json] == [
        ("ComputeNodes", True),
        ("HeadNodes", True),
    ]
    for target, name in (("metrics/definitions", "MetricDefinition"), ("nodeGroups", "NodeGroup")):
        root = etree.fromstring((await world.ask("GET", f"/cluster/{target}", headers=XML)).body)
        assert root.tag.endswith(f"}}ArrayOf{name}")
        assert {child.tag for child in root} == {f"{{http://schemas.microsoft.com/HPCS2008R2/common}}{name}"}


# ---- who is asking


async def test_roles_are_those_of_the_user_acted_as(world: World) -> None:
    """6: x-ms-as-user applies; the roles are those of the caller."""
    asked = "/cluster/userRoles"
    assert (await world.ask("GET", asked, user="boss")).json == ["User", "Administrator"]
    assert (await world.ask("GET", asked, user="op")).json == ["User", "JobOperator"]
    assert (await world.ask("GET", asked, user="planner")).json == ["User", "JobAdministrator"]
    as_ann = await world.ask("GET", asked, user="boss", headers={"x-ms-as-user": "ann"})
    assert as_ann.json == ["User"]
    refused = await world.ask(
        "POST",
        "/cluster/nodes/NODE1/operations/takeOffline",
        user="boss",
        headers={"x-ms-as-user": "ann"},
    )
    assert refused.status == 403


@pytest.mark.parametrize("user", ["ann", "planner"])
async def test_changes_are_for_operators_and_administrators(world: World, user: str) -> None:
    """Our rule of rights: administrators and operators manage nodes."""
    for method, target, body in (
        ("POST", "/cluster/nodes/NODE1/operations/takeOffline", {}),
        ("POST", "/cluster/nodes/NODE1/operations/reboot", {}),
        ("POST", "/cluster/nodeGroups", {"Name": "g"}),
        ("PUT", "/cluster/nodeGroups/ComputeNodes", {"Name": "g"}),
        ("DELETE", "/cluster/nodeGroups/ComputeNodes", {}),
        ("PATCH", "/cluster/nodeGroups/ComputeNodes/nodes", {"Operation": "add", "NodeNames": ["NODE1"]}),
    ):
        answer = await world.ask(method, target, body, user=user)
        assert answer.status == 403, (method, target)
    assert (await world.ask("GET", "/cluster/operations", user=user)).json == []


# ---- nodes


async def choose(world: World, **criteria: str) -> list[str]:
    """Names of the nodes that meet criteria."""
    query = "&".join(f"{name}={quoted(value)}" for name, value in criteria.items())
    answer = await world.ask("GET", f"/cluster/nodes?{query}")
    assert answer.status == 200, answer.body
    return [node["Name"] for node in answer.json]


async def test_criteria_hold_together(world: World) -> None:
    """6: criteria combine with AND."""
    assert await choose(world) == ["NODE1", "NODE2"]
    assert await choose(world, names="node2, NODE1,none") == ["NODE1", "NODE2"]
    assert await choose(world, group="headnodes") == ["NODE1"]
    assert await choose(world, group="none") == []
    assert await choose(world, names="NODE2", group="HeadNodes") == []
    await world.ask("POST", "/cluster/nodes/NODE1/operations/takeOffline", user="boss")
    assert await choose(world, state="offline") == ["NODE1"]
    assert await choose(world, state="Rejected") == []
    assert await choose(world, health="ok", state="ONLINE") == ["NODE2"]


async def test_nodes_of_jobs_are_those_they_run_on(world: World) -> None:
    """6: `jobs` is a comma list of job ids."""
    job, waiting = await world.job(), await world.job()
    await world.put_job(job, state=JobState.RUNNING, nodes=("NODE2",))
    assert await choose(world, jobs=f"{waiting},{job},999") == ["NODE2"]
    assert await choose(world, jobs=str(waiting)) == []
    assert await choose(world, jobs=str(job), group="HeadNodes") == []


@pytest.mark.parametrize("query", ["state=Asleep", "health=fine", "jobs=x"])
async def test_criteria_that_are_none_are_refused(world: World, query: str) -> None:
    answer = await world.ask("GET", f"/cluster/nodes?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.said


async def test_a_node_that_can_not_be_reached_is_in_error_and_without_figures(world: World) -> None:
    """6: unreachable nodes have an empty Metrics object."""

    def lose(tx: Transaction) -> None:
        tx.put_node(replace(tx.nodes()[1], reachable=False))
        tx.add_samples({Figure.NETWORK: {"NODE1": 5.0, "NODE2": 7.0}})

    await world.store.write(lose)
    assert (await world.ask("GET", "/cluster/nodes/NODE2")).json["Health"] == "Error"
    metrics = await world.ask("GET", "/cluster/nodes/metrics?metricNames=hpcNetwork,HPCCoresInUse")
    assert metrics.json == [
        {"NodeName": "NODE1", "Metrics": {"HpcNetwork": 5.0, "HpcCoresInUse": 0.0}},
        {"NodeName": "NODE2", "Metrics": {}},
    ]


async def test_words_of_the_interface_are_no_names_of_nodes(world: World) -> None:
    """6: `metrics` and `stats` are reserved in the place of a node name."""
    await world.store.write(lambda tx: [tx.put_node(Node(name=name)) for name in ("metrics", "stats")])
    assert (await world.ask("GET", "/cluster/nodes/METRICS")).status == 400
    assert (await world.ask("GET", "/cluster/nodes/stats")).status == 404


async def test_a_busy_node_drains_and_its_operation_is_executing(world: World) -> None:
    """6: node operations are asynchronous: poll the node state."""
    job = await world.job()
    intent = Intent(
        job_id=job, task=1, instances=(1,), lane=1, shares=(Share("NODE1", (0, 3)),), engine="local"
    )
    await world.store.write(lambda tx: tx.add_intent(intent))
    answer = await world.ask("POST", "/cluster/nodes/node1/operations/TAKEOFFLINE", b"", user="boss")
    assert (answer.status, answer.body) == (202, b"")
    node = (await world.ask("GET", "/cluster/nodes/NODE1")).json
    assert (node["State"], node["Health"]) == ("Draining", "Transitional")
    (logged,) = (await world.ask("GET", "/cluster/operations")).json
    assert (logged["State"], logged["Node"]) == ("Executing", "NODE1")
    metrics = await world.ask("GET", "/cluster/nodes/metrics?metricNames=HPCCoresInUse")
    assert metrics.json[0] == {"NodeName": "NODE1", "Metrics": {"HpcCoresInUse": 2.0}}
    assert (
        await world.ask(
            "POST", "/cluster/nodes/NODE1/operations/bringOnline", content_type="text/plain", user="op"
        )
    ).status == 202
    states = [one["State"] for one in (await world.ask("GET", "/cluster/operations")).json]
    assert sorted(states) == ["Committed", "Reverted"]


@pytest.mark.parametrize("operation", ["start", "stop", "Reboot", "shutdown"])
async def test_what_no_engine_can_do_is_refused_clearly(world: World, operation: str) -> None:
    answer = await world.ask("POST", f"/cluster/nodes/NODE1/operations/{operation}", user="boss")
    assert answer.status == 400
    assert answer.said.startswith("The engine local can't ")
    assert (await world.ask("GET", "/cluster/operations")).json == []


async def test_unknown_nodes_and_operations(world: World) -> None:
    assert (await world.ask("GET", "/cluster/nodes/none")).status == 404
    for operation in ("bringOnline", "reboot"):
        answer = await world.ask("POST", f"/cluster/nodes/none/operations/{operation}", user="boss")
        assert answer.status == 404
    answer = await world.ask("POST", "/cluster/nodes/NODE1/operations/dance", user="boss")
    assert answer.status == 400
    assert "bringOnline" in answer.said
    assert (await world.ask("GET", "/cluster/nodes/NODE1/operations/bringOnline")).status == 405


# ---- node groups


async def test_a_group_from_creation_to_removal_in_json(world: World) -> None:
    """6: POST, GET, PUT, PATCH, DELETE; keys in any letter case (2.1)."""
    created = await world.ask("POST", "/cluster/nodeGroups", {"name": "big", "Description": "d"}, user="op")
    assert (created.status, created.json) == (200, {"Name": "big", "Description": "d", "Managed": False})
    patched = await world.ask(
        "PATCH",
        "/cluster/nodeGroups/BIG/nodes",
        {"GroupName": "big", "Operation": "add", "NodeNames": ["node2"]},
        user="op",
    )
    assert (patched.status, patched.json) == (200, ["NODE2"])
    changed = await world.ask(
        "PUT", "/cluster/nodeGroups/big", {"Name": "large", "Description": "e", "Managed": False}, user="op"
    )
    assert (changed.status, changed.json) == (200, {"Name": "large", "Description": "e", "Managed": False})
    assert (await world.ask("GET", "/cluster/nodeGroups/big")).status == 404
    assert (await world.ask("GET", "/cluster/nodeGroups/large/nodes")).json == ["NODE2"]
    # The groups of 2016 are the same ones.
    assert (await world.ask("GET", "/nodes/groups/large")).json == ["NODE2"]
    assert (await world.ask("GET", "/nodes/NODE2")).values["NodeGroups"] == "ComputeNodes,large"
    gone = await world.ask(
        "PATCH", "/cluster/nodeGroups/large/nodes", {"operation": "REMOVE", "nodenames": ["NODE2"]}, user="op"
    )
    assert (gone.status, gone.json) == (200, [])
    removed = await world.ask("DELETE", "/cluster/nodeGroups/large", user="op")
    assert (removed.status, removed.body) == (204, b"")
    assert (await world.ask("DELETE", "/cluster/nodeGroups/large", user="op")).status == 404


async def test_a_group_from_creation_to_removal_in_xml(world: World) -> None:
    """XML by Accept and Content-Type; the forms are ours."""

    async def ask(method: str, target: str, body: str) -> Any:
        return await world.ask(
            method,
            f"/cluster/nodeGroups{target}",
            body.encode(),
            user="boss",
            headers=XML,
            content_type="text/xml; charset=utf-8",
        )

    created = await ask(
        "POST", "", f"<NodeGroup {COMMON}><Description>d</Description><Name>big</Name></NodeGroup>"
    )
    assert created.body.decode() == (
        f"<NodeGroup {COMMON}><Description>d</Description><Managed>false</Managed><Name>big</Name>"
        "</NodeGroup>"
    )
    patched = await ask(
        "PATCH",
        "/big/nodes",
        f"<NodeGroupOperation {COMMON}><GroupName>big</GroupName><NodeNames><string>NODE1</string>"
        "</NodeNames><Operation>add</Operation></NodeGroupOperation>",
    )
    assert patched.body.decode() == f"<ArrayOfstring {ARRAYS}><string>NODE1</string></ArrayOfstring>"
    changed = await ask("PUT", "/big", "<NodeGroup><Name>large</Name></NodeGroup>")
    assert b"<Description>d</Description><Managed>false</Managed><Name>large</Name>" in changed.body
    assert (await ask("DELETE", "/large", "")).status == 204
    refused = await ask("POST", "", "<NodeGroup/>")
    assert refused.status == 400
    assert b"no Name" in refused.body


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "said"),
    [
        ("POST", "", b"", 400, "no Name"),
        ("POST", "", b"[]", 400, "The body is not"),
        ("POST", "", b'{"Name":""}', 400, "1 to 128 characters"),
        ("POST", "", b'{"Name":"a,b"}', 400, "no commas"),
        ("POST", "", b'{"Name":7}', 400, "Expected `str"),
        ("POST", "", b'{"Name":"x","Managed":true}', 400, "Managed"),
        ("POST", "", b'{"Name":"COMPUTENODES"}', 400, "Node group already exists"),
        ("PUT", "/none", b'{"Name":"x"}', 404, "no node group 'none'"),
        ("PUT", "/HeadNodes", b'{"Description":"x"}', 400, "is managed"),
        ("DELETE", "/HeadNodes", b"", 400, "is managed"),
        ("PATCH", "/none/nodes", b'{"Operation":"add","NodeNames":["NODE1"]}', 404, "no node group"),
        ("PATCH", "/HeadNodes/nodes", b'{"Operation":"add","NodeNames":["NODE2"]}', 400, "is managed"),
        ("PATCH", "/mine/nodes", b'{"Operation":"add","NodeNames":["NODE1","none"]}', 404, "'none'"),
        ("PATCH", "/mine/nodes", b'{"Operation":"set","NodeNames":[]}', 400, "add or remove"),
        ("PATCH", "/mine/nodes", b'{"NodeNames":[]}', 400, "Operation"),
        ("PATCH", "/mine/nodes", b'{"Operation":"add"}', 400, "NodeNames"),
        ("PATCH", "/mine/nodes", b'{"GroupName":"o","Operation":"add","NodeNames":[]}', 400, "GroupName"),
    ],
)
async def test_what_is_refused_changes_nothing(
    world: World, method: str, target: str, body: bytes, status: int, said: str
) -> None:
    await world.ask("POST", "/cluster/nodeGroups", {"Name": "mine"}, user="boss")
    everything = ("/cluster/nodeGroups", "/cluster/nodes", "/cluster/operations")
    before = [(await world.ask("GET", path)).body for path in everything]
    answer = await world.ask(method, f"/cluster/nodeGroups{target}", body, user="boss")
    assert answer.status == status, answer.body
    assert said in answer.said
    assert [(await world.ask("GET", path)).body for path in everything] == before


# ---- the log of operations


async def test_times_are_exclusive_and_the_latest_comes_first(world: World) -> None:
    """6: latest first, times exclusive, limit; `first` is the earliest."""
    for operation in ("takeOffline", "bringOnline", "takeOffline"):
        await world.ask("POST", f"/cluster/nodes/NODE1/operations/{operation}", user="boss")
        world.clock.time += 60_000_000
    listed = (await world.ask("GET", "/cluster/operations")).json
    assert [one["UpdateTime"][14:16] for one in listed] == ["48", "47", "46"]
    between = f"fromTime={listed[2]['UpdateTime']}&toTime={listed[0]['UpdateTime']}"
    assert (await world.ask("GET", f"/cluster/operations?{between}")).json == [listed[1]]
    assert (await world.ask("GET", "/cluster/operations?limit=2")).json == listed[:2]
    assert (await world.ask("GET", "/cluster/operations?nodeNames=NODE2")).json == []
    first = (await world.ask("GET", f"/cluster/operations/first?{between}")).json
    assert first["Id"] == listed[1]["Id"]
    assert (await world.ask("GET", "/cluster/operations/first?nodeNames=NODE2")).status == 404


async def test_a_long_log_is_written_beside_other_requests_and_whole(world: World) -> None:
    body = {"Operation": "add", "NodeNames": [f"n{number}" for number in range(250)]}

    def many(tx: Transaction) -> None:
        for number in range(250):
            tx.put_node(Node(name=f"n{number}"))

    await world.store.write(many)
    await world.ask("POST", "/cluster/nodeGroups", {"Name": "g"}, user="boss")
    assert len((await world.ask("PATCH", "/cluster/nodeGroups/g/nodes", body, user="boss")).json) == 250
    listed = (await world.ask("GET", "/cluster/operations?withDetail=true")).json
    assert [one["Node"] for one in listed] == [f"n{number}" for number in reversed(range(250))] + [""]
    root = etree.fromstring((await world.ask("GET", "/cluster/operations", headers=XML)).body)
    assert len(root) == 251


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/cluster/metrics/history/HPCNetwork?fromTime=0001-01-01T00:00:00%2B14:00&toTime=9999-12-31", 200),
        ("/cluster/operations/none", 404),
        ("/cluster/operations?limit=0", 400),
        ("/cluster/operations?fromTime=yesterday", 400),
        ("/cluster/operations?withDetail=perhaps", 400),
        ("/cluster/nodes/metrics", 400),
        ("/cluster/nodes/metrics?metricNames=Heat", 400),
        ("/cluster/metrics/history/Heat?fromTime=2030-01-01&toTime=2030-01-02", 404),
        ("/cluster/metrics/history/HPCNetwork?fromTime=2030-01-01", 400),
        ("/cluster/metrics/history/HPCNetwork?fromTime=2030-01-02&toTime=2030-01-01", 400),
        ("/cluster/nodeGroups/none", 404),
        ("/cluster/nodeGroups/none/nodes", 404),
    ],
)
async def test_what_is_not_there_or_makes_no_sense(world: World, target: str, status: int) -> None:
    assert (await world.ask("GET", target)).status == status
    assert (await world.ask("GET", target, headers=XML)).status == status


# ---- jobs on nodes


async def test_jobs_on_nodes_are_all_that_run_there_with_all_properties(world: World) -> None:
    """6: GET /jobs?nodeNames: all other parameters are ignored, unknown names too."""
    here, there, waiting = [await world.job(Name=name) for name in ("here", "there", "waiting")]
    await world.put_job(here, state=JobState.RUNNING, nodes=("NODE1",))
    await world.put_job(there, state=JobState.RUNNING, nodes=("NODE2",))
    answer = await world.ask(
        "GET", "/jobs?nodenames=node1,none&properties=Nonsense&rowsPerRead=x&$filter=x&queryId=y"
    )
    assert answer.status == 200, answer.body
    assert [row["Name"] for row in answer.rows] == ["here"]
    assert list(answer.rows[0]) == [row["Name"] for row in (await world.ask("GET", f"/jobs/{here}")).json]
    assert "x-ms-continuation-queryid" not in answer.headers
    both = await world.ask("GET", "/jobs?nodeNames=NODE1,NODE2&startRow=7")
    assert [row["Id"] for row in both.rows] == [str(here), str(there)]
    assert "x-ms-row-count" not in both.headers
    assert (await world.ask("GET", "/jobs?nodeNames=none")).body == b"[]"
    every = await world.ask("GET", "/jobs?nodeNames=")
    assert [row["Id"] for row in every.rows] == [str(here), str(there), str(waiting)]


async def test_jobs_on_nodes_in_xml_and_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent in parts is one document, whatever the parts."""
    monkeypatch.setattr("headgate.dialects.hpcpack.jobs_on_nodes.AT_ONCE", 2)
    monkeypatch.setattr("headgate.dialects.hpcpack.jobs_on_nodes.TOGETHER", 3)
    jobs = [await world.job() for _ in range(7)]
    for job in jobs:
        await world.put_job(job, state=JobState.RUNNING, nodes=("NODE1",))
    answer = await world.ask("GET", "/jobs?nodeNames=NODE1")
    assert [row["Id"] for row in answer.rows] == [str(job) for job in jobs]
    root = etree.fromstring((await world.ask("GET", "/jobs?nodeNames=NODE1", headers=XML)).body)
    assert root.tag == "{http://schemas.microsoft.com/HPCS2008R2/common}ArrayOfObject"
    assert len(root) == 7
    empty = await world.ask("GET", "/jobs?nodeNames=NODE2", headers=XML)
    assert len(etree.fromstring(empty.body)) == 0


async def test_what_is_private_of_others_stays_so(world: World) -> None:
    job = await world.job(user="ben")
    await world.ask("PUT", f"/jobs/{job}", given({"EmailAddress": "ben@example.org"}), user="ben")
    await world.put_job(job, state=JobState.RUNNING, nodes=("NODE1",))
    seen = {
        user: (await world.ask("GET", "/jobs?nodeNames=NODE1", user=user)).rows[0]["EmailAddress"]
        for user in ("ann", "ben", "op")
    }
    assert seen == {"ann": "", "ben": "ben@example.org", "op": "ben@example.org"}
