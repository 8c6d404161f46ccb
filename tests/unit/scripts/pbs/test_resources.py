"""scripts/pbs/resources.py: spec pbs, section 3."""

import pytest

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.vocabulary import Arrangement, Sharing
from headgate.scripts.pbs.resources import (
    MOST_SLOTS,
    PLACE,
    Place,
    Totals,
    inexpressible,
    pair,
    place_text,
    read_place,
    read_select,
    resource_list,
    select_text,
    totals,
)
from headgate.scripts.pbs.words import IllegalValue

GB = 1 << 30


def select(text: str) -> tuple[Chunk, ...]:
    return read_select(text, lambda _: None)


@pytest.mark.parametrize(
    ("text", "chunks", "written"),
    [
        ("1", (Chunk(),), "1:ncpus=1"),
        ("2:ncpus=8", (Chunk(count=2, cores=8),), "2:ncpus=8"),
        ("ncpus=4:mem=4gb", (Chunk(cores=4, memory=4 * GB),), "1:ncpus=4:mem=4gb"),
        (
            "2:NCPUS=8:mpiprocs=4:ompthreads=2:ngpus=1",
            (Chunk(count=2, cores=8, ranks=4, threads=2, gpus=1),),
            "2:ncpus=8:mpiprocs=4:ompthreads=2:ngpus=1",
        ),
        ("1:host=n1+3:bigmem=true", (Chunk(host="n1"), Chunk(count=3, features=("bigmem",))), None),
        ("1:fast=False", (Chunk(extra={"fast": "False"}),), "1:ncpus=1:fast=False"),
        ("1:model='a:b+c'", (Chunk(extra={"model": "a:b+c"}),), '1:ncpus=1:model="a:b+c"'),
        ("1:vmem=2048mb:arch=linux", (Chunk(extra={"vmem": "2gb", "arch": "linux"}),), None),
        ("2:ncpus=1:compute_node=tbd", (Chunk(count=2, extra={"compute_node": "tbd"}),), None),
        ("1:ht_support=true", (Chunk(extra={"ht_support": "true"}),), None),
        ("1:ncpus=0:mpiprocs=0:ompthreads=0:ngpus=0", (Chunk(),), "1:ncpus=1"),
    ],
)
def test_chunks_are_read_and_written(text: str, chunks: tuple[Chunk, ...], written: str | None) -> None:
    assert select(text) == chunks
    assert written is None or select_text(chunks) == written
    assert select(select_text(chunks)) == chunks


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("1:", "empty"),
        ("0:ncpus=1", "'0'"),
        ("two:ncpus=1", "'two'"),
        ("2:ncpus", "'ncpus'"),
        ("2:ncpus=", "'ncpus='"),
        ("2:ncpus=x", "ncpus: 'x'"),
        ("2:mem=1.5gb", "mem: '1.5gb'"),
        ("2:ncpus=1:ncpus=2", "twice"),
        ("1:walltime=10", "walltime is of the job"),
        ("1:ncpu=4", "ncpus is meant"),
        ("1:gpus=4", "ngpus is meant"),
        ("1+", "''"),
        ("1:a b=1", "'a b'"),
        ("1:1a=1", "'1a'"),
        ("1:a='b", "never closed"),
        ("1000000+1", "more than"),
        ("2:mpiprocs=4097", "more than 4096"),
        ("500:mpiprocs=2001", "more than 1000000"),
    ],
)
def test_other_chunks_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(IllegalValue) as refused:
        select(text)
    assert named in refused.value.text


def test_a_resource_of_the_site_or_one_that_nothing_looks_at_is_told() -> None:
    told: list[str] = []
    read_select("1:rack=7:vmem=1gb:fast=true:ncpus=0", told.append)
    assert [text.split()[0] for text in told] == ["rack", "vmem", "ncpus=0"]


def test_so_many_slots_and_no_more() -> None:
    assert totals(select(f"{MOST_SLOTS}:ncpus=1")).nodect == MOST_SLOTS


