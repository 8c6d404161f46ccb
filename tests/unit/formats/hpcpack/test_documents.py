"""formats/hpcpack/documents.py: spec hpcpack-model, section 12.2."""

import asyncio

import pytest

from headgate.core.properties import JOB
from headgate.formats.hpcpack import documents
from headgate.formats.hpcpack.documents import new_job


@pytest.mark.parametrize("blanks", [0, documents.LONG])
def test_a_document_becomes_a_job(blanks: int) -> None:
    text = (
        " " * blanks + "<Job Name='n' Priority='Highest'><EnvironmentVariables><Variable><Name>A</Name>"
        "<Value>1</Value></Variable></EnvironmentVariables><CustomProperties><Term><Name>k</Name>"
        "<Value>v</Value></Term></CustomProperties><Tasks><Task CommandLine='x'/></Tasks></Job>"
    )
    new = asyncio.run(new_job(text, 0))
    assert new.changes == {JOB["Name"]: "n", JOB["ExpandedPriority"]: 4000}
    assert (new.environment, new.custom) == ({"A": "1"}, {"k": "v"})
    assert [one.spec.command_line for one in new.tasks] == ["x"]


def test_a_document_without_a_job_is_a_job_of_defaults() -> None:
    assert asyncio.run(new_job("<ArrayOfProperty/>", 0)).tasks == []


def test_groups_reach_the_tasks() -> None:
    text = (
        "<Job><Dependencies><Parent GroupId='1'><Child GroupId='2'/></Parent></Dependencies><Tasks>"
        "<Task CommandLine='x' GroupId='1'/><Task CommandLine='y' GroupId='2'/></Tasks></Job>"
    )
    new = asyncio.run(new_job(text, 0))
    assert [one.spec.follows for one in new.tasks] == [(), (1,)]


def test_what_a_document_says_in_vain_is_a_warning_of_the_job() -> None:
    new = asyncio.run(new_job("<Job Progress='5' HoldUntil='1/1/1970 12:00:00 AM' Owner='x'/>", 1))
    assert len(new.warnings) == 1
    assert "HoldUntil has passed and is ignored" in new.warnings[0]
