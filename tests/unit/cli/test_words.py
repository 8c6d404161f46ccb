"""What stands on the command line, turned into a job; and what is printed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from headgate.cli import jobs, tables


def test_a_command_behind_two_dashes_keeps_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["headgate", "job", "submit", "--", "echo", "a b"])
    assert jobs._work(["echo", "a b"], "") == ({"command": "echo 'a b'"}, {})
    assert jobs._work(["echo $HOME"], "") == ({"command": "echo $HOME"}, {})
    with pytest.raises(typer.BadParameter):
        jobs._work(["echo"], "pbs")


def test_a_file_is_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["headgate", "job", "submit", "x.sh"])
    (tmp_path / "x.sh").write_text("echo 1\n")
    assert jobs._work([str(tmp_path / "x.sh")], "") == ({"script": "echo 1\n"}, {})
    with pytest.raises(typer.BadParameter):
        jobs._work([str(tmp_path / "missing.sh")], "")
    with pytest.raises(typer.BadParameter):
        jobs._work(["echo", "hello"], "")


@pytest.mark.parametrize(
    ("text", "values"),
    [("1-100", (1, 100, 1)), ("0-10:2", (0, 10, 2)), ("-5-5", (-5, 5, 1)), ("-5--1", (-5, -1, 1))],
)
def test_a_sweep_in_one_word(text: str, values: tuple[int, int, int]) -> None:
    found = jobs._sweep(text)
    assert found is not None
    assert tuple(found.values()) == values


@pytest.mark.parametrize("text", ["1", "1-", "a-b", "1-2:", "1-2:x", "1-2:-1", "1-2:0"])
def test_what_is_no_sweep_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        jobs._sweep(text)


def test_a_variable_has_a_name_and_a_value() -> None:
    assert jobs._variable("A=b=c") == ("A", "b=c")
    for text in ("A", "=x", ""):
        with pytest.raises(typer.BadParameter):
            jobs._variable(text)


def test_a_program_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    tables.table(("A", "B"), [(1, "x"), (2, "y\x1b[31m")])
    tables.fields({"One": 1, "Empty": "", "Two": "x"})
    tables.write("text")
    assert capsys.readouterr().out == "1\tx\n2\ty�[31m\nOne:   1\nTwo:   x\ntext\n"


def test_a_date_is_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert tables.date(None) == ""
    assert tables.date(moment) == f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
