"""Anything may arrive from a command: what comes of it is a value of ours or the documented error."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from headgate.engines.command.outcomes import Done, Flooded, Hung, NotRun, Outcome
from headgate.engines.slurm import indices
from headgate.engines.slurm.commands import sacct, sbatch, scancel, scontrol, sinfo, squeue
from headgate.engines.slurm.commands.answers import SlurmError
from headgate.ports.engine import Refused, Uncertain
from tests.compliance.slurm.record import NONCE, VERSIONS, load

PARSERS: dict[str, Callable[[Outcome], object]] = {
    "squeue": squeue.Squeue(NONCE).parse,
    "sacct": sacct.Sacct(NONCE).parse,
    "sinfo": sinfo.Sinfo(NONCE).parse,
    "partitions": scontrol.parse_partitions,
    "config": scontrol.parse_config,
    "ping": scontrol.parse_ping,
    "hold-unknown": scontrol.parse_change,
    "scancel-unknown": scancel.parse,
}
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Done, st.integers(-64, 255), st.binary(max_size=200), st.binary(max_size=200)),
    st.builds(Hung, st.just(5.0), st.binary(max_size=50), st.binary(max_size=50)),
    st.just(Flooded(10)),
    st.just(NotRun("no such command")),
)


@given(OUTCOMES)
def test_whatever_is_said_the_answer_is_ours_or_the_documented_error(outcome: Outcome) -> None:
    for parse in PARSERS.values():
        try:
            parse(outcome)
        except SlurmError:
            pass
    taken = sbatch.parse(outcome)
    assert isinstance(taken, sbatch.Submitted | Refused | Uncertain)
    if not isinstance(outcome, Done):
        assert isinstance(taken, Uncertain)


@given(st.sampled_from(sorted(PARSERS)), st.sampled_from(VERSIONS), st.data())
def test_a_recorded_answer_with_a_change_in_it_is_read_or_garbled(
    name: str, version: str, data: st.DataObject
) -> None:
    text = load(name, version).stdout
    at = data.draw(st.integers(0, len(text)))
    to = data.draw(st.integers(at, min(len(text), at + 40)))
    changed = text[:at] + data.draw(st.text(max_size=20)) + text[to:]
    try:
        PARSERS[name](Done(0, changed.encode("utf-8", "replace"), b""))
    except SlurmError:
        pass


@given(st.sets(st.integers(0, 5000), min_size=1))
def test_indices_are_read_as_they_were_written(numbers: set[int]) -> None:
    assert list(indices.indices(indices.text(list(numbers)))) == sorted(numbers)
