"""Files of job templates, in and out."""

import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import Template, TemplateItem
from headgate.core.properties import text_forms
from headgate.core.templates import PLAIN, TEMPLATED
from headgate.formats.job_templates import read, write

FILE = """
[templates.Default]
description = "for everybody"

[templates."Night shift"]
users = ["ada", "Bob"]

[templates."Night shift".environment]
SCRATCH = "/scratch/n"

[templates."Night shift".properties.Priority]
default = "BelowNormal"
min = 0
max = "Normal+5"

[templates."Night shift".properties.runtimeSeconds]
max = 3600
required = true

[templates."Night shift".properties.NodeGroups]
default = ["ComputeNodes"]
allowed = ["ComputeNodes", "Big"]
required_values = ["ComputeNodes"]

[templates."Night shift".properties.IsExclusive]
fixed = false

[templates."Night shift".properties.RequestedNodes]
fixed = ["n1", "n2"]
"""
TEMPLATES = [
    Template(name="Default", description="for everybody"),
    Template(
        name="Night shift",
        users=("ada", "Bob"),
        environment={"SCRATCH": "/scratch/n"},
        items={
            "Priority": TemplateItem(default="1000", low=0, high=2005),
            "RuntimeSeconds": TemplateItem(high=3600, required=True),
            "NodeGroups": TemplateItem(
                default="ComputeNodes",
                allowed=("ComputeNodes", "Big"),
                required_values=("ComputeNodes",),
            ),
            "IsExclusive": TemplateItem(default="False", allowed=("False",)),
            "RequestedNodes": TemplateItem(
                default="n1,n2", allowed=("n1", "n2"), required_values=("n1", "n2")
            ),
        },
    ),
]


def test_a_file_says_templates() -> None:
    assert read(FILE, "f.toml") == TEMPLATES


def test_what_is_written_reads_as_the_same() -> None:
    assert read(write(TEMPLATES), "f.toml") == TEMPLATES


@pytest.mark.parametrize("name", TEMPLATED)
def test_every_property_can_be_written_and_read(name: str) -> None:
    default = text_forms.write(TEMPLATED[name], PLAIN[name])
    made = [Template(name="t", items={name: TemplateItem(default=default)})]
    assert read(write(made), "f.toml") == made


def table(text: str, name: str = "Project") -> str:
    return f"[templates.t.properties.{name}]\n{text}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no template"),
        ("[templates", "it is not TOML"),
        ("[template.t]", "template is not known; there are templates"),
        ("templates = 1", "templates: a table is wanted"),
        ("[templates]\nt = 1", "templates.t: a table is wanted"),
        ("[templates.t]\n[templates.T]", "templates.T: there are two of this name"),
        ("[templates.t]\ndefaults = 1", "templates.t.defaults is not known"),
        ("[templates.t]\nusers = 'ada'", "templates.t.users: a list is wanted"),
        ("[templates.t]\nusers = []", "templates.t.users: name somebody"),
        ("[templates.t]\ndescription = 1", "templates.t.description: a text is wanted"),
        ("[templates.t.environment]\nA = 1", "templates.t.environment.A: a text is wanted"),
        (table("", "Nope"), "templates.t.properties.Nope: Property Nope is not known"),
        (table("", "Name"), "templates.t.properties.Name: a template can't set it"),
        (table("", "Priority") + "\n" + table("", "ExpandedPriority"), "there are two tables for Priority"),
        (table("defalt = 1"), "templates.t.properties.Project.defalt is not known; there are default, fixed"),
        (table("default = ['a']"), "Project.default: one value is wanted"),
        (table("default = true"), "Project.default: Project is neither true nor false"),
        (table("default = 1.5"), "Project.default: 1.5 is no value of Project"),
        (table("fixed = 'a'\nallowed = ['a']"), "Project.fixed: it is default and allowed in one"),
        (table("required = 1"), "Project.required: true or false is wanted"),
        (table("min = true", "MinCores"), "MinCores.min: a whole number is wanted"),
        (table("max = 'Hihg'", "Priority"), "Priority.max: "),
        (table("default = 'maybe'", "IsExclusive"), "IsExclusive.default: true or false is wanted"),
        (table("allowed = [1]", "NodeGroups"), "NodeGroups.allowed: a text is wanted"),
        (table("default = 5\nmax = 4", "RuntimeSeconds"), "property RuntimeSeconds, default: "),
    ],
)
def test_what_is_wrong_is_said_with_file_and_item(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(text, "f.toml")
    assert refused.value.text.startswith("f.toml: ")
    assert said in refused.value.text
