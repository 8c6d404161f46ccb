"""Every option and item of the manuals, both ways. From spec pjm, section 3 (End-user's Guide V4.0L20,
Command Reference, RIKEN's guide 1.52), the examples our own.

A case is a directive, what it makes different from a script that says nothing, and the directives it is
written back as, beside those that every script gets.
"""

from typing import Any

from msgspec import Struct

from headgate.core.model import Chunk, Step, StepRule
from headgate.core.vocabulary import Arrangement, Sharing, TaskType

MIB = 1 << 20
GIB = 1 << 30
NODES = {"arrangement": Arrangement.SCATTER, "sharing": Sharing.EXCLUSIVE}
VIRTUAL = {"arrangement": Arrangement.FREE, "sharing": Sharing.DEFAULT}
SWEEP = {"type": TaskType.PARAMETRIC_SWEEP}


class Case(Struct, frozen=True, kw_only=True):
    said: str
    job: dict[str, Any] = {}
    task: dict[str, Any] = {}
    environment: dict[str, str] = {}
    written: tuple[str, ...]
    notes: tuple[str, ...] = ()


def kept(said: str, key: str, value: str, written: str, note: str = "is kept, but") -> Case:
    return Case(said=said, job={"options": {key: value}}, written=(written,), notes=(note,))


def node(said: str, chunk: Chunk, *written: str, **options: str) -> Case:
    names = {f"rsc-list.{name.replace('_', '-')}": value for name, value in options.items()}
    return Case(
        said=said,
        job={"options": names} if names else {},
        task={"chunks": (chunk,)},
        written=written,
        notes=("any nodes are taken",) if "node" in options else (),
    )


def virtual(
    said: str, chunk: Chunk, *written: str, options: dict[str, str] | None = None, note: str = ""
) -> Case:
    return Case(
        said=said,
        job={"options": options} if options else {},
        task={"chunks": (chunk,)} | VIRTUAL,
        written=written,
        notes=(note,) if note else (),
    )


def limit(item: str, text: str, name: str, value: int, written: str = "") -> Case:
    return Case(
        said=f"-L {item}={text}",
        task={"limits": {name: value}},
        written=(f"--rsc-list {item}={written or text}",),
    )


def knob(name: str, value: str, written: str = "") -> Case:
    return Case(
        said=f"-L {name}={value}",
        job={"extra_resources": {written or name: value}},
        written=(f"--rsc-list {written or name}={value}",),
        notes=("no power knob is turned",),
    )


def step(said: str, expected: Step, *written: str) -> Case:
    return Case(said=said, job={"step": expected}, written=("--step", *written))


def mpi(
    said: str, chunk: Chunk, *written: str, processes: int = 0, options: dict[str, str] | None = None
) -> Case:
    task: dict[str, Any] = {"chunks": (chunk,)} if chunk != Chunk(cores=0) else {}
    return Case(
        said=said,
        job={"options": options} if options else {},
        task=task | ({"processes": processes} if processes else {}),
        written=written,
        notes=("kept, but",) if options else (),
    )


