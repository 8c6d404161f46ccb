"""Every option of sbatch: its spellings, what becomes of it, both ways; and that the page says the same.

The list is that of sbatch(1) of 22.05.8 and of the release notes since; a case for each option is below.
"""

import re
from pathlib import Path

import pytest

from headgate.core.scripts import ScriptError, Submitter
from headgate.scripts.slurm import FLAVOUR, table
from headgate.scripts.slurm.table import Argument, Fate, Option

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "script-slurm.md"
BY = Submitter(now=1_800_000_000_000_000, file="run.sh", variables={"EDITOR": "vi"})
WHAT = {Fate.MEANT: "understood", Fate.KEPT: "kept", Fate.IGNORED: "left out", Fate.REFUSED: "refused"}

# A value for each option that has one, and the lines that are written for it; None: as it is given.
VALUES: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "account": ("project7", None),
    "array": ("0-15:4%2", None),
    "begin": ("2030-01-20T12:34", ("--begin=2030-01-20T12:34:00",)),
    "chdir": ("/scratch", None),
    "comment": ("two words", ('--comment="two words"',)),
    "constraint": ("fast&big", None),
    "cpus-per-gpu": ("4", ("--cpus-per-gpu=4",)),
    "cpus-per-task": ("4", None),
    "dependency": ("afterok:20:21,afterany:23", None),
    "error": ("err_%j", None),
    "exclude": ("n[1-3],x", None),
    "exclusive": ("user", None),
    "export": ("A=1,B=2", None),
    "gid": ("users", None),
    "gpus": ("2", None),
    "gpus-per-node": ("2", ("--gpus=2",)),
    "gpus-per-task": ("2", ("--gpus=2",)),
    "gres": ("fs:2,gpu:1", ("--gpus=1", "--gres=fs:2")),
    "input": ("in.txt", None),
    "job-name": ("name", ()),
    "kill-on-invalid-dep": ("yes", None),
    "licenses": ("foo:4,bar", None),
    "mail-type": ("BEGIN,END", None),
    "mail-user": ("u@example.org", None),
    "mem": ("2048", ("--mem=2G",)),
    "mem-per-cpu": ("100M", ("--mem=100M",)),
    "mem-per-gpu": ("100M", ("--mem-per-gpu=100M",)),
    "mincpus": ("3", None),
    "nice": ("50", None),
    "nodelist": ("n[1-3]", None),
    "nodes": ("2-4", None),
    "ntasks": ("8", None),
    "ntasks-per-gpu": ("2", None),
    "ntasks-per-node": ("4", ("--nodes=1", "--ntasks-per-node=4")),
    "open-mode": ("append", None),
    "output": ("%x.%4j", None),
    "partition": ("short", None),
    "requeue": ("expedite", None),
    "signal": ("B:USR1@300", None),
    "time": ("1-2", ("--time=1-02:00:00",)),
    "time-min": ("90:30", ("--time-min=01:30:30",)),
    "uid": ("u", None),
    # kept ones whose values are looked at
    "acctg-freq": ("task=30", None),
    "core-spec": ("2", None),
    "cores-per-socket": ("2", None),
    "deadline": ("16:00", None),
    "distribution": ("block:cyclic", None),
    "extra-node-info": ("2:4", None),
    "get-user-env": ("10L", None),
    "hint": ("nomultithread", None),
    "no-kill": ("off", None),
    "ntasks-per-core": ("1", None),
    "ntasks-per-socket": ("2", None),
    "oom-kill-step": ("1", None),
    "priority": ("TOP", None),
    "profile": ("task,energy", None),
    "resv-ports": ("4", None),
    "segment": ("4", None),
    "sockets-per-node": ("2", None),
    "switches": ("2@10", None),
    "thread-spec": ("1", None),
    "threads-per-core": ("1", None),
    "tmp": ("10G", None),
    "wait-all-nodes": ("1", None),
}
FLAGS = {"requeue": ()}
"""What is written for an option without its value, where it is not the option itself."""
FLAGS_AS = {"nice": ("--nice=100",), "no-requeue": ("--no-requeue",)}


