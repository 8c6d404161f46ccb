"""engines/local/orphans.py: what an older worker would not understand is not said to it."""

import selectors
from pathlib import Path
from typing import Any, cast

import pytest

from headgate.engines.local.journal import Extend, Identity, Journal, Pen, Story, Taken
from headgate.engines.local.orphans import UNDERSTANDS_EXTEND, Orphan, Orphans
from headgate.engines.local.wire import VERSION
from headgate.ports.engine import Key


@pytest.mark.parametrize(("version", "told"), [(1, False), (UNDERSTANDS_EXTEND, True), (VERSION, True)])
def test_another_wall_time_is_told_only_to_who_understands_it(
    tmp_path: Path, version: int, told: bool
) -> None:
    journal = Journal(tmp_path, "one", create=True)
    story = Story(Taken(intent=4, tag="t", instance=2, lane=1, at=0, ticks=0))
    orphan = Orphan(journal, Identity(pid=1, start=0, boot="b", uid=0, version=version), story, -1)
    orphans = Orphans(tmp_path, cast(Any, None), selectors.DefaultSelector(), cast(Any, None))
    orphans.allow(orphan, 12.5)
    expected = [Extend(key=Key(4, 2), wall_time_s=12.5)] if told else []
    assert Pen(journal.fd, journal.orders_fd).orders() == expected
    journal.remove()


def test_a_journal_of_an_older_version_is_read_as_such() -> None:
    from headgate.engines.local.journal import _decode_fact

    old = _decode_fact(b'{"type":"Identity","pid":5,"start":6,"boot":"b","uid":7}')
    assert isinstance(old, Identity)
    assert old.version == 1
