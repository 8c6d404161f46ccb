"""scripts/pbs/requests.py: what all -l of a script ask for together."""

from typing import Any

import pytest

from headgate.core.model import Chunk
from headgate.core.scripts import Note, ScriptError
from headgate.core.vocabulary import Arrangement, Sharing
from headgate.scripts.pbs.requests import Requests
from headgate.scripts.pbs.resources import PLACE
from headgate.scripts.pbs.words import MOST_OPTIONS, Word

GB = 1 << 30


def read(*values: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, str], list[Note]]:
    """Fields of job and task, options and notes; each value in a line of its own."""
    notes: list[Note] = []
    requests = Requests(notes.append)
    for line, value in enumerate(values, 1):
        requests.add(Word(value, line, 9))
    requests.read()
    return requests.job, requests.task, requests.options, notes


def test_nothing_asks_for_a_core() -> None:
    assert read() == ({}, {"chunks": (Chunk(),), "arrangement": Arrangement.PACK}, {}, [])


def test_resources_without_select_are_one_chunk() -> None:
    task = read("ncpus=4,mem=2gb", "ompthreads=2,host=n1")[1]
    assert task["chunks"] == (Chunk(cores=4, memory=2 * GB, threads=2, host="n1"),)
    assert task["arrangement"] is Arrangement.PACK


def test_a_select_without_place_goes_anywhere() -> None:
    task = read("select=2:ncpus=8")[1]
    assert (task["arrangement"], task["sharing"]) == (Arrangement.FREE, Sharing.DEFAULT)


def test_a_place_that_says_more_is_kept_and_told() -> None:
    _, task, options, notes = read("select=1,place=vscatter:exclhost")
    assert (task["arrangement"], task["sharing"]) == (Arrangement.SCATTER, Sharing.EXCLUSIVE)
    assert options == {PLACE: "vscatter:exclhost"}
    assert "vscatter:exclhost" in notes[0].text


@pytest.mark.parametrize(
    ("values", "chunks", "sharing"),
    [
        (["nodes=a1+2:fast"], (Chunk(host="a1"), Chunk(count=2, features=("fast",))), Sharing.DEFAULT),
        (["nodes=2:a:b"], (Chunk(count=2, features=("b", "a")),), Sharing.DEFAULT),
        (["nodes=2:ppn=2:ncpus=3"], (Chunk(count=2, cores=6, ranks=2),), Sharing.DEFAULT),
        (["nodes=1:cpp=3"], (Chunk(cores=3),), Sharing.DEFAULT),
        (["nodes=2#excl"], (Chunk(count=2),), Sharing.EXCLUSIVE),
        (["nodes=2:ppn=2#shared"], (Chunk(count=2, cores=2, ranks=2),), Sharing.SHARED),
        (["nodes=2:ppn=4", "ncpus=8"], (Chunk(count=2, cores=4, ranks=4),), Sharing.DEFAULT),
        (["nodes=1+1:fast,ncpus=4"], (Chunk(cores=2), Chunk(cores=2, features=("fast",))), Sharing.DEFAULT),
        (["nodes=3,mem=1gb"], (Chunk(count=3, memory=349526 * 1024),), Sharing.DEFAULT),
        (["nodes=1,mem=1001"], (Chunk(memory=1001),), Sharing.DEFAULT),
        (["nodes=2,ngpus=4,ompthreads=3"], (Chunk(count=2, gpus=2, threads=3),), Sharing.DEFAULT),
        (["nodes=2,vmem=2gb"], (Chunk(count=2, extra={"vmem": "1gb"}),), Sharing.DEFAULT),
    ],
)
def test_old_nodes_are_translated_as_the_server_does(
    values: list[str], chunks: tuple[Chunk, ...], sharing: Sharing
) -> None:
    task = read(*values)[1]
    assert (task["chunks"], task["arrangement"], task["sharing"]) == (chunks, Arrangement.SCATTER, sharing)