def parse(option: str) -> list[str]:
    """The option lines that are written for a script with this one, without the name of the job."""
    script = FLAVOUR.parse(f"#!/bin/sh\n#SBATCH {option}\n".encode(), BY)
    rendered = FLAVOUR.render(script, BY)
    assert not rendered.losses
    lines = [line.removeprefix("#SBATCH ") for line in rendered.text.decode().splitlines()[1:]]
    return [line for line in lines if not line.startswith("--job-name=")]


def spellings(option: Option, value: str) -> list[str]:
    shown = f"'{value}'"
    out = [f"--{option.name}={shown}"]
    if option.argument is Argument.REQUIRED:
        out.append(f"--{option.name} {shown}")
        if option.short:
            out.append(f"-{option.short} {shown}")
    if option.short:
        out.append(f"-{option.short}{shown}")
    return out


def wanted(option: Option, value: str) -> list[str]:
    written = VALUES.get(option.name, ("", None))[1]
    return sorted([f"--{option.name}={value}"] if written is None else written)


@pytest.mark.parametrize(
    "option",
    [row for row in table.ROWS if row.argument is not Argument.NONE and row.fate in (Fate.MEANT, Fate.KEPT)],
    ids=lambda row: row.name,
)
def test_an_option_with_a_value_is_written_as_it_was_meant(option: Option) -> None:
    value = VALUES.get(option.name, ("some-value", None))[0]
    for spelling in spellings(option, value):
        assert sorted(parse(spelling)) == wanted(option, value), spelling


@pytest.mark.parametrize(
    "option",
    [
        row
        for row in table.ROWS
        if row.argument is not Argument.REQUIRED and row.fate in (Fate.MEANT, Fate.KEPT)
    ],
    ids=lambda row: row.name,
)
def test_an_option_without_a_value_is_written_as_it_was_meant(option: Option) -> None:
    usual = FLAGS.get(option.name, FLAGS_AS.get(option.name, (f"--{option.name}",)))
    for spelling in [f"--{option.name}", *([f"-{option.short}"] if option.short else [])]:
        assert parse(spelling) == list(usual)


@pytest.mark.parametrize(
    "option", [row for row in table.ROWS if row.fate is Fate.KEPT], ids=lambda row: row.name
)
def test_an_option_that_is_only_kept_is_in_the_options_and_in_a_note(option: Option) -> None:
    value = "" if option.argument is Argument.NONE else VALUES.get(option.name, ("some-value", None))[0]
    text = f"--{option.name}={value}" if value else f"--{option.name}"
    script = FLAVOUR.parse(f"#!/bin/sh\n#SBATCH {text}\n".encode(), BY)
    assert script.job.options == {option.name: value}
    if option.name != "get-user-env":
        assert [(note.line, note.column) for note in script.notes] == [(2, 9)]
        assert option.name in script.notes[0].text


@pytest.mark.parametrize(
    "option", [row for row in table.ROWS if row.fate is Fate.IGNORED], ids=lambda row: row.name
)
def test_an_option_for_sbatch_itself_is_left_out_with_a_note(option: Option) -> None:
    script = FLAVOUR.parse(f"#!/bin/sh\n#SBATCH --{option.name}\n".encode(), BY)
    assert not script.job.options
    assert option.about in script.notes[0].text


@pytest.mark.parametrize(
    "option", [row for row in table.ROWS if row.fate is Fate.REFUSED], ids=lambda row: row.name
)
def test_an_option_that_is_refused_says_why(option: Option) -> None:
    value = "" if option.argument is Argument.NONE else "=x"
    with pytest.raises(ScriptError, match=re.escape(option.about)) as caught:
        FLAVOUR.parse(f"#!/bin/sh\n#SBATCH --{option.name}{value}\n".encode(), BY)
    assert (caught.value.note.line, caught.value.note.column) == (2, 9)


def test_the_page_has_the_same_rows() -> None:
    said = re.findall(
        r"^\| `--([a-z0-9-]+)`(?:, `-(\w)`)? \| (yes|may|) ?\| ([a-z ]+) \| (.*) \|$",
        PAGE.read_text(),
        re.MULTILINE,
    )
    argument = {Argument.NONE: "", Argument.REQUIRED: "yes", Argument.OPTIONAL: "may"}
    rows = [
        (
            row.name,
            row.short,
            argument[row.argument],
            WHAT[row.fate],
            row.about.replace("|", "\\|") + (f" (since {row.since})" if row.since else ""),
        )
        for row in table.ROWS
    ]
    assert said == rows
