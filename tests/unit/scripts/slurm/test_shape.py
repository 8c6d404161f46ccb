"""Words about resources to chunks and back, where it is not plain."""

from typing import Any

import pytest

from headgate.core.model import Chunk
from headgate.core.vocabulary import Arrangement
from headgate.scripts.slurm.resources import Trouble, reads_as, resources
from headgate.scripts.slurm.shape import Shape, shape, words

GIB = 2**30


def made(text: str, *, exclusive: bool = False) -> Shape:
    said = dict(part.split("=", 1) for part in text.split())
    return shape(resources(said, exclusive=exclusive).asked)


@pytest.mark.parametrize(
    ("text", "chunks", "arrangement"),
    [
        ("ntasks=6", [Chunk(count=6, ranks=1)], Arrangement.FREE),
        ("ntasks=1 mem=4G", [Chunk(ranks=1, memory=4 * GIB)], Arrangement.FREE),
        (
            "nodes=3 ntasks=8",
            [Chunk(count=2, cores=3, ranks=3), Chunk(cores=2, ranks=2)],
            Arrangement.SCATTER,
        ),
        (
            "nodes=2 ntasks=3 mem-per-cpu=1G",
            [Chunk(cores=2, ranks=2, memory=2 * GIB), Chunk(ranks=1, memory=GIB)],
            Arrangement.SCATTER,
        ),
        (
            "nodes=2 ntasks=3 gpus-per-task=2",
            [Chunk(cores=2, ranks=2, gpus=4), Chunk(ranks=1, gpus=2)],
            Arrangement.SCATTER,
        ),
        ("ntasks=4 ntasks-per-gpu=2", [Chunk(cores=4, ranks=4, gpus=2)], Arrangement.SCATTER),
        (
            "nodes=2 gpus-per-node=2 ntasks-per-gpu=1",
            [Chunk(count=2, cores=2, ranks=2, gpus=2)],
            Arrangement.SCATTER,
        ),
        ("nodes=2 gpus=3", [Chunk(count=2, gpus=2)], Arrangement.SCATTER),
        ("nodes=2-3 ntasks=12 ntasks-per-node=4", [Chunk(count=3, cores=4, ranks=4)], Arrangement.SCATTER),
        ("nodes=2 ntasks=9 ntasks-per-node=3", [Chunk(count=3, cores=3, ranks=3)], Arrangement.SCATTER),
        ("nodes=1-9:4", [Chunk(max_count=9)], Arrangement.SCATTER),
        ("mincpus=6 nodes=2", [Chunk(count=2, cores=6)], Arrangement.SCATTER),
    ],
)
def test_words_make_chunks(text: str, chunks: list[Chunk], arrangement: Arrangement) -> None:
    shaped = made(text)
    assert list(shaped.chunks) == chunks
    assert shaped.arrangement is arrangement


@pytest.mark.parametrize(
    "text",
    [
        "nodes=2 ntasks=3 mem-per-cpu=1G",
        "nodes=2 ntasks=3 gpus-per-task=2",
        "nodes=3 ntasks=8 mem=2G cpus-per-task=2",
        "nodes=2-4 ntasks-per-node=4 gpus-per-node=2",
        "ntasks=8 cpus-per-task=3 mem-per-cpu=1G gpus-per-task=1",
    ],
)
def test_chunks_are_written_as_the_words_they_came_from(text: str) -> None:
    shaped = made(text)
    said, losses = words(shaped.chunks, shaped.arrangement, shaped.processes)
    assert not losses
    assert said == dict(part.split("=", 1) for part in text.split())
    assert reads_as(said, shaped, exclusive=False)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("nodes=4-2", "nodes"),
        ("nodes=1,9-3", "nodes"),
        ("gpus=9999999999", "gpus"),
        ("gres=gpu:1:2:3", "gres"),
        ("gres=gpu:x:y", "gres"),
        ("ntasks=0", "ntasks"),
        ("mem=1 mem-per-gpu=1", "mem-per-gpu"),
        ("ntasks-per-gpu=1 ntasks-per-node=1", "ntasks-per-gpu"),
    ],
)
def test_words_that_make_no_sense_are_named(text: str, option: str) -> None:
    with pytest.raises(Trouble) as caught:
        made(text)
    assert caught.value.option == option


def test_words_that_make_no_sense_are_not_read_as_anything() -> None:
    assert not reads_as({"nodes": "0"}, Shape(), exclusive=False)


@pytest.mark.parametrize(
    ("chunks", "more", "said"),
    [
        # Processes in all, as PJM says them.
        ([Chunk(count=2, cores=8)], {"processes": 8}, {"nodes": "2", "ntasks": "8", "cpus-per-task": "2"}),
        ([Chunk(cores=1), Chunk(cores=1)], {}, {"nodes": "2"}),
        ([Chunk(count=2, cores=2, threads=2)], {}, {"nodes": "2", "cpus-per-task": "2"}),
    ],
)
def test_chunks_of_other_flavours(chunks: list[Chunk], more: dict[str, Any], said: dict[str, str]) -> None:
    written, losses = words(chunks, Arrangement.SCATTER, more.get("processes", 0))
    assert not losses
    assert written == said


def test_processes_that_the_parts_do_not_have_are_told() -> None:
    said, losses = words([Chunk(count=2, ranks=2, cores=2)], Arrangement.SCATTER, 3)
    assert said["ntasks"] == "4"
    assert losses[0].what == "3 processes"