@pytest.mark.parametrize(
    ("values", "line", "text"),
    [
        (["ncpus=2", "select=1"], 1, 'cannot be used with "select" or "place", resource is: ncpus'),
        (["select=1", "mem=1gb"], 2, "resource is: mem"),
        (["select=1,nodes=1"], 1, "resource is: nodes"),
        (["nodes=1", "place=free"], 1, "resource is: nodes"),
        (["place=free"], 1, 'Cannot have "place" without "select"'),
        (["walltime=1", "wallime=2"], 2, "Unknown resource Resource_List.wallime; walltime is meant"),
        (["ami_id=ami-1"], 1, "instance_ami is meant"),
        (["procs=4"], 1, "Torque"),
        (["nodect=2"], 1, "nodect can't be asked for"),
        (["soft_walltime=2"], 1, "operators"),
        (["nodes=2:gpus=1"], 1, "gpus= can't stand in nodes"),
        (["nodes=2:ppn=0"], 1, "'ppn=0'"),
        (["nodes=0"], 1, "'0'"),
        (["nodes=2#mine"], 1, "excl or shared"),
        (["nodes=2:fa/st"], 1, "'fa/st'"),
        (["nodes=2:ncpus"], 1, "'ncpus'"),
        (["nodes=2+"], 1, "''"),
        (["nodes=2,ncpus=5"], 1, "evenly"),
        (["nodes=2,ncpus=1"], 1, "evenly"),
        (["nodes=2:ppn=2,ncpus=5"], 1, "ncpus=5"),
        (["nodes=2,ngpus=3"], 1, "evenly"),
        (["nodes=2", "mpiprocs=3"], 2, "mpiprocs"),
        (["nodes=1000000:ppn=2"], 1, "more than"),
        (["walltime=0"], 1, "at least one second"),
        (["walltime=1h"], 1, "'1h'"),
        (["max_walltime=10"], 1, "min_walltime"),
        (["min_walltime=20", "max_walltime=10"], 1, "more than"),
        (["nice=30"], 1, "'30'"),
        (["mpiprocs=2000000"], 1, "more than"),
        (["walltime"], 1, "'walltime'"),
        (["walltime="], 1, "'walltime='"),
        (["nodes=2,"], 1, "illegal -l value: an item is empty"),
        (["mem=1gb; date"], 1, "'1gb; date'"),
    ],
)
def test_what_does_not_go_is_refused_at_its_line(values: list[str], line: int, text: str) -> None:
    with pytest.raises(ScriptError) as refused:
        read(*values)
    assert text in refused.value.text
    assert (refused.value.note.line, refused.value.note.column) == (line, 9)


def test_the_first_of_several_counts_and_the_others_are_told() -> None:
    _, task, _, notes = read("mem=1gb", "ncpus=2,mem=2gb,ncpus=3")
    assert task["chunks"] == (Chunk(cores=2, memory=GB),)
    assert [(note.line, note.text.split()[1]) for note in notes] == [(2, "mem"), (2, "ncpus")]


def test_more_resources_than_anybody_asks_for_are_refused() -> None:
    half = ",".join(["mem=1"] * (MOST_OPTIONS // 2))
    read(half, half)
    with pytest.raises(ScriptError, match="more than"):
        read(half, half, "ncpus=1")


def test_run_times() -> None:
    assert read("walltime=1:00:00")[0] == {"runtime_s": 3600}
    assert read("min_walltime=10,max_walltime=20")[0] == {"min_runtime_s": 10, "runtime_s": 20}
    assert read("min_walltime=10,walltime=20")[0] == {"min_runtime_s": 10, "runtime_s": 20}
    job, _, _, notes = read("max_walltime=20,min_walltime=10,walltime=30")
    assert job == {"min_runtime_s": 10, "runtime_s": 20}
    assert "max_walltime counts" in notes[0].text


def test_limits_of_processes() -> None:
    assert read("pcput=1:00,pmem=1kb,pvmem=2kb,file=3kb")[1]["limits"] == {
        "cpu": 60,
        "rss": 1024,
        "as": 2048,
        "fsize": 3072,
    }


def test_what_only_pbs_knows_is_kept_and_told() -> None:
    _, _, options, notes = read("cput=90,nice=-5", "software='a b'")
    assert options == {
        "Resource_List.cput": "00:01:30",
        "Resource_List.nice": "-5",
        "Resource_List.software": "a b",
    }
    assert [(note.line, note.text.split()[0]) for note in notes] == [
        (1, "cput"),
        (1, "nice"),
        (2, "software"),
    ]


def test_resources_of_a_site_are_kept_as_they_are_and_told() -> None:
    job, _, _, notes = read("instance_type=c5.xlarge+m5,spot_price=auto", "matlab_lic_core=2")
    assert job["extra_resources"] == {
        "instance_type": "c5.xlarge+m5",
        "spot_price": "auto",
        "matlab_lic_core": "2",
    }
    assert len(notes) == 3
