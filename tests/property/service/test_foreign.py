"""Laws of arrays of others, whatever of them is seen, forgotten and put back, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.states import FINAL_JOB_STATES
from headgate.ports.engine import ForeignElements, ForeignJob, ForeignStage
from headgate.service.foreign import conclude, record
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.story import Story

STATES = ("waiting", "running", "finished", "failed", "canceled", "")
"""Of one element; empty: the engine has forgotten it."""
LOOKS = st.lists(st.lists(st.sampled_from(STATES), min_size=6, max_size=6), min_size=1, max_size=8)


def look(states: list[str]) -> ForeignJob | None:
    """What is seen of an array whose elements are in these states; None: nothing."""
    kinds = {
        kind: frozenset(index for index, state in enumerate(states) if state == kind)
        for kind in STATES
        if kind
    }
    elements = ForeignElements(**kinds)
    if not any(states):
        return None
    stage = ForeignStage.RUNNING if elements.waiting or elements.running else ForeignStage.OVER
    return ForeignJob(
        cluster="c", native="1", account="ann", submitted=1, stage=stage, started=2, elements=elements
    )


@given(LOOKS)
async def test_each_element_counts_once_and_a_look_twice_is_a_look(looks: list[list[str]]) -> None:
    story = Story()
    known: set[int] = set()
    for states in looks:
        seen = look(states)
        if seen is None:
            continue
        known |= {index for index, state in enumerate(states) if state}
        kept = await story.store.write(lambda tx: record(tx, "slurm", [seen]))  # noqa: B023 - awaited at once
        job = story.the_job(kept["c/1"].job_id)
        events = len(story.events())
        again = await story.store.write(lambda tx: record(tx, "slurm", [seen]))  # noqa: B023 - awaited at once
        assert (again, story.the_job(job.id), len(story.events())) == (kept, job, events)
        task = story.the_task(job.id)
        assert task.instance_count == job.runs == len(known)
        for name in ("finished", "failed", "canceled"):
            assert getattr(task, name) >= states.count(name)
        assert kept["c/1"].open == (job.state not in FINAL_JOB_STATES)
        audit(story)
    await story.store.write(lambda tx: conclude(tx, ["c/1"], {}))
    for job in story.store.peek(lambda reader: reader.jobs([1])):
        assert job.state in FINAL_JOB_STATES
        assert job.ended_runs == job.runs
    audit(story)
    story.store.shut()
