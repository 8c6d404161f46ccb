"""scripts/pbs/meanings.py: what one option says, beyond the case that each has in tests/compliance."""

from typing import Any

import pytest

from headgate.core.scripts import Submitter
from headgate.core.vocabulary import TaskType
from headgate.scripts.pbs.meanings import Meanings
from headgate.scripts.pbs.tables import BY_ATTRIBUTE, BY_LETTER
from headgate.scripts.pbs.words import IllegalValue

BY = Submitter(
    now=1_709_629_502_000_000,
    directory="/home/ada/run",
    host="login1",
    variables={"HOME": "/home/ada", "PATH": "/bin", "LD_PRELOAD": "x.so", "EDITOR": "ed"},
)


def read(option: str, text: str = "", script: bytes = b"echo\n") -> tuple[Meanings, list[str]]:
    meanings = Meanings(BY, script)
    setting = BY_LETTER[option] if len(option) == 1 else BY_ATTRIBUTE[option]
    return meanings, meanings.read(setting, text)


def changed(option: str, text: str = "", script: bytes = b"echo\n") -> dict[str, Any]:
    """The fields that an option changes, and its remarks' first words."""
    meanings, remarks = read(option, text, script)
    before = Meanings(BY, script)
    fields = {
        name: value
        for name, value in (meanings.job | meanings.task).items()
        if (before.job | before.task).get(name) != value
    }
    more = {"options": meanings.options, "remarks": len(remarks), "environment": meanings.environment}
    return fields | {name: value for name, value in more.items() if value}


def test_without_options_there_are_the_manners_of_pbs() -> None:
    meanings = Meanings(BY, b"echo\n")
    assert meanings.job == {
        "flavour": "pbs",
        "submit_directory": "/home/ada/run",
        "submit_host": "login1",
        "submit_variables": {"HOME": "/home/ada", "PATH": "/bin"},
        "stop_signal": "TERM",
        "stop_grace_s": 10.0,
        "notify_on_failure": True,
    }
    assert meanings.task == {"script": b"echo\n", "interpreter": (), "umask": 0o077}


@pytest.mark.parametrize(
    ("option", "text", "fields"),
    [
        ("N", "1a-b_c+d.e", {"name": "1a-b_c+d.e"}),
        ("q", "high", {"queue": "high"}),
        ("q", "high@srv", {"queue": "high", "options": {"destination": "high@srv"}, "remarks": 1}),
        ("q", "@srv", {"queue": "", "options": {"destination": "@srv"}, "remarks": 1}),
        ("u", "bob", {"run_as": "bob"}),
        ("u", "eve@h1,bob", {"run_as": "bob", "options": {"User_List": "eve@h1,bob"}, "remarks": 1}),
        ("u", "eve@h1", {"run_as": "", "options": {"User_List": "eve@h1"}, "remarks": 1}),
        ("group_list", "hpc", {"group": "hpc"}),
        ("a", "202503050905", {"not_before": 1_741_165_500_000_000}),
        ("a", "202303050905", {"not_before": 1_678_007_100_000_000, "remarks": 1}),
        ("p", "-1024", {"priority": 976}),
        ("p", "1023", {"priority": 3023}),
        ("r", "n", {"rerunnable": False}),
        ("J", "1-5", {"type": TaskType.PARAMETRIC_SWEEP, "start_value": 1, "end_value": 5, "increment": 1}),
        (
            "J",
            "0-9:3%2",
            {
                "type": TaskType.PARAMETRIC_SWEEP,
                "start_value": 0,
                "end_value": 9,
                "increment": 3,
                "max_running": 2,
            },
        ),
        ("S", "/bin/zsh", {"interpreter": ("/bin/zsh",)}),
        (
            "S",
            "/bin/sh@h1,/bin/zsh",
            {"interpreter": ("/bin/zsh",), "options": {"Shell_Path_List": "/bin/sh@h1,/bin/zsh"}},
        ),
        ("S", "/bin/sh@h1", {"options": {"Shell_Path_List": "/bin/sh@h1"}, "remarks": 1}),
        ("umask", "22", {"umask": 0o022}),
        ("umask", "0077", {}),
        ("v", "A=1,HOME", {"environment": {"A": "1", "HOME": "/home/ada"}}),
        (
            "V",
            "",
            {
                "environment": {"HOME": "/home/ada", "PATH": "/bin", "EDITOR": "ed"},
                "options": {"V": "true"},
                "remarks": 1,
            },
        ),
        ("j", "n", {"join": ""}),
        ("o", "out dir/x", {"stdout": "out dir/x"}),
        ("o", "h1:out", {"stdout": "out", "options": {"Output_Path": "h1:out"}, "remarks": 1}),
        ("e", "./a:b", {"stderr": "./a:b"}),
        ("e", "x.$PBS_JOBID", {"stderr": "x.$PBS_JOBID", "remarks": 1}),
        (
            "m",
            "n",
            {
                "notify_on_failure": False,
                "notify_on_start": False,
                "notify_on_completion": False,
                "notify_each": False,
            },
        ),
        (
            "m",
            "bej",
            {
                "notify_on_failure": False,
                "notify_on_start": True,
                "notify_on_completion": True,
                "notify_each": True,
            },
        ),
        ("M", "ada,bob@example.org", {"email_address": "ada,bob@example.org"}),
        ("k", "n", {}),
        ("sandbox", "HOME", {}),
        ("block", "false", {}),
        ("interactive", "false", {}),
        ("tolerate_node_failures", "none", {}),
        ("tolerate_node_failures", "all", {"options": {"tolerate_node_failures": "all"}, "remarks": 1}),
    ],
)  # fmt: skip - a case a line
def test_an_option_fills_its_fields(option: str, text: str, fields: dict[str, Any]) -> None:
    found = changed(option, text)
    expected = {name: value for name, value in fields.items() if value not in ("", False) or name in found}
    found.pop("remarks", None) if "remarks" not in fields else None
    assert found == expected


