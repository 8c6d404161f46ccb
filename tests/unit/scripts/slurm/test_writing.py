"""Scripts that are written, from other flavours above all."""

from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, TaskSpec
from headgate.core.scripts import Script, Submitter
from headgate.core.vocabulary import Arrangement, Sharing, TaskType, UnitType
from headgate.scripts.slurm import FLAVOUR

BY = Submitter(now=1_800_000_000_000_000, time_zone="Europe/Berlin")
PBS = Script(
    job=JobSpec(flavour="pbs", name="wave", stop_signal="TERM", stop_grace_s=30.0),
    task=TaskSpec(
        script=b"#!/bin/bash\n#PBS -N wave\n# hello\n\nmpirun x\n#PBS stays\n",
        interpreter=(),
        join="oe",
        at_submission=True,
    ),
)


def written(script: Script) -> str:
    return FLAVOUR.render(script, BY).text.decode()


def with_chunks(*chunks: Chunk, arrangement: Arrangement = Arrangement.FREE, processes: int = 0) -> list[str]:
    task = replace(PBS.task, chunks=chunks, arrangement=arrangement, processes=processes)
    lines = written(replace(PBS, task=task)).splitlines()
    return [line.removeprefix("#SBATCH --") for line in lines if line.startswith("#SBATCH --")][2:]


def test_long_options_stand_one_on_a_line_and_the_body_follows() -> None:
    job = replace(PBS.job, runtime_s=5400, queue="short", comment='say "hi"')
    assert written(replace(PBS, job=job)) == (
        "#!/bin/bash\n"
        "#SBATCH --job-name=wave\n"
        '#SBATCH --comment="say \\"hi\\""\n'
        "#SBATCH --export=NONE\n"
        "#SBATCH --partition=short\n"
        "#SBATCH --time=01:30:00\n"
        "# hello\n\nmpirun x\n#PBS stays\n"
    )


def test_seconds_of_a_run_time_are_kept() -> None:
    assert "--time=00:00:07\n" in written(replace(PBS, job=replace(PBS.job, runtime_s=7)))
    assert "--time=2-00:00:01\n" in written(replace(PBS, job=replace(PBS.job, runtime_s=172801)))


def test_parts_of_one_kind_on_nodes_of_their_own() -> None:
    part = Chunk(count=2, cores=8, ranks=4, threads=2, memory=2**30, gpus=1)
    assert with_chunks(part, arrangement=Arrangement.SCATTER) == [
        "cpus-per-task=2",
        "gpus-per-node=1",
        "mem=1G",
        "nodes=2",
        "ntasks-per-node=4",
    ]


def test_parts_that_are_packed_stand_on_one_node() -> None:
    assert with_chunks(Chunk(count=4, cores=2, memory=2**30), arrangement=Arrangement.PACK) == [
        "cpus-per-task=2",
        "mem=4G",
        "nodes=1",
        "ntasks-per-node=4",
    ]


def test_ranks_anywhere() -> None:
    assert with_chunks(Chunk(count=6, cores=2, ranks=1, memory=2**30), processes=6) == [
        "cpus-per-task=2",
        "mem-per-cpu=512M",
        "ntasks=6",
    ]


def test_whole_nodes_are_exclusive() -> None:
    assert with_chunks(Chunk(count=12, cores=0), arrangement=Arrangement.SCATTER) == ["exclusive", "nodes=12"]


def test_parts_of_several_kinds_are_told_to_be_written_nearly() -> None:
    chunks = (Chunk(cores=4, memory=2**30), Chunk(count=2, cores=1))
    script = replace(PBS, task=replace(PBS.task, chunks=chunks))
    losses = FLAVOUR.render(script, BY).losses
    assert losses
    assert all(loss.approximated for loss in losses)


def test_a_command_becomes_a_script() -> None:
    spec = TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP, command_line="run *", start_value=1, end_value=9, min_cores=2
    )
    rendered = FLAVOUR.render(Script(job=JobSpec(name="x"), task=replace(spec, max_cores=2)), BY)
    assert rendered.text.decode().startswith("#!/bin/bash\n#SBATCH --job-name=x\n#SBATCH --array=1-9\n")
    assert rendered.text.decode().endswith("#SBATCH --ntasks=2\nrun *\n")
    assert any(loss.what == "`*` in the command line" for loss in rendered.losses)


def test_a_script_without_an_interpreter_gets_one_and_it_is_told() -> None:
    rendered = FLAVOUR.render(replace(PBS, task=replace(PBS.task, script=b"echo\n")), BY)
    assert rendered.text.startswith(b"#!/bin/sh\n")
    assert [loss.approximated for loss in rendered.losses] == [True]


