"""Laws of the Slurm flavour: what is written reads back as it was; any bytes are a script or an error with a
place.
"""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.core.vocabulary import Arrangement, Sharing, TaskType
from headgate.scripts.lines import Line
from headgate.scripts.slurm import FLAVOUR
from headgate.scripts.slurm.exports import export_text, exported
from headgate.scripts.slurm.hostlist import compress, expand
from headgate.scripts.slurm.moments import moment, moment_text
from headgate.scripts.slurm.quantities import memory, memory_text, seconds, time_text
from headgate.scripts.slurm.words import quoted, sayable, split

BY = Submitter(
    now=1_800_000_000_500_000,
    time_zone="Europe/Berlin",
    file="run.sh",
    directory="/home/u",
    host="login",
    variables={"LANG": "C", "LD_PRELOAD": "/x", "EDITOR": "vi"},
)

small = st.integers(1, 9)
counts = small.map(str)
lines_of_text = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=12)
texts = lines_of_text.filter(bool)
names = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


def listed(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=3).map(",".join)


def option(
    name: str, values: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[tuple[str, str | None]]:
    return st.tuples(st.just(name), st.none() if values is None else values)


memories = st.tuples(counts, st.sampled_from(["", "M", "G", "T", "KB"])).map("".join)
times = st.one_of(
    counts,
    st.tuples(counts, counts).map(":".join),
    st.tuples(counts, counts, counts).map(":".join),
    st.tuples(counts, counts).map("-".join),
    st.sampled_from(["0", "UNLIMITED", "1-02:03:04"]),
)
gpus = st.one_of(counts, st.tuples(st.just("a100:"), counts).map("".join))
conditions = st.sampled_from(["after", "afterok", "afternotok", "afterany", "aftercorr", "afterburstbuffer"])
dependencies = st.one_of(
    st.tuples(conditions, counts).map(":".join),
    st.just("singleton"),
    st.tuples(st.just("after"), counts).map(":".join).map(lambda text: text + "+5"),
)
options = st.one_of(
    option("array", st.one_of(st.just("0-15:4%2"), st.just("1,3,7-9"), st.just("5"), st.just("1-3%1"))),
    option("job-name", lines_of_text),
    option("comment", lines_of_text),
    option("account", texts),
    option("partition", listed(names)),
    option("begin", st.sampled_from(["now+1hour", "16:00", "tomorrow", "12/31", "2027-10-31T02:30", "noon"])),
    option("chdir", texts),
    option("constraint", st.sampled_from(["a", "a&b", "a|b", "[x*2&y*1]"])),
    option("dependency", st.lists(dependencies, min_size=1, max_size=3).map("?".join)),
    option("dependency", st.lists(dependencies, min_size=1, max_size=3).map(",".join)),
    option("output", texts),
    option("error", texts),
    option("input", texts),
    option("exclude", st.sampled_from(["n[1-3]", "a,b,a1", "n01,n2"])),
    option("nodelist", st.sampled_from(["n[1-3]", "a,b,a1", "n01,n2"])),
    option(
        "export", st.sampled_from(["ALL", "NONE", "NIL", "A=1", "A=1,B='x,y'", "ALL,A=2", "EDITOR,A=3", ""])
    ),
    option("hold"),
    option("kill-on-invalid-dep", st.sampled_from(["yes", "no"])),
    option("licenses", st.sampled_from(["a", "a:2,b@db:3"])),
    option(
        "mail-type", listed(st.sampled_from(["BEGIN", "END", "ALL", "NONE", "ARRAY_TASKS", "TIME_LIMIT_80"]))
    ),
    option("mail-user", texts),
    option("nice", st.one_of(st.none(), st.integers(-5000, 5000).map(str)).map(lambda text: text or "")),
    option("no-requeue"),
    option("requeue", st.sampled_from(["", "expedite"])),
    option("open-mode", st.sampled_from(["append", "truncate"])),
    option("signal", st.sampled_from(["USR1", "B:USR1@300", "RB:10@5", "64", "R:INT"])),
    option("time", times),
    option("uid", names),
    option("gid", names),
    option("exclusive", st.sampled_from(["", "user", "topo"])),
    option("oversubscribe"),
    option("qos", texts),
    option("overcommit"),
    option("no-kill", st.sampled_from(["", "off"])),
    option("verbose"),
    # resources
    option("nodes", st.sampled_from(["1", "2", "2-4", "1,3,5", "1-9:4", "3"])),
    option("ntasks", counts),
    option("ntasks-per-node", counts),
    option("ntasks-per-gpu", counts),
    option("cpus-per-task", counts),
    option("cpus-per-gpu", counts),
    option("mincpus", counts),
    st.one_of(*(option(name, memories) for name in ("mem", "mem-per-cpu", "mem-per-gpu"))),
    option("gpus", gpus),
    option("gpus-per-node", gpus),
    option("gpus-per-task", gpus),
    option("gres", st.sampled_from(["gpu:2", "gpu", "gpu:v100:1,fs:3", "fs:lustre:2G", "none", "a1:b1"])),
)


def directive(one: tuple[str, str | None]) -> str:
    name, value = one
    return f"#SBATCH --{name}" if not value else f"#SBATCH --{name}={quoted(value)}"


def same(first: Script, second: Script) -> None:
    fields = JobSpec.__struct_fields__
    differ = [name for name in fields if getattr(first.job, name) != getattr(second.job, name)]
    assert not differ
    assert replace(first.task, script=b"") == replace(second.task, script=b"")
    assert first.environment == second.environment


@given(st.lists(options, max_size=8), st.binary(max_size=30))
def test_a_script_for_sbatch_that_is_written_reads_back_as_it_was(
    given_options: list[tuple[str, str | None]], body: bytes
) -> None:
    head = "\n".join(["#!/bin/bash", *map(directive, given_options)])
    try:
        script = FLAVOUR.parse(head.encode() + b"\necho\n" + body, BY)
    except ScriptError:
        return
    rendered = FLAVOUR.render(script, BY)
    assert not rendered.losses
    again = FLAVOUR.parse(rendered.text, BY)
    same(script, again)
    assert FLAVOUR.render(again, BY).text == rendered.text


@given(
    st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda rest: b"#!/bin/sh\n#SBATCH " + rest))
)
def test_any_bytes_are_a_script_or_an_error_with_a_place(text: bytes) -> None:
    try:
        script = FLAVOUR.parse(text, BY)
    except ScriptError as error:
        note = error.note
    else:
        same(script, FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY))
        return
    assert note.line >= 1
    assert note.column >= 1


