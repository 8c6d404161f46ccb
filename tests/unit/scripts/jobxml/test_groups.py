"""scripts/jobxml/groups.py: spec hpcpack-model, section 12.2, "Dependencies"."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.scripts.jobxml.groups import ROOT, Groups, Member, arrange


def graph(*edges: tuple[str, str | None]) -> Groups:
    groups = Groups()
    for parent, child in edges:
        groups.add(parent, child)
    return groups


def task(group: str = "", name: str = "", *depends_on: str) -> Member:
    return Member(group, name, depends_on)


def test_a_child_waits_for_all_tasks_of_its_parent() -> None:
    groups = graph(("1", "2"))
    assert groups.follows([task("1"), task("1"), task("2"), task("2")]) == [(), (), (1, 2), (1, 2)]


def test_the_first_parent_is_the_root_where_tasks_without_a_known_group_are() -> None:
    groups = graph(("7", "2"), ("2", "3"))
    assert groups.root == "7"
    assert groups.follows([task(), task("9"), task("2"), task("3")]) == [(), (), (1, 2), (3,)]


def test_a_child_of_two_parents_waits_for_both_and_not_for_their_parents() -> None:
    groups = graph(("1", "2"), ("1", "3"), ("2", "4"), ("3", "4"))
    assert groups.follows([task("1"), task("2"), task("3"), task("4")]) == [(), (1,), (1,), (2, 3)]


def test_a_group_without_tasks_is_over_when_its_parents_are() -> None:
    groups = graph(("1", "2"), ("2", "3"), ("3", "4"))
    assert groups.follows([task("1"), task("4")]) == [(), (1,)]


def test_without_dependencies_groups_mean_nothing() -> None:
    assert Groups().follows([task("1"), task("2")]) == [(), ()]


def test_a_parent_without_children_is_a_group_all_the_same() -> None:
    groups = graph(("1", None), ("2", "3"))
    assert groups.follows([task("2"), task(), task("3")]) == [(), (), (1,)]


def test_depends_on_is_stronger_than_being_in_the_root_for_want_of_a_group() -> None:
    """The published example (12.1): s names a, is in the root, and a is in a child of the root."""
    groups = graph(("1", "2"))
    assert groups.follows([task("2", "a"), task("", "s", "a")]) == [(), ()]


def test_that_holds_along_names_and_groups() -> None:
    """s waits for c by name and c for b by group, so b does not wait for s. d, not awaited, does."""
    groups = graph(("1", "2"), ("2", "3"), ("1", "4"))
    members = [task("", "s", "c"), task("2", "b"), task("3", "c"), task("4", "d"), task("", "r")]
    assert groups.follows(members) == [(), (5,), (2,), (1, 5), ()]


def test_that_holds_along_names() -> None:
    """s waits for b and b for a by name; so neither waits for s, though both are in a child of its group."""
    groups = graph(("1", "2"))
    members = [task("", "s", "b"), task("2", "b", "a"), task("2", "a"), task("", "r"), task("2", "c")]
    assert groups.follows(members) == [(), (4,), (4,), (), (1, 4)]


def test_a_task_that_says_the_root_is_its_group_is_taken_at_its_word() -> None:
    """Then the document contradicts itself, which validation finds."""
    groups = graph(("1", "2"))
    assert groups.follows([task("2", "a"), task("1", "s", "a")]) == [(2,), ()]


def test_circles_of_groups_end() -> None:
    groups = graph(("1", "2"), ("2", "1"), ("3", "3"), ("1", "3"))
    assert groups.follows([task("1"), task("2"), task("3")]) == [(2,), (1,), (1, 3)]
    empty = graph(("1", "2"), ("2", "3"), ("3", "2"), ("3", "4"))
    assert empty.follows([task("4")]) == [()]


def test_more_pairs_than_can_be_kept_are_refused_at_once() -> None:
    groups = graph(("1", "2"))
    members = [task("1")] * 50_000 + [task("2")] * 50_000
    begun = time.process_time()
    with pytest.raises(BadRequest, match="100000 pairs"):
        groups.follows(members)
    assert time.process_time() - begun < 1


def test_a_thousand_groups_in_a_row_are_resolved_at_once() -> None:
    groups = graph(*((str(number), str(number + 1)) for number in range(1, 50_000)))
    begun = time.process_time()
    assert groups.follows([task("1"), task("50000")]) == [(), (1,)]
    assert time.process_time() - begun < 1


# ---- and back


def test_tasks_that_follow_and_are_followed_alike_share_a_group() -> None:
    group_of, groups = arrange({3: (1, 2), 4: (1, 2), 5: (3,)})
    assert group_of == {1: 2, 2: 2, 3: 3, 4: 4, 5: 5}
    assert groups == [(ROOT, ()), (2, (3, 4)), (3, (5,))]


def test_where_nothing_follows_there_is_the_root_alone() -> None:
    assert arrange({}) == ({}, [(ROOT, ())])


FOLLOWS = st.dictionaries(
    st.integers(1, 8),
    st.lists(st.integers(1, 8), unique=True, max_size=5).map(lambda them: tuple(sorted(them))),
)


@given(FOLLOWS)
def test_what_was_arranged_is_resolved_to_what_it_was(follows: dict[int, tuple[int, ...]]) -> None:
    """Whatever follows what, circles included."""
    group_of, arranged = arrange(follows)
    groups = Groups()
    for parent, children in arranged:
        groups.add(str(parent))
        for child in children:
            groups.add(str(parent), str(child))
    members = [task(str(group_of.get(number, ROOT)), f"t{number}", "t1") for number in range(1, 9)]
    assert groups.follows(members) == [follows.get(number, ()) for number in range(1, 9)]
