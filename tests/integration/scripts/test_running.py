"""Job scripts of every flavour, run for real: what their authors expect is what they get.

The numbers in the names of the PBS cases are those of spec pbs, section 15.
"""

import time

import pytest

from tests.integration.scripts.conftest import Desk


def pbs(body: str, *directives: str) -> str:
    return "".join(["#!/bin/bash\n", *(f"#PBS {one}\n" for one in directives), body, "\n"])


def slurm(body: str, *directives: str) -> str:
    return "".join(["#!/bin/bash\n", *(f"#SBATCH {one}\n" for one in directives), body, "\n"])


def pjm(body: str, *directives: str) -> str:
    return "".join(["#!/bin/bash\n", *(f"#PJM {one}\n" for one in directives), body, "\n"])


# ---- PBS


def test_4_an_array_has_its_indices_its_files_and_never_two_at_once(desk: Desk) -> None:
    body = "echo $PBS_ARRAY_INDEX $PBS_ARRAY_ID $PBS_JOBID; mkdir busy || echo two; sleep 0.1; rmdir busy"
    job = desk.submit("pbs", pbs(body, "-N arr", "-J 1-5:2%1", "-j oe"))
    assert desk.ended(job)["state"] == "finished"
    for index in (1, 3, 5):
        words = desk.output(f"arr.o{job}.{index}").split()
        assert words[0] == str(index)
        assert words[1].startswith(f"{job}[].")
        assert words[2].startswith(f"{job}[{index}].")
        assert len(words) == 3


def test_5_dependents_run_are_deleted_and_cascade(desk: Desk) -> None:
    first = desk.submit("pbs", pbs("until [ -e chained ]; do sleep 0.05; done; exit 1", "-N first"))
    runs = desk.submit("pbs", pbs("echo ran", "-N runs", f"-W depend=afternotok:{first}"))
    dropped = desk.submit("pbs", pbs("echo ran", "-N drop", f"-W depend=afterok:{first}"))
    chained = desk.submit("pbs", pbs("echo ran", "-N chain", f"-W depend=afterany:{dropped}"))
    (desk.work / "chained").touch()
    assert desk.ended(runs)["state"] == "finished"
    assert desk.ended(dropped)["failure"] == f"Job deleted as result of dependency on job {first}"
    assert desk.ended(chained)["failure"] == f"Job deleted as result of dependency on job {dropped}"
    assert not (desk.work / f"drop.o{dropped}").exists()


def test_6_signals_exit_codes_and_the_end_of_the_walltime(desk: Desk) -> None:
    killed = desk.submit("pbs", pbs("kill -TERM $$; sleep 5"))
    seven = desk.submit("pbs", pbs("exit 7"))
    slow = desk.submit(
        "pbs", pbs("trap 'echo heard; exit 3' TERM; sleep 60 & wait", "-N slow", "-l walltime=1")
    )
    for job in (killed, seven, slow):
        assert desk.ended(job)["state"] == "failed"
    assert desk.task(killed)["signal"] == 15
    assert desk.task(seven)["exit_code"] == 7
    assert desk.task(slow)["failure"] == "The task ran longer than its run time."
    assert desk.output(f"slow.o{slow}") == "heard\n"


def test_7_and_8_another_language_in_its_place_with_its_umask(desk: Desk) -> None:
    text = (
        "#!/usr/bin/env python3\n#PBS -N py\n#PBS -v \"GREETING='a, b'\"\nimport os\n"
        "print(os.getcwd(), os.environ['PBS_O_WORKDIR'], os.environ['GREETING'])\n"
        "print(open(os.environ['PBS_NODEFILE']).read().count('\\n'), os.path.isdir(os.environ['TMPDIR']))\n"
    )
    job = desk.submit("pbs", text)
    assert desk.ended(job)["state"] == "finished"
    assert desk.output(f"py.o{job}") == f"{desk.work} {desk.work} a, b\n1 True\n"
    assert oct((desk.work / f"py.o{job}").stat().st_mode & 0o777) == "0o600"
    assert (desk.work / f"py.e{job}").read_text() == ""


def test_12_held_and_for_later(desk: Desk) -> None:
    held = desk.submit("pbs", pbs("true", "-h"))
    later = desk.submit("pbs", pbs("true", "-a 209912312359"))
    time.sleep(0.3)
    assert [desk.job(job)["state"] for job in (held, later)] == ["queued", "queued"]
    assert desk.job(held)["pending_reason"] == "held_by_user"
    for job in (held, later):
        desk.http.post(f"/v1/jobs/{job}/cancel")
        desk.ended(job)


