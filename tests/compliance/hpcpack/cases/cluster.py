"""The operations that 2019 added: spec hpcpack-2016, section 6.

Here each is asked once, in JSON; their bodies, with the XML that only we have, are in `test_cluster2019.py`.
"""

from tests.compliance.hpcpack.cases import JSON, Case, Names, Typed, Value

DAY = "fromTime=2030-03-17T00:00:00Z&toTime=2030-03-18T00:00:00Z"
GROUPS, OPERATE = "/cluster/nodeGroups", "/cluster/nodes/NODE1/operations/takeOffline"


def read(target: str, answer: Value = None, before: tuple[tuple[str, Value], ...] = ()) -> Case:
    """Something that everybody may read; without an answer it is judged elsewhere."""
    judged = answer is not None
    return Case(
        about="6", method="GET", target=target, answer=answer, judged=judged, before=before, formats=(JSON,)
    )


def change(
    method: str,
    target: str,
    sent: Value = None,
    status: int = 200,
    answer: Value = None,
    before: tuple[tuple[str, Value], ...] = (),
) -> Case:
    """Something for operators and administrators."""
    return Case(
        about="6",
        method=method,
        target=target,
        sent=sent,
        status=status,
        answer=answer,
        before=before,
        user="op",
        formats=(JSON,),
    )


def group(name: str, description: str = "") -> Typed:
    """A node group that somebody made."""
    return Typed({"Name": name, "Description": description, "Managed": False})


def made(name: str) -> tuple[tuple[str, Value], ...]:
    """An administrator has made this group."""
    return ((GROUPS, Typed({"Name": name})),)


CASES = [
    read("/cluster/userRoles", Names(["User"])),
    read("/cluster/info", Typed({"SubscriptionId": None, "DeploymentId": None, "Location": None})),
    read("/cluster/nodes?group=ComputeNodes"),
    read("/cluster/nodes/node2"),
    read("/cluster/nodes/stats/state", Typed([{"Name": "Online", "Value": 2}])),
    read("/cluster/nodes/stats/health", Typed([{"Name": "OK", "Value": 2}])),
    read("/cluster/nodes/metrics?metricNames=HPCCoresInUse"),
    read("/cluster/metrics/definitions"),
    read(f"/cluster/metrics/history/HPCCpuUsage?{DAY}"),
    read("/cluster/metrics/jobs"),
    read("/cluster/operations", Typed([])),
    read("/cluster/operations?limit=1&withDetail=true", before=((OPERATE, None),)),
    read("/cluster/operations/first", before=((OPERATE, None),)),
    Case(about="6", method="GET", target="/cluster/operations/none", status=404, formats=(JSON,)),
    read("/cluster/nodeGroups"),
    read(f"{GROUPS}/HeadNodes"),
    read(f"{GROUPS}/headnodes/nodes", Names(["NODE1"])),
    change("POST", OPERATE, status=202),
    change("POST", GROUPS, Typed({"Name": "Fast", "Description": "new"}), answer=group("Fast", "new")),
    change("PUT", f"{GROUPS}/Slow", Typed({"Name": "Late"}), answer=group("Late"), before=made("Slow")),
    change(
        "PATCH",
        f"{GROUPS}/Some/nodes",
        Typed({"GroupName": "Some", "Operation": "add", "NodeNames": ["node2"]}),
        answer=Names(["NODE2"]),
        before=made("Some"),
    ),
    change("DELETE", f"{GROUPS}/Gone", status=204, before=made("Gone")),
]
