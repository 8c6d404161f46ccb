"""scripts/pbs/dependencies.py: spec pbs, section 10."""

from typing import Any

import pytest

from headgate.core.model import JobDependency, JobSpec
from headgate.core.vocabulary import DependencyCondition as When
from headgate.scripts.pbs.dependencies import depend_text, read_depend
from headgate.scripts.pbs.words import MOST_OPTIONS, IllegalValue


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("after:1", {"depends_on": (JobDependency(1, When.STARTED),), "drop_when_hopeless": True}),
        ("afterok:1", {"depends_on": (JobDependency(1, When.SUCCEEDED),), "drop_when_hopeless": True}),
        ("afternotok:1", {"depends_on": (JobDependency(1, When.FAILED),), "drop_when_hopeless": True}),
        ("afterany:1", {"depends_on": (JobDependency(1, When.ENDED),), "drop_when_hopeless": True}),
        ("before:2", {"precedes": (JobDependency(2, When.STARTED),)}),
        ("beforeok:2", {"precedes": (JobDependency(2, When.SUCCEEDED),)}),
        ("beforenotok:2", {"precedes": (JobDependency(2, When.FAILED),)}),
        ("beforeany:2", {"precedes": (JobDependency(2, When.ENDED),)}),
        ("on:3", {"awaits": 3, "drop_when_hopeless": True}),
        ("runone:4:5", {"rivals": (4, 5)}),
    ],
)
def test_every_type_is_read_and_written(text: str, fields: dict[str, Any]) -> None:
    assert read_depend(text) == fields
    assert depend_text(JobSpec(**fields)) == text


def test_several_types_and_jobs_are_joined() -> None:
    fields = read_depend("afterok:1:2, afterany:3,afterok:1,on:2")
    assert depend_text(JobSpec(**fields)) == "afterok:1:2,afterany:3,on:2"
    assert depend_text(JobSpec()) == ""


@pytest.mark.parametrize("name", ["812", "812.head1", "812.head1.example.org@head1", "812[]", "812[].head1"])
def test_an_id_counts_without_its_server(name: str) -> None:
    assert read_depend(f"afterok:{name}")["depends_on"] == (JobDependency(812),)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("afterok", "afterok needs the id"),
        ("afterok:", "afterok needs the id"),
        ("on:", "on needs a count"),
        ("on:0", "'0'"),
        ("on:x", "'x'"),
        ("aftercorr:1", "'aftercorr'"),
        ("syncwith:1", "syncwith is not supported"),
        ("synccount:1", "synccount is not supported"),
        ("afterok:one", "'one'"),
        ("afterok:0", "'0'"),
        ("afterok:1::2", "''"),
        ("afterok:812[3]", "whole of it"),
        ("afterok:1,", "''"),
        ("afterok" + ":1" * (MOST_OPTIONS + 1), "more than"),
    ],
)
def test_other_dependencies_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(IllegalValue) as refused:
        read_depend(text)
    assert named in refused.value.text


def test_a_condition_that_pbs_lacks_is_written_as_the_nearest() -> None:
    assert depend_text(JobSpec(depends_on=(JobDependency(1, When.CORRESPONDS),))) == "afterok:1"
