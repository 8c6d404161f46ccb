"""The operations of 2016 about tasks and subtasks: spec hpcpack-2016, section 4.4."""

from tests.compliance.hpcpack.cases import Case, Rows

TASK, SUBTASK = "/jobs/2/tasks/2", "/jobs/2/tasks/1/subtasks/2"

CASES = [
    Case(
        about="the row of an expanded sweep, in the default columns",
        method="GET",
        target="/jobs/2/tasks?$filter=TaskInstanceIds+eq+2",
        answer=Rows(
            [
                {
                    "TaskId": "2.1.2",
                    "Name": "Sweep",
                    "State": "Failed",
                    "CommandLine": "echo 2",
                    "ExitCode": "3",
                    "ParentJobId": "2",
                    "JobTaskId": "1",
                    "InstanceId": "2",
                }
            ]
        ),
    ),
    Case(
        about="hpcpack-model 6.4: not expanded, only the master; the last first",
        method="GET",
        target="/jobs/2/tasks?properties=taskid&expandParametric=False&sortTasksBy=TaskId&asc=False",
        answer=Rows([{"TaskId": "2.2"}, {"TaskId": "2.1"}]),
    ),
    Case(
        about="4.3: the example; the answer is the number within the job",
        method="POST",
        target="/jobs/1/tasks",
        sent={"CommandLine": "echo hi"},
        answer=2,
    ),
    Case(
        about="a task",
        method="GET",
        target="/jobs/1/tasks/1?properties=taskid,commandline",
        answer={"TaskId": "1.1", "CommandLine": "echo 1"},
    ),
    Case(
        about="a task's properties",
        method="PUT",
        target="/jobs/1/tasks/1",
        sent={"Commandline": "echo 2", "IsExclusive": "", "MinCores": "1"},
        status=204,
    ),
    Case(about="none of its own", method="GET", target="/jobs/1/tasks/1/customProperties", answer={}),
    Case(
        about="custom properties",
        method="POST",
        target="/jobs/1/tasks/1/customProperties",
        sent={"k": "v"},
        status=204,
    ),
    Case(
        about="hpcpack-model 10.1: the job's variables are not the task's",
        method="GET",
        target="/jobs/1/tasks/1/envVariables",
        answer={},
    ),
    Case(
        about="variables",
        method="POST",
        target="/jobs/1/tasks/1/envVariables",
        sent={"X": "1"},
        status=204,
    ),
    Case(about="with a message", method="POST", target=f"{TASK}/cancel?forced=true", sent="no", status=204),
    Case(about="without", method="POST", target=f"{TASK}/cancel", status=204),
    Case(about="with a message", method="POST", target=f"{TASK}/finish", sent="enough", status=204),
    Case(
        about="hpcpack-model 7.3: a canceled task of a running job",
        before=((f"{TASK}/cancel", None),),
        method="POST",
        target=f"{TASK}/requeue",
        sent="again",
        status=204,
    ),
    Case(
        about="a subtask has the value filled in",
        method="GET",
        target=f"{SUBTASK}?properties=State,CommandLine,ExitCode",
        answer={"State": "Failed", "CommandLine": "echo 2", "ExitCode": "3"},
    ),
    Case(
        about="a subtask that has been submitted can't be changed (hpcpack-model 7.3)",
        method="PUT",
        target=SUBTASK,
        sent={"Name": "x"},
        status=400,
    ),
    Case(
        about="a subtask is canceled", method="POST", target="/jobs/2/tasks/1/subtasks/3/cancel", status=204
    ),
    Case(
        about="a subtask is finished",
        method="POST",
        target="/jobs/2/tasks/1/subtasks/1/finish",
        sent="enough",
        status=204,
    ),
    Case(about="a failed subtask runs again", method="POST", target=f"{SUBTASK}/requeue", status=204),
]