ALPHABET = (
    "-N --nodes --nodes= -n --time --time= --mem= -a --array= --begin= -d --dependency= --gres= --gpus= "
    "--export= -k --nice --nice= --exclusive= --signal= -w --nodelist= --mail-type= -B --exclude= -o "
    "\" ' : # \\ hetjob -- - 1 0 1-2 2:30 n[1-3] n[ ] , ? % afterok:1 after:1+2 gpu:2 now+1hour 12/31 "
    "16:00 USR1@60 B: 4G ALL A=1 a|b é ٣ ² 99999999999"
)
WORDS = st.sampled_from([*ALPHABET.split(), " "])


@given(st.lists(st.lists(WORDS, max_size=6).map("".join), max_size=6))
def test_any_words_are_options_or_an_error_with_a_place(words: list[str]) -> None:
    text = f"#!/bin/sh\n#SBATCH {' '.join(words)}\n".encode()
    try:
        script = FLAVOUR.parse(text, BY)
    except ScriptError as error:
        note = error.note
    else:
        same(script, FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY))
        return
    assert note.line == 2
    assert note.column >= 1


chunks = st.builds(
    Chunk,
    count=st.integers(1, 4),
    max_count=st.sampled_from([0, 5]),
    cores=st.integers(0, 9),
    ranks=st.integers(0, 4),
    threads=st.integers(0, 3),
    memory=st.sampled_from([0, 1, 2**30, 3 * 2**20 + 1]),
    gpus=st.integers(0, 3),
    host=st.sampled_from(["", "n1"]),
    features=st.sampled_from([(), ("fast",), ("fast", "big")]),
    extra=st.sampled_from([{}, {"fs": "1"}, {"odd": "x"}]),
)


@given(
    st.lists(chunks, max_size=3),
    st.sampled_from(Arrangement),
    st.sampled_from(Sharing),
    st.sampled_from(["", "pbs", "pjm", "slurm"]),
    st.sampled_from([0, 1, 5]),
    lines_of_text,
    st.sampled_from(list(TaskType)),
)
def test_a_job_of_any_origin_is_written_as_a_script_that_sbatch_would_take(
    parts: list[Chunk],
    arrangement: Arrangement,
    sharing: Sharing,
    flavour: str,
    processes: int,
    path: str,
    kind: TaskType,
) -> None:
    script = Script(
        job=JobSpec(flavour=flavour, name="x"),
        task=TaskSpec(
            script=b"echo\n",
            type=kind,
            chunks=tuple(parts),
            arrangement=arrangement,
            sharing=sharing,
            processes=processes,
            stdout=path,
            end_value=3,
        ),
    )
    rendered = FLAVOUR.render(script, BY)
    again = FLAVOUR.parse(rendered.text, BY).task
    if parts and flavour != "slurm":
        wanted = sum(chunk.count * chunk.cores for chunk in parts)
        got = sum(chunk.count * max(chunk.cores, 1) for chunk in again.chunks or (Chunk(),))
        assert got >= wanted or again.sharing is Sharing.EXCLUSIVE


@given(lines_of_text)
def test_a_quoted_word_is_read_as_it_was(word: str) -> None:
    assert sayable(word)
    found = split(Line(1, f"#SBATCH --x={quoted(word)} -y".encode()))
    assert [one.text for one in found] == [f"--x={word}", "-y"]


@given(st.integers(1, 2**31 - 1))
def test_a_time_that_is_written_is_read_as_it_was(amount: int) -> None:
    assert seconds(time_text(amount)) == amount


@given(st.integers(1, 2**42))
def test_memory_that_is_written_is_read_rounded_up_to_whole_mib(amount: int) -> None:
    assert 0 <= memory(memory_text(amount)) - amount < 1024 * 1024


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_a_moment_that_is_written_is_read_as_it_was(at: int, zone: str) -> None:
    by = replace(BY, time_zone=zone)
    assert moment(moment_text(at * 1_000_000, by), by).at == at * 1_000_000


@given(
    st.lists(st.from_regex(r"[a-z]{0,2}[0-9]{0,3}(-[a-z0-9]{1,2})?", fullmatch=True).filter(bool), min_size=1)
)
def test_a_list_of_nodes_that_is_written_is_read_as_it_was(nodes: list[str]) -> None:
    each_once = list(dict.fromkeys(nodes))
    assert list(expand(compress(each_once))) == each_once


@given(st.dictionaries(names.filter(lambda name: name.upper() != "ALL"), lines_of_text, max_size=4))
def test_variables_that_are_written_are_read_as_they_were_or_told_of(variables: dict[str, str]) -> None:
    text, lost = export_text(variables)
    assert exported(text, BY).environment == {
        name: value for name, value in variables.items() if name not in lost
    }
