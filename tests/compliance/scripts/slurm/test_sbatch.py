"""What sbatch 22.05.8 made of 600 scripts, beside what we make of them.

Recorded with Debian 12's sbatch by `sbatch -vvv FILE`, which prints the words it finds in a script and the
options it understood before it looks for a controller. Each case: the lines of the script; the words; the
options, as sbatch names and prints them; what it complained of; for times the clock and the zone.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.scripts.slurm import FLAVOUR
from headgate.scripts.slurm.words import directives, split

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "sbatch-22.05.8.jsonl").read_text().splitlines()
]
COMPLAINTS = (
    "error:",
    "fatal:",
    "unrecognized",
    "invalid option",
    "requires an arg",
    "ambiguous",
    "doesn't allow",
)

# Where we differ on purpose, by the lines of the script.
WE_TAKE = {
    "sizes of --nodes came with 23.02": ("-N2,4", "-N1,3,5-7", "-N1-6:2"),
    "options and values since 22.05": (
        "--tres-per-task=gpu:1",
        "--container-id=x",
        "--tres-bind=gres/gpu:closest",
        "--stepmgr",
        "--segment=4",
        "--oom-kill-step",
        "--resv-ports=4",
        "--extra=x",
        "--exclusive=topo",
        "--requeue=expedite",
    ),
    "CR LF is mended, with a note": ("-J a\r",),
    "who that is, the service knows": ("--uid=nosuch", "--gid=nosuch"),
    "its value does nothing here and is only kept": (
        "--gpu-bind=x",
        "--gpu-freq=foo",
        "--mem-bind=foo",
        "--cpu-freq=foo",
    ),
}
WE_REFUSE = {
    "no more than a job's run time can hold": ("--time=100000000", "--time=99999999999"),
    "a least run time without end is none": ("--time-min=0", "--time-min=UNLIMITED"),
    "more memory than there is": ("--mem=99999999999999",),
    "no node, or less": ("-N0", "-N-1", "-N+2"),
    "what sbatch reads as 0 or as garbage": (
        "--signal=65",
        "--nice=x",
        "--priority=x",
        "--ntasks=99999999999",
        "--output= ",
        "--array=",
        "--chdir=",
        "-J a\\ \\ b",
    ),
    "what only the controller refuses": (
        "--gpus=x",
        "--gres=gpu:x:y:z",
        "-d afterok:1,afterany:2?after:3",
        "-d foo:1",
        "-d after",
        "-d afterany:",
        "-d expand:1",
        "-a 1-3:2%%2",
        "-a x",
        "-w ,",
        "-w n[1-",
        "-x n[3-1]",
        "--time-min=10 --time=5",
    ),
    "lists what there is instead of submitting": ("--gres=help", "--hint=help"),
    "the manual forbids it": (
        "--cpus-per-gpu=2 -c2",
        "-c2 --cpus-per-gpu=2 --gpus=1",
        "--wrap=ls",
        "--wrap ls",
    ),
    "would submit nothing": ("--test-only",),
    "heterogeneous jobs": (" hetjob", "hetjob", "packjob"),
}
TAKEN = {f"#SBATCH {line}" for lines in WE_TAKE.values() for line in lines}
REFUSED = {f"#SBATCH {line}" for lines in WE_REFUSE.values() for line in lines}


def name(case: dict[str, Any]) -> str:
    return " / ".join(case["lines"][1:]).replace("#SBATCH ", "")[:60]


def text(case: dict[str, Any]) -> bytes:
    return ("\n".join(case["lines"]) + "\n").encode()


def submitter(case: dict[str, Any]) -> Submitter:
    return Submitter(
        now=case.get("now", 1_800_000_000) * 1_000_000,
        time_zone=case.get("zone", "UTC"),
        file="a.sh",
        directory="/home/u",
    )


def complained(case: dict[str, Any]) -> bool:
    said = case.get("said", ())
    return any(word in line for line in said for word in COMPLAINTS) and not any(
        "Ignoring" in line for line in said
    )


def usual(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that both take, without the directives of other systems, which sbatch reads too."""
    return [
        case
        for case in cases
        if not complained(case)
        and not set(case["lines"]) & REFUSED
        and not any(line.startswith(("#PBS", "#BSUB")) for line in case["lines"])
    ]


def refused(case: dict[str, Any]) -> bool:
    try:
        FLAVOUR.parse(text(case), submitter(case))
    except ScriptError:
        return True
    return False


def test_what_sbatch_refuses_is_refused_and_what_it_takes_is_taken() -> None:
    differ = [case["lines"] for case in CASES if refused(case) != complained(case)]
    on_purpose = [case["lines"] for case in CASES if set(case["lines"]) & (TAKEN | REFUSED)]
    assert differ == on_purpose


def test_a_difference_that_is_listed_is_one() -> None:
    lines = {line for case in CASES for line in case["lines"]}
    assert lines >= TAKEN | REFUSED


def test_the_words_are_those_that_sbatch_finds() -> None:
    differ = {}
    for case in usual(CASES):
        words = [word.text for line in directives(text(case)) for word in split(line)]
        if words != case["words"]:
            differ[name(case)] = (words, case["words"])
    assert not differ


def understood(script: Script, case: dict[str, Any]) -> dict[str, str]:
    """What we understood, printed as sbatch prints it."""
    job, task = script.job, script.task
    chunk = task.chunks[0] if task.chunks else None
    at = job.not_before
    zone = ZoneInfo(case.get("zone", "UTC"))
    minutes = None if job.runtime_s is None else -(-job.runtime_s // 60)
    return {
        "job-name": job.name,
        "comment": job.comment,
        "account": job.account,
        "partition": job.options.get("partition", job.queue),
        "nice": str(2000 - job.priority),
        "begin": "" if at is None else datetime.fromtimestamp(at / 1e6, zone).strftime("%Y-%m-%dT%H:%M:%S"),
        "time": "UNLIMITED" if minutes is None else clock(minutes),
        "chdir": task.work_directory,
        "open-mode": "a" if task.append else "t",
        "ntasks": str(task.processes),
        "cpus-per-task": "" if chunk is None else str(chunk.threads),
        "hold": "set" if job.holds else "",
        "kill-on-invalid-dep": "yes" if job.drop_when_hopeless else "no",
        "mail-user": job.email_address,
        "exclude": ",".join(job.excluded_nodes),
        "requeue": "requeue" if task.rerunnable else "no-requeue",
    }


def clock(minutes: int) -> str:
    days, rest = divmod(minutes, 1440)
    return f"{days}-{rest // 60:02}:{rest % 60:02}:00" if days else f"{rest // 60:02}:{rest % 60:02}:00"


def test_an_option_means_what_it_means_to_sbatch() -> None:
    differ = {}
    compared = 0
    for case in usual(CASES):
        ours = understood(FLAVOUR.parse(text(case), submitter(case)), case)
        for option in case["options"].keys() & ours.keys():
            compared += 1
            if ours[option] != case["options"][option]:
                differ[name(case), option] = (ours[option], case["options"][option])
    assert not differ
    assert compared > 150