OPTIONS: dict[str, list[Case]] = {
    "rsc-list": [
        Case(
            said="--rsc-list=rscgrp=small",
            job={"queue": "small"},
            written=("--rsc-list rscgrp=small",),
        ),
        Case(said="-Lrg=small", job={"queue": "small"}, written=("--rsc-list rscgrp=small",)),
        Case(
            said='-L "elapse=90, rscgrp=small"',
            job={"queue": "small", "runtime_s": 90},
            written=("--rsc-list rscgrp=small", "--rsc-list elapse=00:01:30"),
        ),
    ],
    "gname": [
        Case(
            said=said,
            job={"project": "ra000001"},
            written=("--gname=ra000001",),
            notes=("names the project",),
        )
        for said in ("-g ra000001", "--gname ra000001", "--gid=ra000001", "-gra000001")
    ]
    + [Case(said="-g 1001", job={"group": "1001"}, written=("--gname=1001",))],
    "name": [
        Case(said="-N sim-1.a_b", job={"name": "sim-1.a_b"}, written=("--name=sim-1.a_b",)),
        Case(said='--name "a b"', job={"name": "a b"}, written=('--name="a b"',)),
    ],
    "out": [
        Case(said="-o out.%j", task={"stdout": "out.%j"}, written=("--out=out.%j",)),
        Case(said='--out="a b/%n.%b"', task={"stdout": "a b/%n.%b"}, written=('--out="a b/%n.%b"',)),
    ],
    "err": [Case(said="-e /tmp/%J.err", task={"stderr": "/tmp/%J.err"}, written=("--err=/tmp/%J.err",))],
    "j": [Case(said="-j", task={"join": "oe"}, written=("-j",))],
    "stats": [kept("-s", "stats", "", "--stats"), kept("--stats", "stats", "", "--stats")],
    "STATS": [kept("-S", "STATS", "", "--STATS"), kept("--STATS", "STATS", "", "--STATS")],
    "spath": [kept("--spath %n.stats", "spath", "%n.stats", "--spath=%n.stats")],
    "x": [
        Case(
            said="-x PJM_LLIO_GFSCACHE=/vol0004:/vol0003",
            environment={"PJM_LLIO_GFSCACHE": "/vol0004:/vol0003"},
            written=("-x PJM_LLIO_GFSCACHE=/vol0004:/vol0003",),
        ),
        Case(
            said="""-x A=1,B='x "y" z ',C=""",
            environment={"A": "1", "B": 'x "y" z ', "C": ""},
            written=("-x A=1", """-x "B=x "'"'"y"'"'" z \"""", "-x C="),
        ),
    ],
    "X": [
        Case(
            said="-X",
            job={"options": {"X": ""}},
            environment={"HOME": "/home/ann", "PATH": "/bin", "A": "1,2"},
            written=("-X",),
            notes=("does not pass on LD_PRELOAD",),
        )
    ],
    "at": [
        Case(said="--at 202410271230", job={"not_before": 1729999800_000000}, written=("--at=202410271230",)),
        Case(said="--at 20241027", job={"not_before": 1729954800_000000}, written=("--at=202410270000",)),
    ],
    "p": [
        Case(said="-p 128", job={"priority": 2008}, written=("-p 128",)),
        Case(said="-p 0", job={"priority": 984}, written=("-p 0",)),
        Case(said="-p 255", job={"priority": 3024}, written=("-p 255",)),
        Case(said="-p 127", written=()),
    ],
    "m": [
        Case(
            said="-m b,e,r",
            job={"notify_on_start": True, "notify_on_completion": True, "notify_on_requeue": True},
            written=("-m b,e,r",),
        ),
        Case(
            said="-m e,s,S",
            job={"notify_on_completion": True, "options": {"m": "s,S"}},
            written=("-m e,s,S",),
            notes=("no statistics are mailed",),
        ),
    ],
    "mail-list": [
        Case(
            said="--mail-list ann@example.org,bob",
            job={"email_address": "ann@example.org,bob"},
            written=("--mail-list=ann@example.org,bob",),
        )
    ],
    "restart": [Case(said="--restart", task={"rerunnable": True}, written=("--restart",))],
    "norestart": [Case(said="--norestart", written=())],
    "comment": [Case(said="--comment 'a b'", job={"comment": "a b"}, written=('--comment="a b"',))],
    "appname": [kept("--appname lammps", "appname", "lammps", "--appname=lammps")],
    "fs": [kept("--fs home", "fs", "home", "--fs=home")],
    "w": [kept("-w jobchk", "w", "jobchk", "-w jobchk")],
    "z": [kept("-z", "z", "", "-z"), kept("-z jid", "z", "jid", "-z jid")],
    "P": [],
    "bulk": [
        Case(
            said='--bulk --sparam "0-9"',
            task=SWEEP | {"end_value": 9},
            written=("--bulk", "--sparam=0-9"),
        ),
        Case(
            said="--bulk --sparam=3-999999",
            task=SWEEP | {"start_value": 3, "end_value": 999999},
            written=("--bulk", "--sparam=3-999999"),
        ),
    ],
    "step": [step("--step", Step())],
    "sparam": [
        step("--step --sparam jid=812", Step(of=812), "--sparam=jid=812"),
        step('--step --sparam "jnam=pre,sn=4"', Step(of_name="pre", number=4), "--sparam=jnam=pre,sn=4"),
        step("--step --sparam jid=8 --sparam sn=2", Step(of=8, number=2), "--sparam=jid=8,sn=2"),
        step(
            '--step --sparam "jid=8,sd=ec!=0:all:0"',
            Step(of=8, rules=(StepRule("ec", "!=", (0,), "all", (0,)),)),
            '--sparam="jid=8,sd=ec!=0:all:0"',
        ),
        step(
            '--step --sparam "jid=8,sd=ec==1,2:after:0:3,sd=pc>=20,sn=5"',
            Step(
                of=8,
                number=5,
                rules=(StepRule("ec", "==", (1, 2), "after", (0, 3)), StepRule("pc", ">=", (20,))),
            ),
            '--sparam="jid=8,sn=5,sd=ec==1,2:after:0:3,sd=pc>=20"',
        ),
        step("--step --sparam jid=8,sd=NONE", Step(of=8), "--sparam=jid=8"),
    ],
    "mswk": [kept("--mswk", "mswk", "", "--mswk")],
    "mpi": [],
    "llio": [],
    "net-route": [kept("--net-route dynamic", "net-route", "dynamic", "--net-route=dynamic")],
    "vset": [
        Case(
            said="--vset q=small,n=4 -L rscgrp=${q} -N job${n}",
            job={"queue": "small", "name": "job4"},
            written=("--name=job4", "--rsc-list rscgrp=small"),
        )
    ],
    "no-check-directory": [kept("--no-check-directory", "no-check-directory", "", "--no-check-directory")],
    "no-check-gfscache": [kept("--no-check-gfscache", "no-check-gfscache", "", "--no-check-gfscache")],
    "dir-prefix": [Case(said="-C '#XXX'", written=(), notes=("is ignored",))],
    "script-delimiter": [Case(said="--script-delimiter EOF", written=(), notes=("is ignored",))],
    "verbose": [Case(said="--verbose", written=(), notes=("is ignored",))],
    "help": [Case(said="--help", written=(), notes=("is ignored",))],
}

