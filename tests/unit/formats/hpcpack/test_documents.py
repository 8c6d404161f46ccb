"""formats/hpcpack/documents.py: spec hpcpack-model, section 12.2, task groups."""

import asyncio

import pytest

from headgate.core.errors import BadRequest, NotSupported
from headgate.core.model import TaskSpec
from headgate.core.vocabulary import Role
from headgate.formats.hpcpack import documents
from headgate.formats.hpcpack.documents import new_job, with_groups
from headgate.ports.identity import Caller
from headgate.scripts.jobxml import TaskDocument

ANN = Caller("ann", Role.USER, "ann")


def task(name: str = "", *follows: int, depends_on: tuple[str, ...] = ()) -> TaskDocument:
    return TaskDocument(spec=TaskSpec(name=name, depends_on=depends_on), follows=follows)


def waits(*tasks: TaskDocument) -> list[tuple[str, tuple[str, ...]]]:
    return [(spec.name, spec.depends_on) for spec in with_groups(tasks)]


def test_groups_become_depends_on() -> None:
    assert waits(task("a"), task("b", 1)) == [("a", ()), ("b", ("a",))]
    assert waits(task("a"), task("b"), task("c", 1, depends_on=("b",))) == [
        ("a", ()), ("b", ()), ("c", ("b", "a")),
    ]  # fmt: skip


def test_tasks_without_a_name_get_one_where_it_is_needed() -> None:
    assert waits(task(), task("task1"), task("", 1), task()) == [
        ("task1_", ()), ("task1", ()), ("task3", ("task1_",)), ("", ()),
    ]  # fmt: skip


def test_a_name_that_others_share_is_refused() -> None:
    with pytest.raises(NotSupported):
        waits(task("a"), task("a"), task("b", 1))
    assert waits(task("a"), task("a"), task("b", 1, 2))[2] == ("b", ("a",))


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_LINKS", 1)
    with pytest.raises(BadRequest):
        waits(task("a"), task("b"), task("c", 1, 2))


@pytest.mark.parametrize("blanks", [0, documents.LONG])
def test_a_document_becomes_a_job(blanks: int) -> None:
    text = (
        " " * blanks + "<Job Name='n' Priority='Highest'><EnvironmentVariables><Variable><Name>A</Name>"
        "<Value>1</Value></Variable></EnvironmentVariables><CustomProperties><Term><Name>k</Name>"
        "<Value>v</Value></Term></CustomProperties><Tasks><Task CommandLine='x'/></Tasks></Job>"
    )
    new = asyncio.run(new_job(ANN, text, 0))
    assert (new.spec.name, new.spec.priority) == ("n", 4000)
    assert (new.environment, new.custom) == ({"A": "1"}, {"k": "v"})
    assert [one.spec.command_line for one in new.tasks] == ["x"]


def test_a_document_without_a_job_is_a_job_of_defaults() -> None:
    assert asyncio.run(new_job(ANN, "<ArrayOfProperty/>", 0)).tasks == []
