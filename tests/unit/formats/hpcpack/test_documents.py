"""formats/hpcpack/documents.py: spec hpcpack-model, section 12.2."""

import asyncio

import pytest

from headgate.core.properties import JOB
from headgate.core.vocabulary import Role
from headgate.formats.hpcpack import documents
from headgate.formats.hpcpack.documents import new_job
from headgate.ports.identity import Caller

ANN = Caller("ann", Role.USER, "ann")


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
