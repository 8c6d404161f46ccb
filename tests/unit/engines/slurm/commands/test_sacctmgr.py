"""engines/slurm/commands/sacctmgr.py: the level of an account."""

import pytest

from headgate.engines.command.outcomes import Done
from headgate.engines.slurm.commands.answers import Garbled, NoAnswer
from headgate.engines.slurm.commands.sacctmgr import parse_level, show_level


def test_one_account_is_asked_about() -> None:
    assert "name=srv" in show_level("srv").argv


def test_the_level_is_that_of_the_account() -> None:
    assert parse_level(Done(0, b"srv|Operator\n", b""), "srv") == "Operator"
    assert parse_level(Done(0, b"", b""), "srv") == ""
    assert parse_level(Done(0, b"other|Administrator\n", b""), "srv") == ""


def test_an_answer_of_another_form_is_not_believed() -> None:
    with pytest.raises(Garbled):
        parse_level(Done(0, b"srv Operator\n", b""), "srv")
    with pytest.raises(NoAnswer):
        parse_level(Done(1, b"", b"sacctmgr: error: Unable to connect to database\n"), "srv")