# ---- Slurm


def test_an_array_of_slurm_has_one_file_each_with_both_streams(desk: Desk) -> None:
    body = "echo $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT; echo err >&2; pwd"
    job = desk.submit("slurm", slurm(body, "--array=2,5-6", "--output=res_%A_%a.txt"))
    assert desk.ended(job)["state"] == "finished"
    for index in (2, 5, 6):
        assert desk.output(f"res_{job}_{index}.txt") == f"{index} of 3\nerr\n{desk.work}\n"


def test_each_element_waits_for_its_own(desk: Desk) -> None:
    first = desk.submit("slurm", slurm("exit $((SLURM_ARRAY_TASK_ID == 2))", "--array=1-3"))
    waits = ("--array=1-3", f"--dependency=aftercorr:{first}", "--output=corr_%a")
    second = desk.submit("slurm", slurm("echo $SLURM_ARRAY_TASK_ID", *waits))
    assert desk.ended(second)["state"] == "finished"
    assert (desk.output("corr_1"), desk.output("corr_3")) == ("1\n", "3\n")
    assert not (desk.work / "corr_2").exists()


def test_one_of_a_name_at_a_time(desk: Desk) -> None:
    body = "mkdir once || exit 1; sleep 0.2; rmdir once"
    text = slurm(body, "--job-name=once", "--dependency=singleton")
    jobs = [desk.submit("slurm", text) for _ in range(3)]
    assert [desk.ended(job)["state"] for job in jobs] == ["finished"] * 3


# ---- PJM


def test_steps_of_pjm_go_by_their_rules(desk: Desk) -> None:
    limits = ("-L node=1,elapse=30", "-N chain", "-j")
    wait = "until [ -e joined ]; do sleep 0.05; done; exit 2"
    first = desk.submit("pjm", pjm(wait, *limits, "--step"))
    second = desk.submit("pjm", pjm("echo no", *limits, f'--step --sparam "jid={first},sd=ec!=0:one:0"'))
    third = desk.submit("pjm", pjm("echo $PJM_STEPNUM", *limits, f'--step --sparam "jid={first}"'))
    (desk.work / "joined").touch()
    assert desk.ended(third)["state"] == "finished"
    assert desk.job(second)["state"] == "canceled"
    assert "Deleted by a rule" in desk.job(second)["failure"]
    assert desk.output(f"chain.{first}_2.out") == "2\n"


def test_limits_of_pjm_are_those_of_its_processes(desk: Desk) -> None:
    job = desk.submit("pjm", pjm("ulimit -c -n", "-L node=1,elapse=30,proc-core=0,proc-openfd=99", "-N lim"))
    assert desk.ended(job)["state"] == "finished"
    assert [line.split()[-1] for line in desk.output(f"lim.{job}.out").splitlines()] == ["0", "99"]


def test_the_end_of_the_elapse_time_is_told_by_its_own_signal(desk: Desk) -> None:
    body = "trap 'echo cpu; exit 1' XCPU; sleep 60 & wait"
    job = desk.submit("pjm", pjm(body, "-L node=1,elapse=1", "-N late"))
    assert desk.ended(job)["state"] == "failed"
    assert desk.output(f"late.{job}.out") == "cpu\n"


# ---- what is refused


def test_a_script_that_can_not_be_understood_is_refused_with_its_place(desk: Desk) -> None:
    refused = desk.post("pbs", "#!/bin/sh\n#PBS -l walltime=soon\n")
    assert refused.status_code == 400
    assert "Line 2, column " in refused.json()["detail"]


def test_a_flavour_that_is_not_there_is_refused(desk: Desk) -> None:
    refused = desk.post("klingon", "true\n")
    assert (refused.status_code, refused.json()["field"]) == (400, "flavour")


@pytest.mark.parametrize("directive", ["-u root", "-W group_list=root"])
def test_nobody_runs_as_somebody_else(desk: Desk, directive: str) -> None:
    answer = desk.post("pbs", pbs("id >id", directive))
    if answer.status_code == 403:
        assert "root" in answer.json()["detail"]
        return
    job = int(answer.json()["id"])
    assert desk.ended(job)["state"] == "failed"
    assert "root" in desk.task(job)["failure"]
    assert not (desk.work / "id").exists()
