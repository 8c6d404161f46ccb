"""engines/local/streams.py: the script that is left beside a job's output (spec soca, 4.1)."""

import os
from pathlib import Path

import pytest

from headgate.core.launch import Launch
from headgate.engines.local.streams import NotStartable, leave_script

SCRIPT = b"#!/bin/sh\ntrue\n"


def launch(folder: str, file: str = "job_submit_x.sh", script: bytes = SCRIPT) -> Launch:
    return Launch(script=script, output_directory=folder, script_file=file)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_the_folder_and_those_above_it_are_made_for_the_account_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        leave_script(launch("soca_job_output/a_1"), str(tmp_path), {})
    finally:
        os.umask(before)
    folder = tmp_path / "soca_job_output" / "a_1"
    assert (folder / "job_submit_x.sh").read_bytes() == SCRIPT
    assert [mode(one) for one in (folder.parent, folder, folder / "job_submit_x.sh")] == [0o700] * 3


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    leave_script(launch(str(tmp_path)), "/", {})
    leave_script(launch(str(tmp_path), script=b"other"), "/", {})
    assert (tmp_path / "job_submit_x.sh").read_bytes() == SCRIPT
    assert mode(tmp_path) == 0o755


def test_a_link_in_the_scripts_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "job_submit_x.sh").symlink_to(tmp_path / "elsewhere")
    leave_script(launch(str(tmp_path)), "/", {})
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_made_where_nothing_is_asked_for(tmp_path: Path) -> None:
    leave_script(launch(str(tmp_path / "x"), file=""), "/", {})
    assert not (tmp_path / "x").exists()


def test_a_file_in_the_way_means_that_the_job_cant_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotStartable, match="can't be left"):
        leave_script(launch(str(tmp_path / "file" / "x")), "/", {})
    with pytest.raises(NotStartable, match="can't be left"):
        leave_script(launch(str(tmp_path / "file")), "/", {})