ITEMS: dict[str, list[Case]] = {
    "rsc-list.node": [
        node("-L node=12", Chunk(count=12, cores=0), "--rsc-list node=12"),
        node("-L node=4x3", Chunk(count=12, cores=0), "--rsc-list node=4x3", node="4x3"),
        node(
            "-L node=2x3x2:torus", Chunk(count=12, cores=0), "--rsc-list node=2x3x2:torus", node="2x3x2:torus"
        ),
        node("-L node=8:mesh", Chunk(count=8, cores=0), "--rsc-list node=8:mesh", node="8:mesh"),
        node("-L node=8:noncont", Chunk(count=8, cores=0), "--rsc-list node=8:noncont", node="8:noncont"),
        node(
            "-L node=4x3x4:torus:strict-io:io-exclusive",
            Chunk(count=48, cores=0),
            "--rsc-list node=4x3x4:torus:strict-io:io-exclusive",
            node="4x3x4:torus:strict-io:io-exclusive",
        ),
        node(
            "-L node=2:no-io-exclusive",
            Chunk(count=2, cores=0),
            "--rsc-list node=2:no-io-exclusive",
            node="2:no-io-exclusive",
        ),
    ],
    "rsc-list.node-mem": [
        node(
            "-L node=2,node-mem=28Gi",
            Chunk(count=2, cores=0, memory=28 * GIB),
            "--rsc-list node=2",
            "--rsc-list node-mem=28Gi",
        ),
        node("-L node-mem=100", Chunk(cores=0, memory=100 * MIB), "--rsc-list node-mem=100Mi"),
        Case(
            said="-L node-mem=unlimited",
            job={"options": {"rsc-list.node-mem": "unlimited"}},
            written=("--rsc-list node-mem=unlimited",),
        ),
    ],
    "rsc-list.vnode": [
        virtual("-L vnode=4", Chunk(count=4), "--rsc-list vnode=4", "--rsc-list vnode-core=1"),
        virtual(
            '-L "vnode=4(core=2;mem=4Gi)"',
            Chunk(count=4, cores=2, memory=4 * GIB),
            "--rsc-list vnode=4",
            "--rsc-list vnode-core=2",
            "--rsc-list vnode-mem=4Gi",
        ),
        virtual(
            '-L "vnode=2(core=8;core-mem=1Gi)"',
            Chunk(count=2, cores=8, memory=8 * GIB),
            "--rsc-list vnode=2",
            "--rsc-list vnode-core=8",
            "--rsc-list core-mem=1Gi",
            options={"rsc-list.core-mem": "1Gi"},
        ),
    ],
    "rsc-list.vnode-core": [
        virtual("-L vnode-core=36", Chunk(cores=36), "--rsc-list vnode=1", "--rsc-list vnode-core=36")
    ],
    "rsc-list.vnode-mem": [
        virtual(
            "-L vnode=2,core-mem=1Gi,vnode-mem=3000",
            Chunk(count=2, memory=3000 * MIB),
            "--rsc-list vnode=2",
            "--rsc-list vnode-core=1",
            "--rsc-list vnode-mem=3000Mi",
            note="vnode-mem counts, not core-mem of line 2",
        ),
        virtual(
            "-L vnode-mem=unlimited",
            Chunk(),
            "--rsc-list vnode=1",
            "--rsc-list vnode-core=1",
            "--rsc-list vnode-mem=unlimited",
            options={"rsc-list.vnode-mem": "unlimited"},
        ),
    ],
    "rsc-list.core-mem": [
        virtual(
            "-L vnode-mem=3Gi,core-mem=512,vnode-core=4",
            Chunk(cores=4, memory=2 * GIB),
            "--rsc-list vnode=1",
            "--rsc-list vnode-core=4",
            "--rsc-list core-mem=512",
            note="core-mem counts, not vnode-mem of line 2",
            options={"rsc-list.core-mem": "512"},
        )
    ],
    "rsc-list.gpu": [
        virtual(
            "-L gpu=1",
            Chunk(gpus=1),
            "--rsc-list vnode=1",
            "--rsc-list vnode-core=1",
            "--rsc-list gpu=1",
        ),
        node("-L node=2,gpu=4", Chunk(count=2, cores=0, gpus=4), "--rsc-list node=2", "--rsc-list gpu=4"),
    ],
    "rsc-list.elapse": [
        Case(said=f"-L elapse={text}", job={"runtime_s": seconds}, written=(f"--rsc-list elapse={written}",))
        for text, seconds, written in [
            ("90", 90, "00:01:30"),
            ("1:30", 90, "00:01:30"),
            ("60:00", 3600, "01:00:00"),
            ("24:00:00", 86400, "24:00:00"),
            ("300m", 18000, "05:00:00"),
            ("1h30M10s", 5410, "01:30:10"),
            ("100H", 360000, "100:00:00"),
        ]
    ]
    + [
        Case(
            said="-L elapse=unlimited",
            job={"options": {"rsc-list.elapse": "unlimited"}},
            written=("--rsc-list elapse=unlimited",),
        ),
        Case(
            said="-L elapse=30:00-2:00:00",
            job={"min_runtime_s": 1800, "runtime_s": 7200},
            written=("--rsc-list elapse=00:30:00-02:00:00",),
        ),
        Case(said="-L elapse=30:00-", job={"min_runtime_s": 1800}, written=("--rsc-list elapse=00:30:00-",)),
        Case(
            said="-L elapse=30:00-unlimited",
            job={"min_runtime_s": 1800, "options": {"rsc-list.elapse": "unlimited"}},
            written=("--rsc-list elapse=00:30:00-unlimited",),
        ),
    ],
    "rsc-list.rscgrp": [
        Case(said="-L rg=large", job={"queue": "large"}, written=("--rsc-list rscgrp=large",))
    ],
    "rsc-list.rscunit": [
        kept("-L ru=rscunit_ft01", "rsc-list.rscunit", "rscunit_ft01", "--rsc-list rscunit=rscunit_ft01")
    ],
    "rsc-list.proc-core": [
        limit("proc-core", "unlimited", "core", -1),
        limit("proc-core", "0", "core", 0),
        limit("proc-core", "10G", "core", 10**10, "9765625Ki"),
    ],
    "rsc-list.proc-data": [limit("proc-data", "512", "data", 512 * MIB, "512Mi")],
    "rsc-list.proc-lockm": [limit("proc-lockm", "64Ki", "memlock", 65536)],
    "rsc-list.proc-msgq": [limit("proc-msgq", "1Ti", "msgqueue", 1 << 40)],
    "rsc-list.proc-stack": [limit("proc-stack", "16Gi", "stack", 16 * GIB)],
    "rsc-list.proc-vmem": [limit("proc-vmem", "1Pi", "as", 1 << 50)],
    "rsc-list.proc-filesz": [
        limit("proc-filesz", "3K", "fsize", 3000),
        limit("proc-filesz", "5", "fsize", 5_000_000, "5M"),
    ],
    "rsc-list.proc-cpu": [
        limit("proc-cpu", "3600", "cpu", 3600, "01:00:00"),
        limit("proc-cpu", "unlimited", "cpu", -1),
    ],
    "rsc-list.proc-crproc": [limit("proc-crproc", "512", "nproc", 512)],
    "rsc-list.proc-openfd": [limit("proc-openfd", "1048576", "nofile", 1048576)],
    "rsc-list.proc-psig": [limit("proc-psig", "unlimited", "sigpending", -1)],
    "rsc-list.freq": [knob("freq", "2200")],
    "rsc-list.throttling_state": [knob("throttling_state", "1")],
    "rsc-list.issue_state": [knob("issue_state", "1"), knob("issuance_state", "1", "issue_state")],
    "rsc-list.ex_pipe_state": [knob("ex_pipe_state", "1")],
    "rsc-list.eco_state": [knob("eco_state", "2")],
    "rsc-list.retention_state": [knob("retention_state", "0")],
    "rsc-list.jobenv": [
        kept("-L jobenv=singularity", "rsc-list.jobenv", "singularity", "--rsc-list jobenv=singularity")
    ],
    "rsc-list.any other name": [
        Case(
            said="-L matlab=2,big",
            job={"extra_resources": {"matlab": "2", "big": ""}},
            written=("--rsc-list matlab=2", "--rsc-list big"),
            notes=("matlab is kept as a resource of the site", "big is kept as a resource of the site"),
        )
    ],
    "mpi.proc": [
        mpi(
            "-L node=4 --mpi proc=10",
            Chunk(count=4, cores=0, ranks=3),
            "--rsc-list node=4",
            "--mpi proc=10",
            processes=10,
        ),
        mpi("--mpi proc=1", Chunk(cores=0, ranks=1), "--mpi proc=1", processes=1),
    ],
    "mpi.max-proc-per-node": [
        mpi(
            "-L node=2x3x2 --mpi max-proc-per-node=4",
            Chunk(count=12, cores=0, ranks=4),
            "--rsc-list node=2x3x2",
            "--mpi max-proc-per-node=4",
            options={"rsc-list.node": "2x3x2"},
        ),
        mpi(
            "-L node=12 --mpi max-proc-per-node=4,proc=40",
            Chunk(count=12, cores=0, ranks=4),
            "--rsc-list node=12",
            "--mpi proc=40",
            processes=40,
        ),
        mpi(
            "-L node=12 --mpi max-proc-per-node=8,proc=40",
            Chunk(count=12, cores=0, ranks=8),
            "--rsc-list node=12",
            "--mpi max-proc-per-node=8",
            "--mpi proc=40",
            processes=40,
        ),
    ],
    "mpi.shape": [
        mpi(
            "-L node=12 --mpi shape=2x3,max-proc-per-node=4",
            Chunk(count=12, cores=0, ranks=4),
            "--rsc-list node=12",
            "--mpi proc=24",
            "--mpi shape=2x3",
            processes=24,
            options={"mpi.shape": "2x3"},
        )
    ],
    "mpi.rank-map-bychip": [
        mpi(
            f"--mpi {text}",
            Chunk(cores=0),
            f"--mpi {text}",
            options={"mpi.rank-map-bychip": value},
        )
        for text, value in [
            ("rank-map-bychip", ""),
            ("rank-map-bychip:XYZ", "XYZ"),
            ("rank-map-bychip=2", "2"),
        ]
    ],
    "mpi.rank-map-bynode": [
        mpi(f"--mpi {text}", Chunk(cores=0), f"--mpi {text}", options={"mpi.rank-map-bynode": value})
        for text, value in [("rank-map-bynode", ""), ("rank-map-bynode=ZYX", "ZYX")]
    ],
    "mpi.rank-map-hostfile": [
        mpi(
            "--mpi rank-map-hostfile=hosts",
            Chunk(cores=0),
            "--mpi rank-map-hostfile=hosts",
            options={"mpi.rank-map-hostfile": "hosts"},
        )
    ],
    "mpi.assign-online-node": [
        mpi(
            "--mpi assign-online-node",
            Chunk(cores=0),
            "--mpi assign-online-node",
            options={"mpi.assign-online-node": ""},
        )
    ],
    "P.vn-policy": [
        Case(
            said=f"-L vnode=2 -P vn-policy={policy}",
            job=job,
            task={"chunks": (Chunk(count=2),)} | VIRTUAL | {"arrangement": arrangement},
            written=("--rsc-list vnode=2", "--rsc-list vnode-core=1", f"-P vn-policy={written}"),
            notes=("does nothing here",) if job else (),
        )
        for policy, written, arrangement, job in [
            ("abs-pack", "abs-pack", Arrangement.PACK, {}),
            ("pack", "pack", Arrangement.FREE, {"options": {"P.vn-policy": "pack"}}),
            ("abs-unpack", "abs-unpack", Arrangement.SCATTER, {}),
            ("abs-unpack=1", "abs-unpack", Arrangement.SCATTER, {}),
            ("abs-unpack=2", "abs-unpack=2", Arrangement.FREE, {"options": {"P.vn-policy": "abs-unpack=2"}}),
            ("unpack=2", "unpack=2", Arrangement.FREE, {"options": {"P.vn-policy": "unpack=2"}}),
        ]
    ],
    "P.exec-policy": [
        Case(
            said=f"-L vnode=2 -P exec-policy={policy}",
            task={"chunks": (Chunk(count=2),)} | VIRTUAL | {"sharing": sharing},
            written=("--rsc-list vnode=2", "--rsc-list vnode-core=1", f"-P exec-policy={policy}"),
        )
        for policy, sharing in [("simplex", Sharing.EXCLUSIVE), ("share", Sharing.SHARED)]
    ],
} | {
    f"llio.{name}": [kept(f"--llio {name}={value}", f"llio.{name}", value, f"--llio {name}={value}")]
    for name, value in [
        ("localtmp-size", "10Gi"),
        ("sharedtmp-size", "10Gi"),
        ("cn-cache-size", "128Mi"),
        ("cn-cached-write-size", "4Mi"),
        ("stripe-count", "24"),
        ("stripe-size", "2Mi"),
        ("sio-read-cache", "on"),
        ("cn-read-cache", "off"),
        ("async-close", "on"),
        ("auto-readahead", "on"),
        ("perf", "4"),
        ("perf-path", "%j.perf"),
        ("uncompleted-fileinfo-path", "left.%j"),
    ]
}