def test_the_interpreter_that_was_asked_for_stands_in_the_first_line() -> None:
    rendered = FLAVOUR.render(replace(PBS, task=replace(PBS.task, interpreter=("/bin/tcsh", "-f"))), BY)
    assert rendered.text.startswith(b"#!/bin/tcsh -f\n#SBATCH")


def test_shared_nodes_and_names_of_nodes() -> None:
    task = replace(PBS.task, sharing=Sharing.SHARED, required_nodes=("n1", "n2", "n3", "x"))
    text = written(replace(PBS, task=task))
    assert "--oversubscribe\n" in text
    assert "--nodelist=n[1-3],x\n" in text


def test_a_moment_that_comes_twice_is_written_without_doubt() -> None:
    # 2027-10-31 02:30 for the second time, in Berlin.
    at = 1_824_946_200_000_000
    text = written(replace(PBS, job=replace(PBS.job, not_before=at)))
    assert "--begin=uts1824946200\n" in text
    assert FLAVOUR.parse(text.encode(), BY).job.not_before == at


def losses(job: JobSpec, task: TaskSpec = PBS.task) -> dict[str, str]:
    return {loss.what: loss.why for loss in FLAVOUR.render(Script(job=job, task=task), BY).losses}


def test_a_text_of_several_lines_is_told_to_be_lost() -> None:
    assert "comment" in losses(replace(PBS.job, comment="two\nlines"))
    assert "comment" in losses(replace(PBS.job, comment="half a \ud800"))


def test_a_project_beside_an_account_is_a_key() -> None:
    job = replace(PBS.job, project="p", account="a")
    assert "--account=a\n" in written(replace(PBS, job=job))
    assert "--wckey=p\n" in written(replace(PBS, job=job))
    own = replace(job, flavour="slurm", options={"wckey": "k"})
    assert "--wckey=k\n" in written(replace(PBS, job=own))
    assert "project" in losses(own)


def test_a_task_without_a_job_name_gives_its_own() -> None:
    text = written(replace(PBS, job=replace(PBS.job, name=""), task=replace(PBS.task, name="t")))
    assert "--job-name=t\n" in text


def test_numbers_that_sbatch_can_not_say_are_told() -> None:
    assert "priority 5000" in losses(replace(PBS.job, priority=5000))
    assert "--time of 0 seconds" in losses(replace(PBS.job, runtime_s=0))
    assert "start time" in losses(replace(PBS.job, not_before=1))
    assert "time of the warning signal" in losses(
        replace(PBS.job, warning_signal="HUP", warning_before_s=70000)
    )
    assert "run time of the task" in losses(replace(PBS.job, runtime_s=5), replace(PBS.task, runtime_s=6))
    sweep = replace(PBS.task, type=TaskType.PARAMETRIC_SWEEP, start_value=-3, end_value=3)
    assert "indices" in losses(PBS.job, sweep)


def test_dependencies_that_sbatch_can_not_say_are_told() -> None:
    one = (JobDependency(job_id=1), JobDependency(job_id=2))
    assert "singleton" in losses(replace(PBS.job, depends_on=one, depends_on_any=True, singleton=True))
    assert "any dependency is enough" in losses(replace(PBS.job, depends_on=one[:1], depends_on_any=True))


def test_streams_of_other_flavours() -> None:
    joined = replace(PBS.task, join="eo", stdout="o", stderr="e^array_index^")
    assert "--output=e%a\n" in written(replace(PBS, task=joined))
    pjm = replace(PBS.job, flavour="pjm")
    assert "--output=o.%s" in losses(pjm, replace(PBS.task, stdout="o.%s"))
    own = replace(PBS.job, flavour="slurm")
    assert "standard error apart" in losses(own, replace(PBS.task, join="n"))


def test_a_job_that_counts_nodes_asks_for_nodes() -> None:
    job = JobSpec(name="x", unit_type=UnitType.NODE)
    task = TaskSpec(script=b"#!/bin/sh\n", min_nodes=2, max_nodes=4)
    assert "--nodes=2-4\n" in written(Script(job=job, task=task))


def test_an_option_that_there_is_not_is_told() -> None:
    assert "nonsense=1" in losses(replace(PBS.job, flavour="slurm", options={"nonsense": "1"}))


def test_kept_words_say_the_generic_resources_too() -> None:
    text = b"#!/bin/sh\n#SBATCH --gres=gpu:a100:2,fs:3\n"
    assert b"--gres=gpu:a100:2,fs:3\n" in FLAVOUR.render(FLAVOUR.parse(text, BY), BY).text


def test_variables_of_other_systems_in_the_script_are_told() -> None:
    script = b"#!/bin/sh\necho $PBS_JOBID ${PJM_BULKNUM:-1} $PBS_JOBID $SLURM_JOB_ID PBS_X\n"
    found = [what for what in losses(PBS.job, replace(PBS.task, script=script)) if "variables" in what]
    assert found == ["variables PBS_JOBID, PJM_BULKNUM in the script"]