@pytest.mark.parametrize(
    ("chunk", "unsaid"),
    [
        (Chunk(features=("a&b", "fast")), ("a&b",)),
        (Chunk(features=("ncpus",)), ("ncpus",)),
        (Chunk(features=("gpus",)), ("gpus",)),
        (Chunk(extra={"gres/x": "1", "y": ""}), ("gres/x=1", "y=")),
        (Chunk(extra={"mem": "1", "walltime": "2"}), ("mem=1", "walltime=2")),
        (Chunk(host="a\nb"), ("host a\nb",)),
        (Chunk(host="n1", features=("fast",), extra={"vmem": "1gb"}), ()),
    ],
)
def test_what_a_chunk_can_not_say_is_known_and_left_out(chunk: Chunk, unsaid: tuple[str, ...]) -> None:
    assert inexpressible(chunk) == unsaid
    select(select_text([chunk]))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("free", Place()),
        ("pack", Place(Arrangement.PACK)),
        ("scatter", Place(Arrangement.SCATTER)),
        ("vscatter", Place(Arrangement.SCATTER, plain=False)),
        ("excl", Place(sharing=Sharing.EXCLUSIVE)),
        ("scatter:shared", Place(Arrangement.SCATTER, Sharing.SHARED)),
        ("scatter:share", Place(Arrangement.SCATTER, Sharing.SHARED)),
        ("pack:exclhost", Place(Arrangement.PACK, Sharing.EXCLUSIVE, plain=False)),
        ("scatter:excl:group=rack", Place(Arrangement.SCATTER, Sharing.EXCLUSIVE, plain=False)),
    ],
)
def test_places_are_read_and_written(text: str, place: Place) -> None:
    assert read_place(text) == place
    kept = {} if place.plain else {PLACE: text}
    written = place_text(kept, place.arrangement, place.sharing)
    assert read_place(written) == place
    assert place.plain or written == text


def test_a_kept_place_that_no_longer_holds_is_not_written() -> None:
    for kept in ("vscatter", "nonsense", "pack"):
        assert place_text({PLACE: kept}, Arrangement.PACK, Sharing.DEFAULT) == "pack"


@pytest.mark.parametrize(
    "text", ["", "everywhere", "pack:pack", "excl:shared", "free:group=", "free:group=a=b"]
)
def test_other_places_are_refused(text: str) -> None:
    with pytest.raises(IllegalValue, match="place="):
        read_place(text)


def test_totals_are_sums_over_the_chunks() -> None:
    chunks = select("2:ncpus=8:mpiprocs=4:mem=1gb:ngpus=1+1:ncpus=1:mem=512mb")
    assert totals(chunks) == Totals(ncpus=17, nodect=3, mem=2 * GB + GB // 2, mpiprocs=8, ngpus=2)
    assert totals(()) == Totals()


def test_a_listing_shows_requests_and_totals_typed() -> None:
    job = JobSpec(
        runtime_s=3600, extra_resources={"instance_type": "c5.xlarge"}, options={"Resource_List.nice": "5"}
    )
    task = TaskSpec(
        chunks=select("2:ncpus=8:mpiprocs=4:mem=1gb:ngpus=1"),
        arrangement=Arrangement.SCATTER,
        limits={"cpu": 60, "as": GB, "core": 0},
    )
    assert resource_list(job, task) == {
        "instance_type": "c5.xlarge",
        "mem": "2gb",
        "mpiprocs": 8,
        "ncpus": 16,
        "ngpus": 2,
        "nice": 5,
        "nodect": 2,
        "pcput": "00:01:00",
        "place": "scatter",
        "pvmem": "1gb",
        "select": "2:ncpus=8:mem=1gb:mpiprocs=4:ngpus=1",
        "walltime": "01:00:00",
    }


def test_a_listing_of_a_job_without_chunks_counts_its_cores() -> None:
    shown = resource_list(JobSpec(min_cores=2), TaskSpec(min_cores=4))
    assert (shown["select"], shown["ncpus"], shown["nodect"]) == ("4:ncpus=1", 4, 4)


def test_the_names_of_pbs_come_in_any_case_and_those_of_a_site_as_they_are() -> None:
    assert pair("WallTime=1") == ("walltime", "1")
    assert pair("Rack=A") == ("Rack", "A")
