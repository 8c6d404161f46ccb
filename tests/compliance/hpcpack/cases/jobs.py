"""The operations of 2016 about cluster, nodes and jobs: spec hpcpack-2016, sections 4.1 to 4.3."""

from tests.compliance.hpcpack.cases import Case, Names, Rows

JOB_XML = '<Job Name="fromXml"><Tasks><Task CommandLine="hostname" MinCores="1" MaxCores="1"/></Tasks></Job>'

CASES = [
    Case(about="4.1", method="GET", target="/cluster/version", answer="5.3.6450.0"),
    Case(about="4.1", method="GET", target="/cluster/activeHeadNode", answer="HEADGATE"),
    Case(
        about="4.1: the pattern that is used",
        method="GET",
        target="/cluster/info/dateTimeFormat",
        answer="M/d/yyyy h:mm:ss tt",
    ),
    Case(
        about="4.2, 3.1: the columns asked for, the order of a sort, a filter",
        method="GET",
        target="/nodes?properties=name,state&sortNodesBy=Name&asc=false&$filter=NodeState+eq+Online",
        answer=Rows([{"Name": "NODE2", "State": "Online"}, {"Name": "NODE1", "State": "Online"}]),
    ),
    Case(
        about="4.2: a node, its name in any letter case",
        method="GET",
        target="/nodes/node2?properties=Name,NumCores",
        answer={"Name": "NODE2", "NumCores": "4"},
    ),
    Case(
        about="4.2: groups, each with exactly Name then Description",
        method="GET",
        target="/nodes/groups",
        answer=Rows(
            [
                {"Name": "ComputeNodes", "Description": "Nodes that run jobs"},
                {"Name": "HeadNodes", "Description": "Nodes that schedule jobs"},
            ]
        ),
    ),
    Case(
        about="4.2: members of a group",
        method="GET",
        target="/nodes/groups/computenodes",
        answer=Names(["NODE1", "NODE2"]),
    ),
    Case(
        about="3.1: the default columns of a job list",
        method="GET",
        target="/jobs?rowsPerRead=1",
        answer=Rows(
            [{"Id": "1", "Owner": "ann", "Name": "one", "State": "Configuring", "Priority": "Normal"}]
        ),
    ),
    Case(
        about="3.2: owner and a filter hold together",
        method="GET",
        target="/jobs?owner=ANN&$filter=JobState+eq+Running&properties=id",
        answer=Rows([{"Id": "2"}]),
    ),
    Case(about="3.1: nothing found", method="GET", target="/jobs?owner=nobody", answer=Rows([])),
    Case(
        about="4.3: the example",
        method="POST",
        target="/jobs",
        sent={"Name": "demo", "Priority": "AboveNormal"},
        answer=5,
    ),
    Case(about="4.3: an empty property set", method="POST", target="/jobs", sent={}, answer=5),
    Case(about="4.3: no body", method="POST", target="/jobs", answer=5),
    Case(about="4.3: the example", method="POST", target="/jobs/jobFile", sent=JOB_XML, answer=5),
    Case(about="4.3", method="GET", target="/jobs/templates", answer=Names(["Default"])),
    Case(
        about="4.3: id,state come in the spelling of the tables",
        method="GET",
        target="/jobs/1?properties=id,state",
        answer={"Id": "1", "State": "Configuring"},
    ),
    Case(
        about="hpcpack-model 1.1: no value is an empty one",
        method="GET",
        target="/jobs/1?properties=Project",
        answer={"Project": ""},
    ),
    Case(about="4.3", method="PUT", target="/jobs/1", sent={"Name": "other <&> é"}, status=204),
    Case(
        about="4.3: of the names asked for, those that exist",
        method="GET",
        target="/jobs/1/customProperties?names=ticket,none",
        answer={"ticket": "42"},
    ),
    Case(about="4.3", method="POST", target="/jobs/1/customProperties", sent={"a": "b"}, status=204),
    Case(
        about="hpcpack-model 10.1: a name that is not set has an empty value",
        method="GET",
        target="/jobs/1/envVariables?names=MODE,NONE",
        answer={"MODE": "fast", "NONE": ""},
    ),
    Case(
        about="4.3: the example",
        method="POST",
        target="/jobs/1/envVariables",
        sent={"MODE": "fast"},
        status=204,
    ),
    Case(about="4.3: the example", method="POST", target="/jobs/1/submit", status=204),
    Case(
        about="4.3: properties are applied first",
        method="POST",
        target="/jobs/1/submit",
        sent={"Name": "late", "UserName": "ann", "Password": "pw"},
        status=204,
    ),
    Case(
        about="4.3: the example",
        method="POST",
        target="/jobs/4/cancel",
        sent="not needed any more",
        status=204,
    ),
    Case(about="4.3: no message", method="POST", target="/jobs/2/cancel?forced=True", status=204),
    Case(about="4.3", method="POST", target="/jobs/4/finish", sent="enough", status=204),
    Case(about="4.3", method="POST", target="/jobs/4/finish", status=204),
    Case(about="4.3: nothing is sent", method="POST", target="/jobs/3/requeue", status=204),
]
