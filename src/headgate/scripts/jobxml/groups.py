"""Task groups: the graph in `Dependencies`, resolved to which task waits for which, and back.

Spec hpcpack-model, section 12.2. The model has no groups: what is left of them are the numbers of the tasks
that a task follows (`TaskSpec.follows`). `Groups` is what a document says, `arrange` what to write.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headgate.core.errors import BadRequest

MOST_PAIRS = 100_000
"""Pairs of tasks of which one follows the other: two groups of 316 tasks each have that many."""


class Member(Struct, frozen=True):
    """A task: its group as written, its name, the names it depends on.

    alone: it has no group, whatever is written (6.1: NodePrep and NodeRelease; a Service task has no others).
    """

    group: str
    name: str
    depends_on: tuple[str, ...]
    alone: bool = False


class Groups:
    """The groups of a document. The first parent is the root: the group of tasks without a known one."""

    def __init__(self) -> None:
        self.root: str | None = None
        self._parents: dict[str, dict[str, None]] = {}

    def __contains__(self, group: str) -> bool:
        return group in self._parents

    def add(self, parent: str, child: str | None = None) -> None:
        """A parent, and a child whose tasks wait for those of the parent."""
        if self.root is None:
            self.root = parent
        self._parents.setdefault(parent, {})
        if child is not None:
            self._parents.setdefault(child, {})[parent] = None

    def follows(self, members: Sequence[Member]) -> list[tuple[int, ...]]:
        """For each task (they are numbered from 1), the tasks that its group makes it wait for.

        DependsOn is stronger than being in the root group for want of a GroupId: a task that such a task
        waits for does not wait for it. Without that, the published example (12.1) would wait for itself.
        Raises BadRequest where there are too many pairs.
        """
        if self.root is None:
            return [()] * len(members)
        group_of = [member.group if member.group in self._parents else self.root for member in members]
        tasks_of: dict[str, list[int]] = {}
        for number, group in enumerate(group_of, 1):
            if not members[number - 1].alone:
                tasks_of.setdefault(group, []).append(number)
        loose = {
            number
            for number in tasks_of.get(self.root, ())
            if members[number - 1].depends_on and members[number - 1].group not in self._parents
        }
        awaited = self._awaited(loose, members, group_of, tasks_of)
        firm = tasks_of | {self.root: [n for n in tasks_of.get(self.root, ()) if n not in loose]}
        known: dict[tuple[str, bool], tuple[int, ...]] = {}
        found: list[tuple[int, ...]] = []
        pairs = 0
        for number, group in enumerate(group_of, 1):
            if members[number - 1].alone:
                found.append(())
                continue
            key = (group, number in awaited)
            if key not in known:
                known[key] = self._before(group, firm if key[1] else tasks_of)
            pairs += len(known[key])
            if pairs > MOST_PAIRS:
                raise BadRequest(
                    f"The task groups make more than {MOST_PAIRS} pairs of tasks of which one waits for the "
                    "other: put a task between two large groups."
                )
            found.append(known[key])
        return found

    def _before(self, group: str, tasks_of: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
        """The tasks of a group's parents; a parent without tasks stands for its own parents."""
        found: list[int] = []
        open_ = list(self._parents[group])
        seen = set(open_)
        while open_:
            parent = open_.pop()
            tasks = tasks_of.get(parent)
            if tasks:
                found += tasks
                continue
            fresh = [other for other in self._parents[parent] if other not in seen]
            seen.update(fresh)
            open_ += fresh
        return tuple(sorted(found))

    def _awaited(
        self,
        loose: set[int],
        members: Sequence[Member],
        group_of: Sequence[str],
        tasks_of: Mapping[str, Sequence[int]],
    ) -> set[int]:
        """Every task that a loose one waits for, by names and the groups of those that are named."""
        by_name: dict[str, list[int]] = {}
        for number, member in enumerate(members, 1):
            if member.name:
                by_name.setdefault(member.name, []).append(number)
        found: set[int] = set()
        names = [name for number in loose for name in members[number - 1].depends_on]
        groups: list[str] = []
        seen_names, seen_groups = set(names), {self.root}
        while names or groups:
            tasks: Sequence[int]
            if names:
                tasks = by_name.get(names.pop(), ())
                parents = [parent for number in tasks for parent in self._parents[group_of[number - 1]]]
            else:
                group = groups.pop()
                tasks = tasks_of.get(group, ())
                parents = list(self._parents[group])
            found.update(tasks)
            for parent in parents:
                if parent not in seen_groups:
                    seen_groups.add(parent)
                    groups.append(parent)
            for name in (name for number in tasks for name in members[number - 1].depends_on):
                if name not in seen_names:
                    seen_names.add(name)
                    names.append(name)
        return found


# ---- and back

Arranged = tuple[Mapping[int, int], Sequence[tuple[int, Sequence[int]]]]
"""The group of each task that is not in the root; the groups with their children, the root first."""

ROOT = 1


def arrange(follows: Mapping[int, Sequence[int]]) -> Arranged:
    """Groups that say what tasks follow which. Two tasks share one if they follow and are followed alike."""
    followed_by: dict[int, list[int]] = {}
    for number, before in follows.items():
        for other in before:
            followed_by.setdefault(other, []).append(number)
    group_of: dict[int, int] = {}
    alike: dict[tuple[frozenset[int], frozenset[int]], int] = {}
    children: dict[int, dict[int, None]] = {ROOT: {}}
    related = sorted({number for number, before in follows.items() if before} | set(followed_by))
    for number in related:
        key = frozenset(follows.get(number, ())), frozenset(followed_by.get(number, ()))
        group_of[number] = alike.setdefault(key, ROOT + 1 + len(alike))
    for (awaited, _), group in alike.items():
        for parent in sorted({group_of[other] for other in awaited}):
            children.setdefault(parent, {})[group] = None
    return group_of, [(parent, tuple(below)) for parent, below in children.items()]
