"""scripts/pbs/manners.py: spec pbs, sections 7 and 8."""

import pytest
from msgspec.structs import replace

from headgate.core.launch import NodeShare, Placement
from headgate.core.model import Job, Task
from headgate.core.scripts import RunFacts, Submitter
from headgate.scripts.pbs import FLAVOUR, job_id

BY = Submitter(
    now=1_709_629_502_000_000,
    file="job.sh",
    directory="/home/ada/run",
    host="login1",
    variables={"HOME": "/home/ada", "LANG": "C", "PATH": "/bin", "EDITOR": "ed"},
)


def nodes(*names: str, cores: int = 4) -> Placement:
    return Placement(tuple(NodeShare(name, tuple(range(cores)), cores) for name in names))


ONE = nodes("n1")


def run(directives: str = "", *, index: int | None = None, placement: Placement = ONE) -> RunFacts:
    script = FLAVOUR.parse(f"#PBS -N demo\n{directives}\necho\n".encode(), BY)
    return RunFacts(
        job=Job(id=812, owner="ada", spec=replace(script.job, queue=script.job.queue or "normal")),
        task=Task(job_id=812, number=1, spec=script.task),
        index=index,
        placement=placement,
        home="/home/ada",
        shell="/bin/bash",
        user="ada",
        cluster="head1",
    )


def test_a_job_has_the_variables_of_the_manual() -> None:
    assert FLAVOUR.manners(run("#PBS -A team -l select=1:ncpus=3:ompthreads=2")).environment == {
        "PBS_O_HOME": "/home/ada",
        "PBS_O_LANG": "C",
        "PBS_O_PATH": "/bin",
        "PBS_O_WORKDIR": "/home/ada/run",
        "PBS_O_SYSTEM": "Linux",
        "PBS_O_HOST": "login1",
        "PBS_O_QUEUE": "normal",
        "PBS_ENVIRONMENT": "PBS_BATCH",
        "ENVIRONMENT": "BATCH",
        "PBS_JOBID": "812.head1",
        "PBS_JOBNAME": "demo",
        "PBS_QUEUE": "normal",
        "PBS_NODENUM": "0",
        "PBS_TASKNUM": "1",
        "PBS_JOBDIR": "/home/ada",
        "PBS_ACCOUNT": "team",
        "NCPUS": "3",
        "OMP_NUM_THREADS": "2",
    }


def test_a_subjob_has_its_index_and_the_id_of_its_array() -> None:
    environment = FLAVOUR.manners(run("#PBS -J 1-5", index=3)).environment
    assert environment["PBS_JOBID"] == "812[3].head1"
    assert environment["PBS_ARRAY_INDEX"] == "3"
    assert environment["PBS_ARRAY_ID"] == "812[].head1"


def test_ids() -> None:
    assert [job_id(7, ""), job_id(7, "h", 0), job_id(7, "h", array=True)] == ["7", "7[0].h", "7[].h"]


def test_threads_are_the_cores_where_they_are_not_said() -> None:
    assert FLAVOUR.manners(run("#PBS -l ncpus=3")).environment["OMP_NUM_THREADS"] == "3"


def test_a_job_starts_in_the_home_under_a_login_shell_with_a_scratch_directory() -> None:
    manners = FLAVOUR.manners(run())
    assert (manners.work_directory, manners.login, manners.scratch) == ("", True, ("TMPDIR",))
    assert manners.output_directory == "/home/ada/run"


@pytest.mark.parametrize(
    ("directives", "placement", "hosts"),
    [
        ("", nodes("n1.example.org"), "n1"),
        ("#PBS -l nodes=2:ppn=3", nodes("n1", "n2"), "n1 n1 n1 n2 n2 n2"),
        ("#PBS -l select=2:ncpus=2:mpiprocs=2", nodes("n1"), "n1 n1 n1 n1"),
        ("#PBS -l select=3:ncpus=2:mpiprocs=1", nodes("n1", "n2"), "n1 n1 n2"),
        ("#PBS -l select=1:ncpus=4:mpiprocs=2+2:ncpus=1", nodes("n1", "n2"), "n1 n1 n2 n2"),
        ("#PBS -l select=1:host=n2:ncpus=2+1:ncpus=2", nodes("n1", "n2"), "n2 n2"),
        ("#PBS -l select=3 -l place=scatter", nodes("n1", "n2"), "n1 n2 n2"),
        ("#PBS -l select=2", Placement(), "head1 head1"),
    ],
)
def test_the_node_file_has_a_line_for_each_process_in_the_order_of_chunks(
    directives: str, placement: Placement, hosts: str
) -> None:
    content = FLAVOUR.manners(run(directives, placement=placement)).files["PBS_NODEFILE"]
    assert content == "".join(f"{host}\n" for host in hosts.split()).encode()


@pytest.mark.parametrize(
    ("directives", "index", "stdout", "stderr"),
    [
        ("", None, "demo.o812", "demo.e812"),
        ("#PBS -J 1-5", 3, "demo.o812.3", "demo.e812.3"),
        ("#PBS -J 0-5", 0, "demo.o812.0", "demo.e812.0"),
        ("#PBS -j oe", None, "demo.o812", "demo.o812"),
        ("#PBS -j eo -e err", None, "err", "err"),
        ("#PBS -o out -e /tmp/err", None, "out", "/tmp/err"),
        ("#PBS -o out/ -e err/", None, "out/812.head1.OU", "err/812.head1.ER"),
        ("#PBS -J 1-5 -o out/", 3, "out/812[3].head1.OU", "demo.e812.3"),
        ("#PBS -J 1-5 -o a.^array_index^.log -e b", 3, "a.3.log", "b"),
        ("#PBS -o host:out -e host:/tmp/err", None, "/home/ada/out", "/tmp/err"),
        (
            "#PBS -o $PBS_JOBID.log -e ${PBS_JOBNAME}_$PBS_NONE$HOME",
            None,
            "812.head1.log",
            "demo_$PBS_NONE$HOME",
        ),
    ],
)
def test_output_goes_where_the_manual_says(
    directives: str, index: int | None, stdout: str, stderr: str
) -> None:
    manners = FLAVOUR.manners(run(directives, index=index))
    assert (manners.stdout, manners.stderr) == (stdout, stderr)


def test_without_a_directory_of_submission_output_goes_home() -> None:
    facts = run()
    job = replace(facts.job, spec=replace(facts.job.spec, submit_directory=""))
    assert FLAVOUR.manners(replace(facts, job=job)).output_directory == "/home/ada"


def test_all_the_cores_of_a_node_are_those_of_its_share() -> None:
    facts = run("#PBS -l select=1")
    (chunk,) = facts.task.spec.chunks
    spec = replace(facts.task.spec, chunks=(replace(chunk, cores=0),))
    assert FLAVOUR.manners(replace(facts, task=replace(facts.task, spec=spec))).environment["NCPUS"] == "4"
