"""Each option and item of PJM's manuals: what it means, and how it is written back."""

import pytest
from msgspec.structs import replace

from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.scripts.pjm import FLAVOUR
from headgate.scripts.pjm.options import CUSTOM, LISTS, OPTIONS, Fate
from tests.compliance.scripts.pjm import cases

NOW = 1_700_000_000_000_000
BY = Submitter(
    now=NOW,
    time_zone="Asia/Tokyo",
    file="run.sh",
    directory="/home/ann",
    host="login1",
    variables={"HOME": "/home/ann", "PATH": "/bin", "A": "1,2", "LD_PRELOAD": "x.so"},
)
ALL = [
    pytest.param(case, id=f"{name}: {case.said}")
    for name, some in (cases.OPTIONS | cases.ITEMS).items()
    for case in some
]


def parsed(directives: str) -> Script:
    return FLAVOUR.parse(f"#!/bin/bash\n{directives}\necho\n".encode(), BY)


def written(script: Script) -> list[str]:
    rendered = FLAVOUR.render(script, BY)
    assert not rendered.losses
    return [
        line.removeprefix("#PJM ") for line in rendered.text.decode().splitlines() if line.startswith("#PJM")
    ]


NOTHING = parsed("# nothing")


@pytest.mark.parametrize("case", ALL)
def test_an_option_means_what_the_manual_says(case: cases.Case) -> None:
    script = parsed(f"#PJM {case.said}")
    assert script.job == replace(NOTHING.job, **case.job)
    assert script.task == replace(NOTHING.task, **case.task, script=script.task.script)
    assert script.environment == case.environment
    texts = [note.text for note in script.notes]
    assert len(texts) >= len(case.notes)
    for part in case.notes:
        assert any(part in text for text in texts), texts
    assert bool(texts) == bool(case.notes), texts


@pytest.mark.parametrize("case", ALL)
def test_an_option_is_written_back_and_read_as_it_was(case: cases.Case) -> None:
    script = parsed(f"#PJM {case.said}")
    plain = {line for line in written(NOTHING) if line not in ("--norestart", "--rsc-list node=1")}
    assert not plain
    lines = [line for line in written(script) if line not in ("--norestart", "--rsc-list node=1")]
    assert lines == list(case.written)
    again = FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY)
    assert again.job == script.job
    assert replace(again.task, script=b"") == replace(script.task, script=b"")
    assert again.environment == script.environment


def test_every_option_and_item_has_a_case() -> None:
    """--interact is refused: tests/unit/scripts/pjm/test_directives.py."""
    options = {option.key for option in OPTIONS if option.fate is not Fate.REFUSED}
    assert set(cases.OPTIONS) == options
    items = {f"{key}.{item.names[0]}" for key, some in LISTS.items() for item in some}
    assert set(cases.ITEMS) == items | {f"rsc-list.{CUSTOM.names[0]}"}
    lists = {key.split(".")[0] for key in cases.ITEMS}
    assert {key for key, some in cases.OPTIONS.items() if not some} <= lists


def test_what_nobody_says_is_a_whole_node_of_nobodys_group() -> None:
    """Section 11: the batch default of Fugaku."""
    (chunk,) = NOTHING.task.chunks
    assert (chunk.count, chunk.cores) == (1, 0)
    assert (NOTHING.job.name, NOTHING.job.queue, NOTHING.job.runtime_s) == ("run.sh", "", None)
    assert NOTHING.task.interpreter == ()
    assert NOTHING.environment == {}
    assert (NOTHING.job.submit_directory, NOTHING.job.submit_host) == ("/home/ann", "login1")
    assert NOTHING.job.submit_variables == {"HOME": "/home/ann", "PATH": "/bin"}
    assert (NOTHING.job.stop_signal, NOTHING.job.stop_grace_s, NOTHING.job.limit_signal) == (
        "TERM",
        10,
        "XCPU",
    )


