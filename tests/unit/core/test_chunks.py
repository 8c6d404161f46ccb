"""core/chunks.py: what follows from chunks, and how parts are spread over nodes."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.chunks import (
    MIB,
    MOST_CHUNKS,
    Bin,
    said,
    shortage,
    spread,
    unknown_resources,
    with_units,
)
from headgate.core.model import Chunk, JobSpec, Node, TaskSpec
from headgate.core.vocabulary import Arrangement


def node(name: str, cores: int = 4, memory_mb: int = 8192, gpus: int = 0, *groups: str) -> Node:
    return Node(name=name, cores=cores, memory_mb=memory_mb, gpus=gpus, groups=groups)


def bins(*nodes: Node) -> list[Bin]:
    return [Bin(one, one.cores, one.memory_mb, one.gpus) for one in nodes]


def task(*chunks: Chunk, arrangement: Arrangement = Arrangement.FREE, **more: Any) -> TaskSpec:
    return TaskSpec(script=b"true", chunks=chunks, arrangement=arrangement, **more)


def places(found: Any) -> list[tuple[str, tuple[int, ...], int]] | None:
    return None if found is None else [(part.bin.node.name, part.parts, part.cores) for part in found]


TWO = bins(node("n1"), node("n2"))


@pytest.mark.parametrize(
    ("asked", "cores", "nodes"),
    [
        (task(), (1, 1), (1, 1)),
        (task(Chunk(count=2, cores=3)), (6, 6), (1, 2)),
        (task(Chunk(count=2, cores=3), arrangement=Arrangement.SCATTER), (6, 6), (2, 2)),
        (task(Chunk(count=2, cores=3), arrangement=Arrangement.PACK), (6, 6), (1, 1)),
        (task(Chunk(count=1, max_count=4, cores=2)), (2, 8), (1, 4)),
        (task(Chunk(count=3, cores=0)), (3, 3), (1, 3)),
        (task(Chunk(cores=1), Chunk(count=2, cores=4)), (9, 9), (1, 3)),
    ],
)
def test_the_pairs_follow_from_the_chunks(
    asked: TaskSpec, cores: tuple[int, int], nodes: tuple[int, int]
) -> None:
    made = with_units(asked)
    assert (made.min_cores, made.max_cores) == cores
    assert (made.min_nodes, made.max_nodes) == nodes


@pytest.mark.parametrize(
    ("asked", "there", "found"),
    [
        (task(Chunk(count=2, cores=2)), TWO, [("n1", (0, 0), 4)]),
        (task(Chunk(count=3, cores=2)), TWO, [("n1", (0, 0), 4), ("n2", (0,), 2)]),
        (task(Chunk(count=5, cores=2)), TWO, None),
        (task(Chunk(cores=5)), TWO, None),
        (
            task(Chunk(count=2, cores=1), arrangement=Arrangement.SCATTER),
            TWO,
            [("n1", (0,), 1), ("n2", (0,), 1)],
        ),
        (task(Chunk(count=3, cores=1), arrangement=Arrangement.SCATTER), TWO, None),
        (
            task(Chunk(count=2, cores=2), arrangement=Arrangement.PACK),
            bins(node("n1", 3), node("n2")),
            [("n2", (0, 0), 4)],
        ),
        (task(Chunk(count=3, cores=2), arrangement=Arrangement.PACK), TWO, None),
        # a whole node, beside a part of another; the whole one is sought first, the first chunk told first
        (task(Chunk(cores=1), Chunk(cores=0)), TWO, [("n2", (0,), 1), ("n1", (1,), 4)]),
        (task(Chunk(cores=0)), [Bin(node("n1"), 4, 8192, 0, empty=False)], None),
        (task(Chunk(cores=0)), [Bin(node("n1"), 3, 8192, 0)], None),
        (task(Chunk(count=2, cores=1, memory=5000 * MIB)), TWO, [("n1", (0,), 1), ("n2", (0,), 1)]),
        (task(Chunk(count=3, cores=1, memory=5000 * MIB)), TWO, None),
        (task(Chunk(cores=1, memory=8192 * MIB + 1)), TWO, None),
        (
            task(Chunk(count=2, cores=1, gpus=1)),
            bins(node("n1"), node("g1", 4, 8192, 2)),
            [("g1", (0, 0), 2)],
        ),
        (task(Chunk(cores=1, host="n2")), TWO, [("n2", (0,), 1)]),
        (task(Chunk(cores=1, host="N2.site.org")), TWO, None),
        (task(Chunk(cores=1, host="n2")), bins(node("n2.site.org")), [("n2.site.org", (0,), 1)]),
        (
            task(Chunk(cores=1, features=("Fast", "big"))),
            bins(node("n1", 4, 1, 0, "fast"), node("n2", 4, 1, 0, "fast", "big")),
            [("n2", (0,), 1)],
        ),
        # easy parts do not take the place of the one that only fits there
        (
            task(Chunk(count=4, cores=1), Chunk(cores=4, host="n1")),
            TWO,
            [("n2", (0,) * 4, 4), ("n1", (1,), 4)],
        ),
        (task(Chunk(count=1, max_count=3, cores=2)), TWO, [("n1", (0, 0), 4)]),
    ],
)
def test_parts_are_spread_over_nodes(
    asked: TaskSpec, there: list[Bin], found: list[tuple[str, tuple[int, ...], int]] | None
) -> None:
    assert places(spread(asked, there)) == found


def test_a_job_on_one_node_is_packed_and_each_required_node_gets_a_part() -> None:
    two = task(Chunk(count=2, cores=1))
    assert places(spread(two, TWO, required=("n2",))) == [("n1", (0,), 1), ("n2", (0,), 1)]
    assert places(spread(two, TWO, one_node=True)) == [("n1", (0, 0), 2)]
    assert spread(two, TWO, one_node=True, required=("n1", "n2")) is None
    assert spread(task(Chunk(cores=1)), TWO, required=("n1", "n2")) is None
    assert spread(two, TWO, required=("n3",)) is None


def test_more_than_the_minimum_is_given_only_as_far_as_it_may_be() -> None:
    elastic = task(Chunk(count=1, max_count=9, cores=1))
    assert [part.cores for part in spread(elastic, TWO, most_cores=2) or ()] == [2]
    assert [part.cores for part in spread(elastic, TWO, most_cores=0) or ()] == [1]


PARTS = st.builds(
    Chunk,
    count=st.integers(1, 4),
    max_count=st.integers(0, 6),
    cores=st.integers(0, 4),
    memory=st.integers(0, 3).map(lambda n: n * 2000 * MIB),
    gpus=st.integers(0, 1),
)
NODES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2)), min_size=1, max_size=4).map(
    lambda made: [node(f"n{at}", cores, 8192, gpus) for at, (cores, gpus) in enumerate(made)]
)


@given(st.lists(PARTS, min_size=1, max_size=3), NODES, st.sampled_from(Arrangement))
def test_nothing_is_promised_twice(chunks: list[Chunk], nodes: list[Node], how: Arrangement) -> None:
    found = spread(task(*chunks, arrangement=how), bins(*nodes))
    if found is None:
        return
    assert len({part.bin.node.name for part in found}) == len(found)
    for position, chunk in enumerate(chunks):
        count = sum(part.parts.count(position) for part in found)
        assert chunk.count <= count <= max(chunk.count, chunk.max_count)
    for part in found:
        mine = [chunks[position] for position in part.parts]
        there = part.bin.node
        assert sum(chunk.memory for chunk in mine) <= there.memory_mb * MIB
        assert sum(chunk.gpus for chunk in mine) <= there.gpus
        whole = [chunk for chunk in mine if not chunk.cores]
        assert part.cores == (there.cores if whole else sum(chunk.cores for chunk in mine)) <= there.cores
        assert not whole or len(mine) == 1
        assert how is not Arrangement.SCATTER or len(mine) == 1
    assert how is not Arrangement.PACK or len(found) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (task(Chunk(count=2, cores=9)), ("2 x (9 cores)", "no node that the job may use has all of it")),
        (task(Chunk(cores=1, features=("x",))), ("1 x (1 core, features x)", "no node")),
        (task(Chunk(count=3), arrangement=Arrangement.SCATTER), ("3 x (1 core)", "too few nodes")),
        (task(Chunk(count=5), arrangement=Arrangement.PACK), ("5 x (1 core)", "no single node")),
        (task(Chunk(ranks=100_001)), ("1 x (1 core)", "at most 100000 MPI processes")),
        (task(Chunk(count=9)), ("9 x (1 core)", "not large enough for all of it")),
        (task(*[Chunk()] * (MOST_CHUNKS + 1)), (f"number {MOST_CHUNKS + 1}", "at most")),
    ],
)
def test_what_can_never_be_had_is_told(asked: TaskSpec, words: tuple[str, str]) -> None:
    short = shortage(JobSpec(), asked, [node("n1"), node("n2")])
    assert short is not None
    assert short[0] == words[0]
    assert words[1] in short[1]


def test_a_single_node_job_is_short_where_no_node_holds_it() -> None:
    wide = task(Chunk(count=6))
    assert shortage(JobSpec(), wide, [node("n1"), node("n2")]) is None
    assert shortage(JobSpec(single_node=True), wide, [node("n1"), node("n2")]) is not None


def test_a_chunk_reads_as_what_it_asks_for() -> None:
    chunk = Chunk(count=2, cores=0, memory=MIB + 1, gpus=2, host="n1", features=("a", "b"))
    assert said(chunk) == "2 x (a whole node, 2 MiB, 2 GPUs, host n1, features a, b)"


def test_named_resources_of_a_site_are_listed() -> None:
    job = JobSpec(extra_resources={"matlab": "2"})
    assert unknown_resources(job, task(Chunk(extra={"fpga": ""}))) == {"matlab": "2", "fpga": ""}


def test_a_million_parts_cost_no_list_of_them() -> None:
    began = time.perf_counter()
    assert spread(task(Chunk(count=1_000_000)), bins(*[node(f"n{n}") for n in range(100)])) is None
    assert time.perf_counter() - began < 5
