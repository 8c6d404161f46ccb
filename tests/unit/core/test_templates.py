"""Templates as values: what they fill in, what they refuse, and which of them contradict themselves."""

from typing import Any

import pytest

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import Job, JobSpec, Template, TemplateItem
from headgate.core.properties import JOB, apply_job
from headgate.core.templates import (
    PLAIN,
    TEMPLATED,
    check_complete,
    check_job,
    check_template,
    filled,
    notes,
    reset,
)

NOW = 1_700_000_000_000_000


def template(name: str = "night", /, **items: TemplateItem) -> Template:
    return Template(name=name, items=items)


def made(given: Template, changes: dict[Any, object] | None = None, job: Job | None = None) -> JobSpec:
    start = job or Job()
    return apply_job(start, filled(given, start, changes or {}), NOW).spec


def refusal(given: Template, **spec: Any) -> BadProperty:
    with pytest.raises(BadProperty) as refused:
        check_complete(given, Job(spec=JobSpec(**spec)))
    return refused.value


# ---- filling in


def test_what_a_job_leaves_unsaid_is_as_its_template_says() -> None:
    spec = made(
        template(
            Priority=TemplateItem(default="1500"),
            RuntimeSeconds=TemplateItem(default="60"),
            NodeGroups=TemplateItem(default="A,B"),
            IsExclusive=TemplateItem(default="True"),
            UnitType=TemplateItem(default="Gpu"),
        )
    )
    assert (spec.priority, spec.runtime_s, spec.node_groups, spec.exclusive) == (1500, 60, ("A", "B"), True)
    assert spec.unit_type.name == "GPU"


@pytest.mark.parametrize("said", [{JOB["Priority"]: 2}, {JOB["ExpandedPriority"]: 2000}])
def test_what_a_job_says_wins_even_where_it_is_the_plain_default(said: dict[Any, object]) -> None:
    spec = made(template(Priority=TemplateItem(default="1500")), said)
    assert spec.priority == 2000
    spec = made(template(IsExclusive=TemplateItem(default="True")), {JOB["IsExclusive"]: False})
    assert not spec.exclusive


def test_a_property_set_to_nothing_is_unsaid() -> None:
    given = template(Priority=TemplateItem(default="1500"), RuntimeSeconds=TemplateItem(default="60"))
    assert made(given, {JOB["Priority"]: None, JOB["RuntimeSeconds"]: None}).priority == 1500
    again = reset(given, {JOB["Priority"]: None, JOB["Name"]: None, JOB["RuntimeSeconds"]: 5})
    assert again == {JOB["ExpandedPriority"]: 1500, JOB["Name"]: None, JOB["RuntimeSeconds"]: 5}


def test_another_template_changes_what_nobody_said() -> None:
    """What the first one filled in goes, what the user said stays."""
    day = template("day", RuntimeSeconds=TemplateItem(default="60"), Project=TemplateItem(default="d"))
    night = template("night", Project=TemplateItem(default="n"), Priority=TemplateItem(default="0"))
    start = Job(spec=JobSpec(runtime_s=60, project="mine"))
    spec = apply_job(start, filled(night, start, {}, day), NOW).spec
    assert (spec.runtime_s, spec.project, spec.priority) == (None, "mine", 0)


# ---- checking a job


@pytest.mark.parametrize(
    ("item", "spec", "code", "parameters"),
    [
        (("Priority", TemplateItem(high=3000)), {"priority": 3001}, "TooLarge", ("Priority", "3000")),
        (("Priority", TemplateItem(low=1000)), {"priority": 999}, "TooSmall", ("Priority", "1000")),
        (("RuntimeSeconds", TemplateItem(high=60)), {}, "TooLarge", ("RuntimeSeconds", "60")),
        (("RuntimeSeconds", TemplateItem(low=60)), {"runtime_s": 5}, "TooSmall", ("RuntimeSeconds", "60")),
        (("Project", TemplateItem(allowed=("a", "b"))), {"project": "c"}, "Invalid", ("Project",)),
        (("Project", TemplateItem(allowed=("a", "b"))), {}, "Invalid", ("Project",)),
        (("UnitType", TemplateItem(allowed=("Socket",))), {"unit_type": 3}, "Invalid", ("UnitType",)),
        (
            ("NodeGroups", TemplateItem(allowed=("a", "b"))),
            {"node_groups": ("a", "c")},
            "Invalid",
            ("NodeGroups",),
        ),
        (("NodeGroups", TemplateItem(allowed=("a",))), {"node_groups": ()}, "Invalid", ("NodeGroups",)),
        (("IsExclusive", TemplateItem(allowed=("False",))), {"exclusive": True}, "Invalid", ("IsExclusive",)),
        (
            ("NodeGroups", TemplateItem(required_values=("gpu",))),
            {"node_groups": ("a",)},
            "RequiredValueMissing",
            ("NodeGroups", "gpu"),
        ),
    ],
)
def test_a_job_outside_its_template_is_told_which_value_and_why(
    item: tuple[str, TemplateItem], spec: dict[str, Any], code: str, parameters: tuple[str, ...]
) -> None:
    code = code if code.startswith("Required") else f"Value{code}"
    refused = refusal(template(**{item[0]: item[1]}), **spec)
    assert (refused.code, refused.parameters) == (f"Operation_JobTemplate{code}", parameters)
    assert refused.text.startswith(f"The job template night does not allow this: {item[0]} ")