@pytest.mark.parametrize(
    ("directive", "column", "number", "part"),
    [
        ("--frobnicate", 6, "0001", "'--frobnicate' is not an option"),
        ("-k", 6, "0001", "'-k' is not an option"),
        ("run.sh", 6, "0001", "'run.sh' is not an option"),
        ("-j=1", 8, "0001", "'-='"),
        ("--restart=yes", 15, "0003", "--restart takes no value"),
        ("-N", 6, "0004", "-N needs a value"),
        ('-N ""', 10, "0004", "-N has no value"),
        ("-N 1st", 9, "0003", "a name begins with a letter"),
        ("-N a/b", 9, "0003", "no / in it"),
        ("-N " + "a" * 64, 9, "0003", "at most 63 bytes"),
        ("-L node", 9, "0004", "node has no value"),
        ("-L node=", 9, "0004", "node has no value"),
        ("-L node=0", 9, "0054", "less than the lower limit (1)"),
        ("-L node=two", 9, "0003", "'two' is not a whole number"),
        ("-L node=2147483648", 9, "0057", "greater than the upper limit (2147483647)"),
        ("-L node=65536x65536", 9, "0057", "greater than the upper limit"),
        ("-L node=1x1x1x1", 9, "0003", "three dimensions"),
        ("-L node=4:ring", 9, "0003", "'ring' is none of torus"),
        ("-L node=4:torus:mesh", 9, "0002", "exclude each other"),
        ("-L node=12:torus:strict", 9, "0002", "three dimensions"),
        ("-L node=2x2x2:mesh:strict", 9, "0002", "torus"),
        ("-L node=12:io-exclusive", 9, "0002", "io-exclusive needs torus"),
        ("-L node=1,vnode=1", 16, "0002", "node and vnode exclude each other"),
        ("-L vnode=1,node-mem=1", 9, "0002", "node-mem and vnode exclude each other"),
        ("-L vnode=1(cores=2)", 9, "0003", "'cores=2' is none of core=c"),
        ("-L vnode=1(core=2", 9, "0003", "is not N or N(core=c;mem=m)"),
        ("-L node-mem=0", 9, "0054", "less than the lower limit (1Mi)"),
        ("-L node-mem=1GB", 9, "0003", "no amount"),
        ("-L node-mem=1Zi", 9, "0003", "no amount"),
        ("-L elapse=0", 9, "0054", "less than the lower limit (1)"),
        ("-L elapse=1:2:3:4", 9, "0003", "is no time"),
        ("-L elapse=1h30", 9, "0003", "is no time"),
        ("-L elapse=2:00-1:00", 9, "0003", "ends before it begins"),
        ("-L elapse=unlimited-", 9, "0003", "least time"),
        ("-L elapse=596524:00:00", 9, "0057", "greater than the upper limit"),
        ("-L proc-filesz=2K", 9, "0054", "less than the lower limit"),
        ("-L proc-openfd=1048577", 9, "0057", "upper limit (1048576)"),
        ("-L proc-cpu=0", 9, "0054", "lower limit (1)"),
        ("-L freq=fast", 9, "0003", "'fast' is not a whole number"),
        ("-L freq", 9, "0004", "freq has no value"),
        ("-L rscgrp=" + "x" * 64, 9, "0003", "longer than 63"),
        ("-L a;b=1", 9, "0003", "'a;b' is not the name of a resource"),
        ("-L " + ",".join(f"r{n}=1" for n in range(65)), 383, "0003", "more than 64 custom resources"),
        ("-p 256", 9, "0057", "upper limit (255)"),
        ("-p -1", 9, "0003", "not a whole number"),
        ("-m be", 9, "0003", "'be' is none of b, e, r, s, S"),
        ("--at 202401", 11, "0003", "no YYYYMMDD[hhmm]"),
        ("--at 20240230", 11, "0003", "no YYYYMMDD[hhmm]"),
        ("--at 20200101", 11, "0056", "has passed"),
        ("-s -S", 9, "0002", "--stats and --STATS exclude each other"),
        ("--restart --norestart", 16, "0002", "exclude each other"),
        ("--bulk", 6, "0002", "--bulk needs --sparam"),
        ("--sparam 0-9", 15, "0002", "--sparam needs --bulk or --step"),
        ("--bulk --sparam 9-9", 22, "0003", "less than the last"),
        ("--bulk --sparam 0-1000000", 22, "0003", "at most 999999"),
        ("--bulk --sparam 0,1", 22, "0003", "is not the a-b"),
        ("--bulk --step --sparam 0-9", 13, "0002", "--bulk and --step exclude each other"),
        ("--bulk --mswk --sparam 0-9", 13, "0002", "--bulk and --mswk exclude each other"),
        ("--step --mswk", 13, "0002", "--step and --mswk exclude each other"),
        ("--interact --sparam wait-time=60", 6, "0002", "in the background"),
        ("--step --sparam jid=1,jnam=a", 22, "0002", "jid and jnam exclude each other"),
        ("--step --sparam sn=65535", 22, "0057", "upper limit (65534)"),
        ("--step --sparam wait=1", 22, "0003", "is none of jid=ID"),
        ("--step --sparam sd=ec=0", 22, "0003", "'ec=0' is neither NONE nor"),
        ("--step --sparam sd=ec>0,1", 22, "0003", "only == and !="),
        ("--step --sparam sd=ec!=0:none", 22, "0003", "'none' in sd="),
        ("--mpi proc=0", 12, "0054", "lower limit (1)"),
        ("--mpi procs=1", 12, "0003", "--mpi: 'procs' is not one of proc, max-"),
        ("--mpi proc=5,max-proc-per-node=4", 19, "0002", "more than 4 on each of 1 nodes"),
        ("--mpi shape=2", 12, "0002", "no part of 1 nodes"),
        ("--mpi rank-map-bychip:ZZ", 12, "0003", "none of the orders"),
        ("--mpi rank-map-bychip,rank-map-bynode", 28, "0002", "exclude each other"),
        ("--mpi assign-online-node=1", 12, "0003", "can't stand there"),
        ("-L vnode=2 --mpi max-proc-per-node=1", 23, "0002", "not for virtual ones"),
        ("-P vn-policy=abs-pack=2", 9, "0003", "none of abs-pack"),
        ("-L vnode=1 -P exec-policy=mine", 20, "0003", "none of simplex, share"),
        ("--llio stripe=1", 13, "0003", "--llio: 'stripe' is not one of localtmp-size"),
        ("-x HOME", 9, "0003", "'HOME' is not NAME=value"),
        ("-x A=1,2", 13, "0003", "'2' is not NAME=value"),
        ("--vset 1=2", 13, "0003", "not name=value"),
        ("--comment " + "x" * 256, 16, "0003", "longer than 255"),
        ("-N 'abc", 9, "0008", "the ' is never closed"),
        ('-N ok -L "node=1', 15, "0008", 'the " is never closed'),
    ],
)
def test_what_pjm_refuses_is_refused_with_its_number_and_place(
    directive: str, column: int, number: str, part: str
) -> None:
    with pytest.raises(ScriptError) as refused:
        parsed(f"#PJM {directive}")
    note = refused.value.note
    assert part in note.text
    assert note.text.startswith(f"PJM {number}: ")
    assert (note.line, note.column) == (2, column)
