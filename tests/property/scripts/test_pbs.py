"""scripts/pbs: what is written reads back as it was, what is not written is told, and anything may arrive."""

import string
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, TaskSpec
from headgate.core.scripts import Note, Script, ScriptError, Submitter
from headgate.core.vocabulary import Arrangement, DependencyCondition, HoldKind, Sharing, TaskType
from headgate.scripts.lines import body
from headgate.scripts.pbs import FLAVOUR

BY = Submitter(
    now=1_709_629_502_000_000,
    time_zone="Europe/Berlin",
    file="job.sh",
    directory="/home/ada/run",
    host="login1",
    variables={"HOME": "/home/ada", "EDITOR": "ed", "LD_PRELOAD": "x.so"},
)


def says(script: Script) -> Script:
    """What a script says, without how it looks."""
    return replace(script, task=replace(script.task, script=b"".join(body(script.task.script))), notes=())


# ---- scripts, as people write them

WORDS = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
)
SIZES = st.builds(
    "{}{}".format, st.integers(0, 5000), st.sampled_from(["", "b", "kb", "MB", "gb", "kw", "G"])
)
TIMES = st.builds("{}:{:02}:{:02}".format, st.integers(0, 200), st.integers(0, 59), st.integers(1, 59))
SMALL = st.integers(1, 40).map(str)
CHUNK_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "ncpus": SMALL,
        "mem": SIZES,
        "mpiprocs": SMALL,
        "ompthreads": SMALL,
        "ngpus": SMALL,
        "host": WORDS,
        "site1": st.one_of(WORDS, st.sampled_from(["true", '"a:b+c"', "'x,y'"])),
        "vmem": SIZES,
    },
)


def chunk_text(count: int, values: Mapping[str, str]) -> str:
    return ":".join([str(count), *(f"{name}={value}" for name, value in values.items())])


SELECTS = st.lists(st.builds(chunk_text, st.integers(1, 9), CHUNK_VALUES), min_size=1, max_size=3).map(
    "+".join
)
PLACES = st.sampled_from(["free", "pack", "scatter:excl", "vscatter", "excl", "scatter:exclhost:group=rack"])
NODES = st.builds(
    "{}{}{}{}".format,
    st.integers(1, 9),
    st.sampled_from(["", ":ppn=1", ":ppn=4", ":ppn=2:cpp=3"]),
    st.sampled_from(["", ":fast:wide", "+n1:ppn=2"]),
    st.sampled_from(["", "#excl", "#shared"]),
)