@pytest.mark.parametrize(
    ("item", "spec"),
    [
        (("Priority", TemplateItem(low=1000, high=3000)), {"priority": 3000}),
        (("RuntimeSeconds", TemplateItem(low=60)), {}),
        (("Project", TemplateItem(allowed=("Alpha", ""))), {"project": "ALPHA"}),
        (("Project", TemplateItem(allowed=("Alpha", ""))), {}),
        (("NodeGroups", TemplateItem(required_values=("gpu",))), {"node_groups": ("a", "GPU")}),
        (("Project", TemplateItem(required=True)), {"project": "p"}),
    ],
)
def test_a_job_inside_its_template_is_let_through(
    item: tuple[str, TemplateItem], spec: dict[str, Any]
) -> None:
    check_complete(template(**{item[0]: item[1]}), Job(spec=JobSpec(**spec)))


def test_what_is_required_may_come_as_late_as_the_submission() -> None:
    given = template(Project=TemplateItem(required=True, allowed=("a",)))
    check_job(given, Job(), {"Project"})
    refused = refusal(given)
    assert (refused.code, refused.parameters) == ("Validation_RequiredPropertyNotSet", ("Project",))


# ---- checking a template


@pytest.mark.parametrize(
    ("name", "item", "said"),
    [
        ("Name", TemplateItem(default="x"), "a template can speak of"),
        ("Nonsense", TemplateItem(), "a template can speak of"),
        ("Project", TemplateItem(low=1), "min: only a number"),
        ("Priority", TemplateItem(low=2, high=1, default="1"), "min: 2 is greater than max, 1"),
        ("Priority", TemplateItem(required=True), "required: this property always has a value"),
        ("Project", TemplateItem(required_values=("a",)), "required_values: only a list"),
        ("NodeGroups", TemplateItem(allowed=("a,b",), default="a"), "allowed: "),
        ("UnitType", TemplateItem(allowed=("Cores",)), "allowed: "),
        ("Project", TemplateItem(allowed=()), "allowed: no value"),
        ("Priority", TemplateItem(default="4001"), "default: "),
        ("RuntimeSeconds", TemplateItem(default="x"), "default: "),
        ("Priority", TemplateItem(default="3001", high=3000), "default: Priority 3001 is more than 3000"),
        ("Priority", TemplateItem(high=1000), "a job that says nothing would not fit: Priority 2000"),
        ("RuntimeSeconds", TemplateItem(high=60), "or required = true"),
        ("NodeGroups", TemplateItem(default="a", required_values=("b",)), "default: NodeGroups lacks 'b'"),
        ("MinCores", TemplateItem(default="4"), "greater than the default 1 of MaxCores"),
    ],
)
def test_a_template_that_contradicts_itself_is_refused(name: str, item: TemplateItem, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_template(template(**{name: item}))
    assert said in refused.value.text
    assert "'night'" in refused.value.text


@pytest.mark.parametrize("name", ["", " a", "a\n", "x" * 81])
def test_a_template_has_a_name_that_can_be_shown(name: str) -> None:
    with pytest.raises(BadRequest):
        check_template(Template(name=name))


def test_the_variables_of_a_template_obey_the_rules_of_variables() -> None:
    with pytest.raises(BadRequest, match="CCP_JOBID"):
        check_template(Template(name="n", environment={"CCP_JOBID": "1"}))


@pytest.mark.parametrize("name", TEMPLATED)
def test_every_property_can_be_given_the_default_that_it_has(name: str) -> None:
    """And a job made of nothing stays what it is."""
    assert made(template(**{name: TemplateItem()})) == JobSpec()
    assert PLAIN[name] == PLAIN[name]


def test_a_range_that_does_not_bind_is_noted() -> None:
    ranged = template(MaxCores=TemplateItem(high=4))
    assert "AutoCalculateMax" in notes(ranged)[0]
    fixed = template(
        MaxCores=TemplateItem(high=4), AutoCalculateMax=TemplateItem(default="False", allowed=("False",))
    )
    assert notes(fixed) == []
