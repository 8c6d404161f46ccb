"""What holds for every test: its tier, by the folder it is in, and how hard hypothesis tries."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
TIERS = ("unit", "compliance", "property", "repo", "integration", "acceptance")

# `make check` runs few examples and always the same ones, so that it is quick and never fails by chance;
# `make test` looks further. No deadline per example in either: two busy cores prove nothing by being slow.
settings.register_profile("quick", max_examples=30, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "thorough",
    max_examples=250,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Thousands of tests are found and stay: what collects garbage shall not go through all of them every time.
gc.disable()

# A shell starts what runs in the background with SIGINT ignored, and processes of tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Opening an installation sets umask 077, for all tests that share its process."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier. One outside the tiers is refused: `make check` would pass it by."""
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        tier = item.path.relative_to(TESTS).parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.nodeid} is in none of the tiers {', '.join(TIERS)}")
        item.add_marker(tier)


def pytest_collection_finish() -> None:
    """From here on garbage is collected as ever, among what tests make."""
    gc.freeze()
    gc.enable()
