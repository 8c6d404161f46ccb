"""scripts/pbs/shapes.py: amounts of other systems, as near as PBS can say them."""

import pytest

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.vocabulary import Arrangement, Sharing, TaskType, UnitType
from headgate.scripts.pbs.shapes import array_of, chunks_of, limits_lost, path_of


def sweep(start: int = 0, end: int = 0, increment: int = 1, *, indices: str = "", most: int = 0) -> TaskSpec:
    return TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP,
        start_value=start,
        end_value=end,
        increment=increment,
        index_set=indices,
        max_running=most,
    )


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (sweep(1, 10), "1-10"),
        (sweep(0, 9, 3, most=2), "0-9:3%2"),
        (sweep(5, 5), "5-6:2"),
        (sweep(1, 3, indices="1,3,5"), "1-5:2"),
        (sweep(1, 3, indices="7-9"), "7-9"),
        (sweep(1, 1, indices="4"), "4-5:2"),
        (sweep(1, 4, indices="1-2,3-4"), "1-4"),
        (TaskSpec(), ""),
    ],
)
def test_indices_are_said_exactly_where_they_can_be(task: TaskSpec, text: str) -> None:
    assert array_of(task) == (text, [])


@pytest.mark.parametrize(
    ("task", "text", "approximated"),
    [
        (sweep(1, 4, indices="1,3,7-9"), "1-9", True),
        (sweep(1, 3, indices="2,4,10"), "2-10:2", True),
        (sweep(-1, 5), "", False),
        (sweep(5, 1), "", False),
        (TaskSpec(type=TaskType.SERVICE), "", False),
        (TaskSpec(max_running=3), "", False),
    ],
)
def test_other_indices_are_a_loss(task: TaskSpec, text: str, approximated: bool) -> None:
    written, (loss,) = array_of(task)
    assert (written, loss.approximated) == (text, approximated)


@pytest.mark.parametrize(
    ("job", "task", "chunks", "arrangement", "sharing", "lost"),
    [
        (JobSpec(), TaskSpec(), Chunk(), Arrangement.FREE, Sharing.DEFAULT, 0),
        (
            JobSpec(min_cores=4, max_cores=4),
            TaskSpec(min_cores=2, max_cores=2),
            Chunk(count=4),
            Arrangement.FREE,
            Sharing.DEFAULT,
            0,
        ),
        (JobSpec(max_cores=8), TaskSpec(), Chunk(), Arrangement.FREE, Sharing.DEFAULT, 1),
        (
            JobSpec(unit_type=UnitType.NODE, min_nodes=2, max_nodes=2),
            TaskSpec(),
            Chunk(count=2),
            Arrangement.SCATTER,
            Sharing.EXCLUSIVE,
            1,
        ),
        (
            JobSpec(unit_type=UnitType.GPU, min_sockets=2, max_sockets=2),
            TaskSpec(),
            Chunk(count=2, gpus=1),
            Arrangement.FREE,
            Sharing.DEFAULT,
            1,
        ),
        (JobSpec(), TaskSpec(max_nodes=2), Chunk(), Arrangement.FREE, Sharing.DEFAULT, 1),
        (JobSpec(single_node=True), TaskSpec(), Chunk(), Arrangement.PACK, Sharing.DEFAULT, 0),
        (JobSpec(exclusive=True), TaskSpec(), Chunk(), Arrangement.FREE, Sharing.EXCLUSIVE, 0),
        (
            JobSpec(),
            TaskSpec(chunks=(Chunk(cores=0),)),
            Chunk(cores=0),
            Arrangement.FREE,
            Sharing.EXCLUSIVE,
            1,
        ),
        (
            JobSpec(),
            TaskSpec(chunks=(Chunk(count=2, cores=4),), processes=8),
            Chunk(count=2, cores=4, ranks=4),
            Arrangement.FREE,
            Sharing.DEFAULT,
            0,
        ),
        (
            JobSpec(),
            TaskSpec(chunks=(Chunk(count=2, cores=4),), processes=7),
            Chunk(count=2, cores=4),
            Arrangement.FREE,
            Sharing.DEFAULT,
            1,
        ),
        (
            JobSpec(),
            TaskSpec(chunks=(Chunk(count=2, max_count=4),)),
            Chunk(count=2, max_count=4),
            Arrangement.FREE,
            Sharing.DEFAULT,
            1,
        ),
        (
            JobSpec(unit_type=UnitType.NODE, min_cores=3, max_cores=3),
            TaskSpec(chunks=(Chunk(),)),
            Chunk(),
            Arrangement.FREE,
            Sharing.DEFAULT,
            1,
        ),
    ],
)
def test_amounts_become_chunks(
    job: JobSpec, task: TaskSpec, chunks: Chunk, arrangement: Arrangement, sharing: Sharing, lost: int
) -> None:
    found, arranged, shared, losses = chunks_of(job, task)
    assert (found, arranged, shared, len(losses)) == ((chunks,), arrangement, sharing, lost)


def test_more_chunks_than_pbs_takes_are_lost() -> None:
    chunks, _, _, losses = chunks_of(JobSpec(), TaskSpec(chunks=(Chunk(count=2_000_000),)))
    assert chunks == ()
    assert [loss.what for loss in losses] == ["chunks"]


def test_limits_without_a_resource_and_lifted_ones_are_lost() -> None:
    losses = list(limits_lost(TaskSpec(limits={"nproc": 5, "cpu": -1, "as": 1})))
    assert [(loss.what, loss.approximated) for loss in losses] == [
        ("limit nproc", False),
        ("limit cpu lifted", True),
    ]


@pytest.mark.parametrize(
    ("path", "flavour", "written", "lost"),
    [
        ("out", "slurm", "out", 0),
        ("out.%a", "slurm", "out.^array_index^", 0),
        ("%x.%3a", "slurm", "%x.^array_index^", 1),
        ("out.%j", "pjm", "out.%j", 1),
        ("out.*", "", "out.*", 1),
    ],
)
def test_marks_of_other_flavours_in_a_path(path: str, flavour: str, written: str, lost: int) -> None:
    found, losses = path_of(path, flavour)
    assert (found, len(losses)) == (written, lost)
