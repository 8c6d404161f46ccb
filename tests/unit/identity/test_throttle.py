"""Failures are counted, forgiven, and bounded in memory."""

from headgate.identity.throttle import FORGIVEN_AFTER_S, FREE, LONGEST_WAIT_S, Throttle, waiting_time

ADA = ("ada", "192.0.2.1")
BOB = ("bob", "192.0.2.1")


def failed(throttle: Throttle, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        throttle.attempt(ADA, now)


def test_a_few_failures_cost_nothing() -> None:
    throttle = Throttle()
    failed(throttle, FREE - 1)
    assert throttle.wait(ADA, 0.0) == 0.0


def test_the_wait_doubles_up_to_a_minute_and_never_overflows() -> None:
    waits = [waiting_time(FREE + number) for number in range(8)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waiting_time(10**9) == LONGEST_WAIT_S


def test_the_wait_runs_down() -> None:
    throttle = Throttle()
    failed(throttle, FREE + 2)
    assert throttle.wait(ADA, 1.0) == 3.0
    assert throttle.wait(ADA, 4.0) == 0.0


def test_success_forgives_everything_and_so_does_time() -> None:
    throttle = Throttle()
    failed(throttle, 20)
    throttle.succeeded(ADA)
    assert throttle.wait(ADA, 0.0) == 0.0
    failed(throttle, 20)
    assert throttle.wait(ADA, FORGIVEN_AFTER_S) == 0.0
    assert len(throttle) == 0


def test_what_could_not_be_looked_at_does_not_count() -> None:
    throttle = Throttle()
    failed(throttle, FREE)
    throttle.undecided(ADA)
    assert throttle.wait(ADA, 0.0) == 0.0
    throttle.undecided(BOB)
    assert len(throttle) == 1


def test_others_are_not_concerned() -> None:
    throttle = Throttle()
    failed(throttle, 50)
    assert throttle.wait(BOB, 0.0) == 0.0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    throttle = Throttle(most=100)
    for number in range(1000):
        throttle.attempt((f"user{number}", "192.0.2.1"), 0.0)
    assert len(throttle) == 100
