"""How many mails are sent."""

from headgate.notify.limits import Overall, PerUser


def test_each_user_has_an_hourly_number() -> None:
    limit = PerUser(2)
    assert [limit.take("ada", at) for at in (0.0, 1.0, 2.0)] == [True, True, False]
    assert limit.take("BOB", 2.0)
    assert not limit.take("Ada", 3599.0)
    assert limit.take("ada", 3600.0)
    assert [limit.tell("ada", at) for at in (0.0, 10.0, 3600.0)] == [True, False, True]
    limit.forget(8000.0)
    assert [limit.take("bob", 8000.0) for _ in range(3)] == [True, True, False]


def test_all_together_have_a_number_a_minute_and_wait_for_it() -> None:
    limit = Overall(2)
    for at in (0.0, 10.0):
        assert limit.wait(at) == 0
        limit.take(at)
    assert limit.wait(20.0) == 40.0
    assert limit.wait(60.0) == 0
