import time
from pathlib import Path

import msgspec
import pytest

from headgate.engines.local import state
from headgate.engines.local.state import State


def boot(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(state, "boot_id", lambda: name)


def test_numbers_only_rise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    numbers: list[int] = []
    for clock in (5_000_000, 9_000_000, 1_000_000):
        monkeypatch.setattr(time, "time_ns", lambda clock=clock: clock * 1000)
        now = State(path)
        numbers += [now.number_report() for _ in range(3)]
    assert numbers == sorted(set(numbers))
    # Even the loss of the file leaves them rising, with the clock.
    monkeypatch.setattr(time, "time_ns", lambda: 10**19)
    path.unlink()
    assert State(path).number_report() > numbers[-1]


def test_more_numbers_are_reserved_before_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_BLOCK", 2)
    path = tmp_path / "state.json"
    now = State(path)
    for _ in range(7):
        number = now.number_report()
        assert msgspec.json.decode(path.read_bytes(), type=state.Record).ceiling > number


def test_in_the_first_boot_everything_is_certain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot(monkeypatch, "one")
    for _ in range(2):
        now = State(tmp_path / "state.json")
        now.looked_up([1, 5])
        now.submitted([6])
        assert now.certain(1)
        assert now.certain(5)


def test_after_a_restart_what_is_asked_for_before_the_first_submission_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    boot(monkeypatch, "one")
    State(path)
    boot(monkeypatch, "two")
    now = State(path)
    now.looked_up([3])
    now.looked_up([5, 4])
    assert not now.certain(5)
    # A shepherd that dies before anything was submitted has lost nothing.
    now = State(path)
    now.looked_up([5])
    now.submitted([7])
    for later in (now, State(path)):
        later.looked_up([6, 9])
        assert [later.certain(intent) for intent in (3, 5, 6, 9)] == [False, False, True, True]


def test_a_submission_before_any_question_makes_all_older_ones_uncertain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    boot(monkeypatch, "one")
    State(path)
    boot(monkeypatch, "two")
    now = State(path)
    now.submitted([8, 7])
    assert [now.certain(intent) for intent in (6, 7, 8)] == [False, True, True]