def word(text: str) -> str:
    """Quoted as a shell would have it."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


OPTIONS = [
    st.builds("-N {}".format, WORDS),
    st.builds("-A {}".format, TEXTS.map(word)),
    st.builds("-P {}".format, WORDS),
    st.builds("-q {}".format, st.sampled_from(["high", "high@srv", "@srv"])),
    st.builds("-p {}".format, st.integers(-1024, 1023)),
    st.builds(
        "-a {}".format, st.sampled_from(["2330", "10.30", "310101", "12312359", "202803260230.15"])
    ).filter(lambda text: text != "-a 10.30"),
    st.builds("-e {}".format, TEXTS.map(word)),
    st.builds("-o{}".format, st.sampled_from(["out/", "host:out", "a.^array_index^", "/tmp/$PBS_JOBID"])),
    st.sampled_from(
        ["-h", "-V", "-z", "-Vh", "-f", "-j oe", "-joe", "-j eo", "-j n", "-r y", "-m n", "-m abej"]
    ),
    st.sampled_from(
        ["-k oed", "-k n", "-R oe", "-c w=10", "-S /bin/sh", "-S /bin/sh,/bin/zsh@h", "-u bob@h,eve"]
    ),
    st.builds("-M {}".format, st.sampled_from(["ada", "ada@example.org,bob"])),
    st.builds("-J {}".format, st.sampled_from(["1-5", "0-9:3", "2-1000:7%4"])),
    st.builds(
        "-v {}".format, st.sampled_from(["A=1,B='x y'", "HOME,C=", "\"A=a,B='x,y'\"", "'Q=a\\,b\\\"'"])
    ),
    st.builds("-l walltime={}".format, TIMES),
    st.builds("-l {}={}".format, st.sampled_from(["pmem", "pvmem", "file"]), SIZES),
    st.builds("-l {}={}".format, st.sampled_from(["cput", "pcput"]), TIMES),
    st.builds("-l {}={}".format, st.sampled_from(["instance_type", "my_lic_x", "software"]), WORDS),
    st.sampled_from(
        ["-l min_walltime=1,max_walltime=5:00", "-W umask=022", "-W block=true", "-W sandbox=PRIVATE"]
    ),
    st.sampled_from(
        ["-W group_list=hpc@h,users", "-W stagein=a@h:b", "-W run_count=3", "-W umask=7,block=f"]
    ),
    st.sampled_from(
        ["-W depend=afterok:1:2,afterany:3", "-W depend=on:2,runone:5", "-W depend=before:7.srv,after:8[]"]
    ),
]
RESOURCES = st.one_of(
    st.builds("-l select={}".format, SELECTS.map(word)),
    st.builds("-l select={} -l place={}".format, SELECTS.map(word), PLACES),
    st.builds("-l nodes={}".format, NODES),
    st.builds("-l ncpus={},mem={}".format, SMALL, SIZES),
    st.just("-V"),
)
BODIES = st.sampled_from(["echo hi\n", ": x\n# y\n\necho\n#PBS -N late\n", "", "date", "#SBATCH -n 4\nrun"])
SHEBANGS = st.sampled_from(["", "#!/bin/bash\n", "#!/usr/bin/env python3\n"])


@st.composite
def scripts(draw: st.DrawFn) -> bytes:
    lines = [draw(RESOURCES), *(draw(option) for option in OPTIONS if draw(st.integers(0, 3)) == 0)]
    order = draw(st.permutations(lines))
    return (draw(SHEBANGS) + "".join(f"#PBS {line}\n" for line in order) + draw(BODIES)).encode()


@given(scripts())
def test_a_script_that_was_read_is_written_without_loss_and_reads_back_the_same(text: bytes) -> None:
    script = FLAVOUR.parse(text, BY)
    written = FLAVOUR.render(script, BY)
    assert not written.losses
    again = FLAVOUR.parse(written.text, BY)
    assert says(again) == says(script)
    assert FLAVOUR.render(again, BY).text == written.text


# ---- values, as anything may have made them

ANY_TEXT = st.text(max_size=6) | WORDS
IDS = st.integers(1, 99)
DEPENDENCIES = st.lists(
    st.builds(JobDependency, IDS, st.sampled_from(DependencyCondition), st.sampled_from([0, 0, 5])),
    max_size=3,
    unique_by=lambda one: (one.job_id, one.condition),
).map(tuple)
CHUNKS = st.builds(
    Chunk,
    count=st.integers(1, 4),
    cores=st.integers(0, 4),
    ranks=st.integers(0, 3),
    threads=st.integers(0, 2),
    memory=st.integers(0, 2**40),
    gpus=st.integers(0, 2),
    host=ANY_TEXT,
    features=st.lists(ANY_TEXT, max_size=2, unique=True).map(tuple),
    extra=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2),
)
JOBS = st.builds(
    JobSpec,
    **dict.fromkeys(("name", "project", "account", "group", "run_as", "queue", "email_address"), ANY_TEXT),
    **{
        f"notify_{when}": st.booleans()
        for when in ("on_start", "on_completion", "on_failure", "on_requeue", "each")
    },
    flavour=st.sampled_from(["pbs", "slurm", ""]),
    priority=st.integers(0, 4000),
    runtime_s=st.none() | st.integers(1, 10**6),
    not_before=st.none() | st.integers(0, 4_000_000_000_000_000),
    holds=st.lists(st.sampled_from(HoldKind), max_size=2, unique=True).map(tuple),
    depends_on=DEPENDENCIES,
    precedes=DEPENDENCIES,
    drop_when_hopeless=st.booleans(),
    awaits=st.integers(0, 2),
    rivals=st.lists(IDS, max_size=2, unique=True).map(tuple),
    extra_resources=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2),
    options=st.dictionaries(
        st.sampled_from(["Keep_Files", "block", "destination", "Resource_List.place", "Output_Path", "odd"]),
        st.sampled_from(["oe", "true", "high@srv", "vscatter", "h:out", ""]),
        max_size=2,
    ),
    stop_signal=st.just("TERM"),
    stop_grace_s=st.just(10.0),
    submit_directory=st.just(BY.directory),
    submit_host=st.just(BY.host),
    submit_variables=st.just({"HOME": "/home/ada"}),
)
TASKS = st.builds(
    TaskSpec,
    script=st.just(b"echo\n"),
    interpreter=st.sampled_from([(), ("/bin/zsh",), ("python3", "-u")]),
    stdout=ANY_TEXT,
    stderr=ANY_TEXT,
    join=st.sampled_from(["", "oe", "eo"]),
    umask=st.integers(0, 0o777),
    limits=st.dictionaries(st.sampled_from(["cpu", "as", "nproc"]), st.integers(-1, 10**6), max_size=2),
    chunks=st.lists(CHUNKS, min_size=1, max_size=2).map(tuple),
    arrangement=st.sampled_from(Arrangement),
    sharing=st.sampled_from(Sharing),
    rerunnable=st.booleans(),
    type=st.sampled_from([TaskType.BASIC, TaskType.PARAMETRIC_SWEEP]),
    start_value=st.just(0) | st.integers(-1, 3),
    end_value=st.just(0) | st.integers(2, 9),
    increment=st.integers(1, 2),
    max_running=st.integers(0, 2),
)


@given(JOBS, TASKS, st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2))
def test_what_is_written_can_be_read_and_what_is_told_of_no_loss_reads_back_the_same(
    job: JobSpec, task: TaskSpec, environment: dict[str, str]
) -> None:
    script = Script(job=job, task=task, environment=environment)
    written = FLAVOUR.render(script, BY)
    again = FLAVOUR.parse(written.text, BY)
    if not written.losses and job.flavour == "pbs" and job.name:
        hopeless = bool(job.depends_on or job.awaits)
        wanted = replace(script, job=replace(job, drop_when_hopeless=hopeless))
        assert says(again) == says(wanted)


# ---- anything

PIECES = [
    *(
        b"#PBS",
        b"#!",
        b"\n",
        b"\r\n",
        b"\\",
        b"'",
        b'"',
        b" ",
        b"\t",
        b",",
        b"=",
        b":",
        b"+",
        b"-",
        b"%",
        b"#",
    ),
    *(b"-l", b"-W", b"-v", b"-J", b"-N", b"-o", b"-a", b"-M", b"-p", b"-V", b"-I", b"-q", b"-S", b"@"),
    *(b"select", b"nodes", b"place", b"depend", b"ncpus", b"mem", b"walltime", b"ppn", b"afterok", b"group="),
    *(
        b"1",
        b"9",
        b"0",
        b"a",
        b"gb",
        b"scatter",
        b"\x00",
        b"\xff",
        b"\xc3\xa4",
        b"echo",
        b"umask",
        b"[]",
        b".",
    ),
]
JUNK = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=30).map(b"".join)


@given(
    JUNK
    | st.builds(lambda junk: b"#PBS " + junk, JUNK)
    | st.builds(lambda junk: b"#PBS -l select=" + junk, JUNK)
)
def test_any_bytes_are_a_script_or_an_error_with_a_place(text: bytes) -> None:
    note = refusal(text)
    if note is None:
        script = FLAVOUR.parse(text, BY)
        assert says(FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY)) == says(script)
    else:
        lines = text.split(b"\n")
        assert 1 <= note.line <= len(lines)
        assert 1 <= note.column <= len(lines[note.line - 1]) + 1


def refusal(text: bytes) -> Note | None:
    try:
        FLAVOUR.parse(text, BY)
    except ScriptError as error:
        return error.note
    return None
