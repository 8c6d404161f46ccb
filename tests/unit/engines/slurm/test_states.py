import pytest

from headgate.engines.slurm.states import STATES, Stage, end, meaning, split, waits_for
from headgate.ports.engine import Ending, Fault


@pytest.mark.parametrize("state", [name for name, one in STATES.items() if one.stage is Stage.OVER])
def test_every_state_that_is_over_has_an_ending(state: str) -> None:
    assert end(state, 0, 0, started=True).ending in Ending


@pytest.mark.parametrize("state", [name for name, one in STATES.items() if one.stage is not Stage.OVER])
def test_a_job_that_is_not_over_has_no_ending(state: str) -> None:
    with pytest.raises(ValueError, match=state):
        end(state, 0, 0, started=True)


def test_a_state_of_another_version_ends_nothing() -> None:
    assert meaning("EVAPORATED").stage is Stage.UNKNOWN


def test_endings_carry_code_or_signal() -> None:
    assert end("FAILED", 7, 0, started=True).exit_code == 7
    assert end("COMPLETED", 0, 0, started=True).exit_code == 0
    killed = end("FAILED", 0, 9, started=True)
    assert (killed.ending, killed.signal, killed.exit_code) == (Ending.SIGNALED, 9, None)


def test_out_of_memory_is_no_signal_125() -> None:
    assert end("OUT_OF_MEMORY", 0, 125, started=True).signal == 9


def test_what_was_cancelled_while_it_waited_never_ran() -> None:
    assert end("CANCELLED", 0, 0, started=False).ending is Ending.NEVER_STARTED
    assert end("CANCELLED", 0, 15, started=True).ending is Ending.STOPPED


def test_a_failed_node_may_be_tried_again_and_a_failure_without_status_may_not() -> None:
    assert end("NODE_FAIL", 0, 0, started=True).fault is Fault.REBOOT
    assert end("FAILED", 0, 0, started=True).fault is Fault.SUPERVISION


def test_a_wait_status_falls_into_code_and_signal() -> None:
    assert split(1792) == (7, 0)
    assert split(9) == (0, 9)


def test_what_a_job_waits_for_is_said_with_what_is_known_of_it() -> None:
    assert (waits_for("None"), waits_for("Resources")) == ("", "Slurm: Resources")
    assert waits_for("BadConstraints") == "Slurm: BadConstraints, no node can ever meet its constraints"


def test_a_limit_of_what_a_job_may_ask_for_is_explained_as_waiting_alone_does_not_end_it() -> None:
    for reason in ("AssocMaxWallDurationPerJobLimit", "QOSMaxCpuPerJobLimit", "QOSMaxMemoryPerNodeLimit"):
        assert "allows a job" in waits_for(reason)
    assert "its QOS" in waits_for("QOSMinCpuNotSatisfied")
    for reason in ("QOSMaxJobsPerUserLimit", "AssocGrpCpuLimit", "QOSMaxCpuPerUserLimit"):
        assert waits_for(reason) == f"Slurm: {reason}"
