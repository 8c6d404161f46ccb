"""A story for each test that asks for one, as in the dispatcher's tests."""

from tests.unit.dispatcher.conftest import story

__all__ = ["story"]
