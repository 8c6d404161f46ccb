"""dialects/windowshpc/versions.py: spec windowshpc, section 1.2."""

import pytest

from headgate.dialects.windowshpc.versions import version


@pytest.mark.parametrize("said", ["2011-11", "2011-11-01", "2012-03-31.3.4", "2012-11-01.4.0", "2099-01-01"])
def test_versions_since_2008_r2_sp3_are_known(said: str) -> None:
    assert version(said, "", None).known
    assert version("", said, None).faults
    assert not version(said, "", "").faults


@pytest.mark.parametrize("said", ["", " ", "2011-10-31", "2010-01-01", "1"])
def test_no_version_and_older_ones_are_not(said: str) -> None:
    assert not version(said, "", None).known
    assert not version("", said, None).faults


def test_the_header_wins() -> None:
    assert version("2012-11-01", "2010-01-01", None).said == "2012-11-01"
    assert version("2010-01-01", "2012-11-01", None).said == "2010-01-01"
