"""One job spelled in each flavour: read alike, and written in each flavour read back alike.

Composed from the options that spec pbs (section 14) and pjm (section 10.2) call each other's counterparts.
Only what all three can say stands here; what one of them can't is in the tests of that flavour.
"""

from itertools import product
from typing import Any

import pytest

from headgate import registry
from headgate.core.model import Chunk, JobSpec
from headgate.core.scripts import Script, Submitter
from headgate.core.vocabulary import Arrangement, HoldKind, TaskType
from headgate.ports.flavour import Flavour

FLAVOURS: dict[str, Flavour] = {name: registry.load(target) for name, target in registry.FLAVOURS.items()}
BY = Submitter(
    now=1_700_000_000_000_000, time_zone="Asia/Tokyo", file="run.sh", directory="/home/ann/run", host="login1"
)
EQUAL = (
    *("name", "queue", "runtime_s", "min_runtime_s", "not_before", "holds", "priority"),
    *("notify_on_start", "notify_on_completion", "email_address"),
    *(
        "type",
        "start_value",
        "end_value",
        "index_set",
        "stdout",
        "stderr",
        "rerunnable",
        "chunks",
        "arrangement",
    ),
)
"""Fields that the three say alike."""

GIB = 2**30
NODES = {"chunks": (Chunk(count=2, cores=4, ranks=4, memory=8 * GIB),), "arrangement": Arrangement.SCATTER}

# what it is about, what is meant, the directives: in every flavour that can say it
CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("name", {"name": "a-job"}, {"pbs": "-N a-job", "pjm": "-N a-job", "slurm": "-J a-job"}),
    (
        "queue",
        {"queue": "small"},
        {"pbs": "-q small", "pjm": "-L rscgrp=small", "slurm": "--partition=small"},
    ),
    # The same number means seconds to PBS and PJM, and minutes to Slurm.
    (
        "90 seconds",
        {"runtime_s": 90},
        {"pbs": "-l walltime=90", "pjm": "-L elapse=90", "slurm": "--time=1:30"},
    ),
    (
        "90 minutes",
        {"runtime_s": 5400},
        {"pbs": "-l walltime=1:30:00", "pjm": "-L elapse=90m", "slurm": "-t 90"},
    ),
    (
        "three days",
        {"runtime_s": 259_200},
        {"pbs": "-l walltime=72:00:00", "pjm": "-L elapse=72h", "slurm": "-t 3-0"},
    ),
    (
        "at least, at most",
        {"runtime_s": 7200, "min_runtime_s": 3600},
        {
            "pbs": "-l min_walltime=1:00:00,max_walltime=2:00:00",
            "pjm": "-L elapse=1:00:00-2:00:00",
            "slurm": "--time=2:00:00 --time-min=1:00:00",
        },
    ),
    (
        "start",
        {"not_before": 1_893_423_600_000_000},  # 2030-01-01 00:00 in Tokyo
        {"pbs": "-a 203001010000", "pjm": "--at 203001010000", "slurm": "--begin=2030-01-01T00:00:00"},
    ),
    ("hold", {"holds": (HoldKind.USER,)}, {"pbs": "-h", "slurm": "--hold"}),
    ("priority", {"priority": 1800}, {"pbs": "-p -200", "pjm": "-p 102", "slurm": "--nice=200"}),
    (
        "mail",
        {"notify_on_start": True, "notify_on_completion": True, "email_address": "ann@example.org"},
        {
            "pbs": "-m be -M ann@example.org",
            "pjm": "-m b,e --mail-list ann@example.org",
            "slurm": "--mail-type=BEGIN,END --mail-user=ann@example.org",
        },
    ),
    (
        "range",
        {"type": TaskType.PARAMETRIC_SWEEP, "start_value": 3, "end_value": 9},
        {"pbs": "-J 3-9", "pjm": "--bulk --sparam 3-9", "slurm": "-a 3-9"},
    ),
    (
        "output",
        {"stdout": "out.log", "stderr": "err.log"},
        {"pbs": "-o out.log -e err.log", "pjm": "-o out.log -e err.log", "slurm": "-o out.log -e err.log"},
    ),
    ("not again", {"rerunnable": False}, {"pbs": "-r n", "pjm": "--norestart", "slurm": "--no-requeue"}),
    (
        "nodes",
        NODES,
        {
            "pbs": "-l select=2:ncpus=4:mpiprocs=4:mem=8gb -l place=scatter",
            "slurm": "--nodes=2 --ntasks-per-node=4 --mem=8G",
        },
    ),
]
PREFIX = {"pbs": "#PBS", "pjm": "#PJM", "slurm": "#SBATCH"}
SPELLED = [
    pytest.param(flavour, options, meant, id=f"{what} in {flavour}")
    for what, meant, spelled in CASES
    for flavour, options in spelled.items()
]


def read(flavour: str, options: str) -> Script:
    return FLAVOURS[flavour].parse(f"#!/bin/sh\n{PREFIX[flavour]} {options}\necho\n".encode(), BY)


def said(script: Script, fields: tuple[str, ...] = EQUAL) -> dict[str, Any]:
    return {
        name: getattr(script.job if name in JobSpec.__struct_fields__ else script.task, name)
        for name in fields
    }


def test_every_flavour_takes_part() -> None:
    assert set(PREFIX) == set(FLAVOURS) == {flavour for _, _, spelled in CASES for flavour in spelled}


@pytest.mark.parametrize(("flavour", "options", "meant"), SPELLED)
def test_it_is_read_as_it_is_meant(flavour: str, options: str, meant: dict[str, Any]) -> None:
    fields = tuple(meant)
    assert said(read(flavour, options), fields) == meant


@pytest.mark.parametrize(
    ("what", "source", "target"),
    [
        pytest.param(what, source, target, id=f"{what}: {source} to {target}")
        for what, _, spelled in CASES
        for source, target in product(spelled, repeat=2)
    ],
)
def test_what_one_flavour_says_another_says_too(what: str, source: str, target: str) -> None:
    _, meant, spelled = next(case for case in CASES if case[0] == what)
    rendered = FLAVOURS[target].render(read(source, spelled[source]), BY)
    again = FLAVOURS[target].parse(rendered.text, BY)
    fields = tuple(meant)
    assert said(again, fields) == meant


@pytest.mark.parametrize("flavour", sorted(PREFIX))
def test_nothing_said_is_said_in_no_flavour(flavour: str) -> None:
    script = FLAVOURS[flavour].parse(b"#!/bin/sh\necho\n", BY)
    rendered = FLAVOURS[flavour].render(script, BY)
    assert rendered.losses == ()
    again = FLAVOURS[flavour].parse(rendered.text, BY)
    assert said(again) == said(script)
