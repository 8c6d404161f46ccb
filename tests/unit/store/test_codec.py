"""store/codec.py: what was written by an older or a newer model can be read."""

from headgate.core.model import Event, Job
from headgate.store.codec import EVENTS, JOBS, encode, folded


def test_several_are_read_from_one_text() -> None:
    made = [Event(1, 0, 0, (1, 2), 5, n) for n in range(3)]
    assert EVENTS.many(",".join(map(encode, made))) == made
    assert EVENTS.many(None) == []


def test_defaults_are_not_written_and_unknown_fields_not_read() -> None:
    assert encode(Job(id=3)) == '{"id":3}'
    assert JOBS.one('{"id":3,"a_field_of_a_later_version":[1]}') == Job(id=3)


def test_names_compare_folded() -> None:
    assert folded("Straße") == folded("STRASSE")