def test_a_first_line_outranks_the_shell_which_is_kept() -> None:
    found = changed("S", "/bin/zsh", b"#!/usr/bin/env python3\n")
    assert found == {"options": {"Shell_Path_List": "/bin/zsh"}, "remarks": 1}


def test_a_variable_of_its_own_wins_over_all_the_submitters_wherever_it_stands() -> None:
    for order in ("vV", "Vv"):
        meanings = Meanings(BY, b"")
        for letter in order:
            meanings.read(BY_LETTER[letter], "EDITOR=vi" if letter == "v" else "")
        assert meanings.environment["EDITOR"] == "vi"


@pytest.mark.parametrize(
    ("option", "text", "named"),
    [
        ("N", "a b", "'a b'"),
        ("N", "", "empty"),
        ("N", "ä", "'ä'"),
        ("N", "x" * 231, "job name too long"),
        ("P", "a/b", "'a/b'"),
        ("P", "a b", "'a b'"),
        ("q", "sixteencharacter", "'sixteencharacter'"),
        ("q", "a@b@c", "'a@b@c'"),
        ("u", "a,,b", "'a,,b'"),
        ("group_list", "a b", "'a b'"),
        ("a", "25:00", "'25:00'"),
        ("p", "1024", "'1024'"),
        ("p", "-1025", "'-1025'"),
        ("r", "yes", "'yes'"),
        ("J", "1", "'1'"),
        ("J", "1,3", "one range"),
        ("J", "5-5", "greater"),
        ("J", "5-1", "greater"),
        ("J", "1-5:0", "'0'"),
        ("J", "1-5%0", "'0'"),
        ("J", "-1-5", "'-1-5'"),
        ("J", "1-99999999999", "'99999999999'"),
        ("max_run_subjobs", "0", "'0'"),
        ("I", "", "terminal"),
        ("X", "", "terminal"),
        ("interactive", "true", "terminal"),
        ("S", "bash", "'bash'"),
        ("S", "/bin/bash -l", "'/bin/bash -l'"),
        ("S", "/bin/bash@", "'/bin/bash@'"),
        ("umask", "8", "'8'"),
        ("umask", "1000", "'1000'"),
        ("v", "NOT_SET", "NOT_SET is not set"),
        ("j", "eoe", "'eoe'"),
        ("o", "h1:", "'h1:'"),
        ("m", "an", "'an'"),
        ("m", "x", "'x'"),
        ("M", "a b", "'a b'"),
        ("c", "u", "'u'"),
        ("c", "n=3", "'n=3'"),
        ("k", "d", "'d'"),
        ("k", "on", "'on'"),
        ("R", "x", "'x'"),
        ("C", "", "empty"),
        ("block", "maybe", "'maybe'"),
        ("run_count", "x", "'x'"),
        ("sandbox", "public", "'public'"),
        ("stagein", "a:b", "'a:b'"),
        ("stageout", "a@h:b,c", "'a@h:b,c'"),
        ("tolerate_node_failures", "some", "'some'"),
    ],
)
def test_other_values_are_refused_by_name(option: str, text: str, named: str) -> None:
    with pytest.raises(IllegalValue) as refused:
        read(option, text)
    assert named in refused.value.text
