"""scripts/pjm: what is written is read as it was; whatever is written can be read; anything may arrive."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, Step, StepRule, TaskSpec
from headgate.core.scripts import Note, Script, ScriptError, Submitter
from headgate.core.vocabulary import Arrangement, Sharing, TaskType, UnitType
from headgate.scripts.lines import body
from headgate.scripts.pjm import FLAVOUR
from headgate.scripts.pjm.limits import LIMIT_NAMES
from headgate.scripts.pjm.options import ITEMS, OPTIONS

NOW = 1_700_000_000_000_000
BY = Submitter(
    now=NOW,
    time_zone="America/New_York",
    file="run.sh",
    directory="/home/ann",
    host="login1",
    variables={"HOME": "/home/ann", "A": "1"},
)
MOST = 2147483647
KIB, MIB = 1 << 10, 1 << 20


def texts(most: int, *without: str) -> st.SearchStrategy[str]:
    """Texts that a directive can hold."""
    return st.text(
        st.characters(exclude_characters=["\n", "\r", "\0", *without], exclude_categories=["Cs"]),
        min_size=1,
        max_size=most,
    ).filter(lambda text: len(text.encode()) <= most)


def items(most: int) -> st.SearchStrategy[str]:
    """Texts that an item of a list can hold."""
    return texts(most, ",", "(", ")").filter(lambda text: text == text.strip(" \t"))


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True)
VARIABLES = st.from_regex(r"[A-Z_][A-Za-z0-9_]{0,9}", fullmatch=True).map(lambda name: f"V_{name}")
MEMORY = st.integers(1, MOST).map(lambda count: count * MIB) | st.integers(KIB, MOST).map(lambda n: n * KIB)
SECONDS = st.integers(1, MOST)
RULES = st.builds(
    StepRule,
    st.sampled_from(["ec", "pc"]),
    st.sampled_from(["==", "!="]),
    st.lists(st.integers(0, 255), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["one", "after", "all"]),
    st.lists(st.integers(0, 65534), max_size=3).map(tuple),
) | st.builds(
    StepRule,
    st.sampled_from(["ec", "pc"]),
    st.sampled_from(["<", ">", "<=", ">="]),
    st.integers(0, 255).map(lambda number: (number,)),
    st.just("one"),
)
LIMIT = st.just(-1) | st.integers(2, MOST).map(lambda count: count * KIB)
COUNT = st.just(-1) | st.integers(0, 1_048_576)
LIMITS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("core", "data", "memlock", "msgqueue", "stack", "as"), LIMIT)
    | dict.fromkeys(("nproc", "nofile", "sigpending"), COUNT)
    | {"cpu": SECONDS, "fsize": st.integers(3, MOST).map(lambda count: count * 1000)},
)
FLAGS = ("stats", "mswk", "no-check-directory", "no-check-gfscache", "X")
KEPT = st.fixed_dictionaries(
    {},
    optional={name: st.just("") for name in FLAGS}
    | {name: texts(63) for name in ("spath", "appname", "fs", "w", "net-route")}
    | {name: items(63) for name in ("rsc-list.rscunit", "rsc-list.jobenv", "llio.stripe-count")}
    | {"z": st.sampled_from(["", "jid"]), "llio.perf": st.sampled_from(["", "4"])}
    | {"m": st.sampled_from(["s", "S", "s,S"])},
)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Scripts of PJM's own, of any kind."""
    some = draw(st.integers(1, 2000))
    whole = draw(st.booleans())
    options: dict[str, str] = draw(KEPT)
    ranks, processes = draw(st.sampled_from([(0, 0), (4, 0), (4, some * 4 - 1), (-(-7 // some), 7), (9, 7)]))
    if not whole and (ranks, processes) in ((4, 0), (9, 7)):
        ranks, processes = 0, 0
    sharing, arrangement = Sharing.EXCLUSIVE, Arrangement.SCATTER
    if whole and draw(st.booleans()):
        options["rsc-list.node"] = f"{some}:torus"
    elif not whole:
        sharing, arrangement = draw(st.sampled_from(Sharing)), draw(st.sampled_from(Arrangement))
    chunk = Chunk(
        count=some,
        cores=0 if whole else draw(st.integers(1, 1000)),
        memory=draw(st.just(0) | MEMORY),
        gpus=draw(st.integers(0, 8)),
        ranks=ranks,
    )
    kind = draw(st.sampled_from(["normal", "bulk", "step"]))
    if kind != "normal":
        options.pop("mswk", None)
    task: dict[str, Any] = {"type": TaskType.BASIC}
    step = None
    if kind == "bulk":
        first = draw(st.integers(0, 999_998))
        task = {
            "type": TaskType.PARAMETRIC_SWEEP,
            "start_value": first,
            "end_value": draw(st.integers(first + 1, 999_999)),
        }
    elif kind == "step":
        of = draw(st.none() | st.integers(0, MOST))
        step = Step(
            of=of,
            of_name="" if of is not None else draw(st.just("") | NAMES),
            number=draw(st.none() | st.integers(0, 65534)),
            rules=tuple(draw(st.lists(RULES, max_size=3))),
        )
    most = draw(st.none() | SECONDS)
    least = draw(st.none() | st.integers(1, most or MOST))
    if most is None and draw(st.booleans()):
        options["rsc-list.elapse"] = "unlimited"
    job = JobSpec(
        name=draw(NAMES),
        project=draw(st.just("") | NAMES),
        comment=draw(st.just("") | texts(255)),
        queue=draw(st.just("") | items(63)),
        priority=2000 + 8 * draw(st.integers(-127, 128)),
        runtime_s=most,
        min_runtime_s=least,
        # The later one of two equal times on the clock can't be said, so none of that hour is drawn.
        not_before=draw(st.none() | st.integers(1, 200_000).map(lambda n: NOW // 10**6 // 60 * 60 + n * 60)),
        step=step,
        extra_resources=draw(
            st.dictionaries(NAMES.map(lambda name: f"r_{name}"), st.just("") | items(20), max_size=3)
            | st.just({"freq": "2200"})
        ),
        stop_signal="TERM",
        stop_grace_s=10.0,
        limit_signal="XCPU",
        notify_on_start=draw(st.booleans()),
        notify_on_completion=draw(st.booleans()),
        notify_on_requeue=draw(st.booleans()),
        email_address=draw(st.sampled_from(["", "a@example.org", "a@example.org,b"])),
        flavour="pjm",
        options=options,
        submit_directory="/home/ann",
        submit_host="login1",
        submit_variables={"HOME": "/home/ann"},
    )
    if job.not_before is not None:
        job = replace(job, not_before=job.not_before * 10**6)
    environment = {"HOME": "/home/ann", "A": "1"} if "X" in options else {}
    return Script(
        job=job,
        task=TaskSpec(
            **task,
            script=draw(st.sampled_from([b"", b"echo\n", b"#!/bin/sh\n# a\n\necho \xff\n#PJM -N late\n"])),
            interpreter=(),
            at_submission=True,
            stdout=draw(st.just("") | texts(40)),
            stderr=draw(st.just("") | texts(40)),
            join=draw(st.sampled_from(["", "oe"])),
            limits=draw(LIMITS),
            chunks=(chunk,),
            arrangement=arrangement,
            sharing=sharing,
            processes=processes,
            rerunnable=draw(st.booleans()),
        ),
        environment=environment | draw(st.dictionaries(VARIABLES, st.just("") | texts(30, ","), max_size=3)),
    )


@given(scripts())
def test_what_is_written_is_read_as_it_was(script: Script) -> None:
    rendered = FLAVOUR.render(script, BY)
    assert rendered.losses == ()
    again = FLAVOUR.parse(rendered.text, BY)
    assert again.job == script.job
    assert replace(again.task, script=b"") == replace(script.task, script=b"")
    assert again.environment == script.environment
    assert body(again.task.script) == body(script.task.script)
    assert FLAVOUR.render(again, BY).text == rendered.text


ANY_TEXT = st.text(max_size=300) | st.sampled_from(
    ["x" * 5000, "a'b\"c", "#x", "\udc80", "a,b", "()", " ", "1"]
)
SOME_NUMBERS = st.integers(-10, 10**12)
CHUNKS = st.builds(
    Chunk,
    count=st.integers(1, 10**10),
    max_count=st.integers(0, 3),
    cores=st.integers(0, 10**10),
    ranks=st.integers(0, 10**10),
    threads=st.integers(0, 99),
    memory=st.integers(0, 10**20),
    gpus=st.integers(0, 10**10),
    host=ANY_TEXT,
)
FREE = ("name", "project", "account", "group", "comment", "queue", "email_address")
FOREIGN = st.builds(
    Script,
    job=st.builds(
        JobSpec,
        **dict.fromkeys(
            ("name", "project", "account", "group", "comment", "queue", "email_address"), ANY_TEXT
        ),
        priority=st.integers(0, 4000),
        runtime_s=st.none() | SOME_NUMBERS,
        min_runtime_s=st.none() | SOME_NUMBERS,
        not_before=st.none() | st.integers(0, 10**18),
        depends_on=st.just(()) | st.just((JobDependency(3),)),
        unit_type=st.sampled_from(UnitType),
        extra_resources=st.dictionaries(ANY_TEXT | st.sampled_from(["node", "freq"]), ANY_TEXT, max_size=3),
        notify_on_failure=st.booleans(),
        flavour=st.sampled_from(["", "slurm", "pbs", "pjm"]),
        options=st.dictionaries(ANY_TEXT | st.sampled_from(["spath", "X", "z"]), ANY_TEXT, max_size=3),
    ),
    task=st.builds(
        TaskSpec,
        type=st.sampled_from(TaskType),
        command_line=ANY_TEXT,
        script=st.binary(max_size=60),
        interpreter=st.lists(st.text("abc /", min_size=1, max_size=5), max_size=3).map(tuple),
        stdout=ANY_TEXT,
        stderr=ANY_TEXT,
        join=st.sampled_from(["", "oe", "eo", "n"]),
        limits=st.dictionaries(
            st.sampled_from([*sorted(LIMIT_NAMES), "rss"]), st.integers(-1, 10**20), max_size=3
        ),
        max_cores=st.integers(0, 10**10),
        max_nodes=st.integers(0, 10**10),
        chunks=st.lists(CHUNKS, max_size=2).map(tuple),
        arrangement=st.sampled_from(Arrangement),
        sharing=st.sampled_from(Sharing),
        processes=st.integers(0, 10**10),
        runtime_s=st.none() | SOME_NUMBERS,
        start_value=SOME_NUMBERS,
        end_value=SOME_NUMBERS,
        increment=st.integers(1, 5),
        index_set=st.sampled_from(["", "1,3", "4", "0-9,2000000"]),
    ),
    environment=st.dictionaries(ANY_TEXT | VARIABLES, ANY_TEXT, max_size=3),
)


@given(FOREIGN)
def test_whatever_is_written_can_be_read(script: Script) -> None:
    rendered = FLAVOUR.render(script, BY)
    if b"\0" not in rendered.text:
        FLAVOUR.parse(rendered.text, BY)


PIECES = st.sampled_from(
    [
        *(
            "#PJM ",
            "#PJM",
            "\n",
            "\r\n",
            " ",
            "\t",
            "#",
            "'",
            '"',
            "=",
            ",",
            ":",
            "-",
            "--",
            "x",
            "1",
            "(",
            ")",
        ),
        *(
            "${v}",
            "--vset v=1",
            "-L ",
            "node=2x3",
            "vnode=2(core=1;mem=2)",
            "elapse=1:00-",
            "\0",
            "\xa0",
            "٣",
        ),
        *(
            "--mpi ",
            "proc=4",
            "shape=2",
            "--bulk",
            "--step",
            "--sparam ",
            "0-9",
            "sd=ec!=0:all",
            "echo",
            "\x85",
        ),
        *(
            "-x A=1",
            "-z",
            "jid",
            "-m b,e",
            "--at 20991231",
            "--at 99991231",
            "-p 3",
            "9" * 19,
            "-g ",
            "#!/bin/sh\n",
        ),
        *(f"{name} " for option in OPTIONS for name in option.names),
        *(f"{name}=" for known in ITEMS.values() for name in known),
    ]
)


@example(b"#PJM --mail-list ;")
@given(
    st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode())
    | st.lists(PIECES, max_size=25).map(lambda pieces: ("#PJM " + "".join(pieces)).encode())
    | st.binary(max_size=80).map(lambda tail: b"#PJM " + tail)
    | st.binary(max_size=80)
)
def test_any_bytes_are_a_script_or_an_error_with_its_place(text: bytes) -> None:
    script: Script | None = None
    places: tuple[Note, ...] = ()
    try:
        script = FLAVOUR.parse(text, BY)
        places = script.notes
    except ScriptError as error:
        places = (error.note,)
    for note in places:
        assert 1 <= note.line <= text.count(b"\n") + 1
        assert note.column >= 1
    if script is None:
        return
    again = FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY)
    assert again.job == script.job
    assert replace(again.task, script=b"") == replace(script.task, script=b"")
    assert again.environment == script.environment
