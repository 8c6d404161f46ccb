"""engines/slurm/script.py: what is in a batch script, and what is not."""

import base64
from typing import Any

from headgate.core.launch import Launch, OsAccount
from headgate.engines.slurm.script import WRAPPER, Site, record_name, script
from headgate.ports.engine import Item

ANN = OsAccount("ann", 1001, 1001, "/home/ann", shell="/bin/bash")
SITE = Site(spool="/shared/spool", scratch="/scratch", capture_limit=65536, secret=b"secret")


def made(*launches: Launch, site: Site = SITE) -> list[bytes]:
    """The lines in front of the wrapper."""
    text = script("inst-7", [Item(number, one) for number, one in enumerate(launches, 1)], ANN, site)
    assert text.endswith(WRAPPER)
    return text.removesuffix(WRAPPER).splitlines()


def launch(**more: Any) -> Launch:
    return Launch(**{"script": b"true\n", **more})


def test_a_command_stands_before_anything_else_so_that_no_line_is_one_of_sbatch() -> None:
    lines = made(launch(script=b"#SBATCH --uid=0\n", environment=(("V", "\n#SBATCH --uid=0\n"),)))
    assert lines[:2] == [b"#!/bin/bash", b"unset LC_ALL TZ SLURM_UMASK TERM MAIL ${!SUDO_*}"]
    assert not any(line.startswith(b"#") for line in lines[1:])
    assert b"HG_script=" + base64.b64encode(b"#SBATCH --uid=0\n") in lines


def test_sbatch_takes_it_whatever_is_in_the_job() -> None:
    text = script("t-1", [Item(0, launch(script=b"a\r\nb\0", environment=(("V", "\r\n"),)))], ANN, SITE)
    assert b"\r\n" not in text
    assert b"\0" not in text


def test_what_all_instances_share_is_there_once_and_the_rest_in_a_case() -> None:
    lines = made(*(launch(environment=(("SAME", "x"), ("N", str(n)))) for n in range(3)))
    assert lines.count(b"export SAME=x") == 1
    arms = lines[lines.index(b'case "$SLURM_ARRAY_TASK_ID" in') + 1 :]
    assert [arm.partition(b")")[0] for arm in arms[:4]] == [b"0", b"1", b"2", b"*"]
    assert b"export N=2" in arms[2]
    assert b"SAME" not in b"".join(arms)


def test_variables_of_slurm_are_its_own_but_for_those_about_our_job() -> None:
    environment = (("SLURM_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_SUBMIT_DIR", "/w"))
    lines = made(launch(environment=(*environment, ("HG_record", "/etc/x"))))
    exported = [line for line in lines if line.startswith(b"export ")]
    assert b"export SLURM_ARRAY_TASK_ID=3" in exported
    assert b"export SLURM_SUBMIT_DIR=/w" in exported
    assert not any(b"SLURM_JOB_ID" in line or b"/etc/x" in line for line in lines)


def test_a_name_that_bash_cannot_have_goes_by_way_of_env() -> None:
    assert b"HG_odd=('A.B=1 2')" in made(launch(environment=(("A.B", "1 2"),)))


def test_paths_are_those_of_the_account_with_its_variables_in_them() -> None:
    lines = made(
        launch(work_directory="w/$N", stdout="%N%.out", output_directory="out", environment=(("N", "5"),))
    )
    assert b"HG_directory=/home/ann/w/5" in lines
    assert b"HG_stdout=/home/ann/out/5.out" in lines
    assert b"HG_stderr=" in lines


def test_the_name_of_a_record_is_the_same_each_time_and_not_to_be_guessed() -> None:
    name = record_name("inst-7", 3, b"secret")
    assert name == record_name("inst-7", 3, b"secret")
    assert name.startswith("inst-7.3.")
    others = {record_name("inst-7", 3, b"other"), record_name("inst-7", 4, b"secret")}
    assert name.rpartition(".")[2] not in {other.rpartition(".")[2] for other in others}


def test_without_a_spool_there_is_no_record() -> None:
    site = Site(spool="", scratch="/tmp", capture_limit=1, secret=b"")
    assert b"HG_record=''" in made(launch(), site=site)


def test_limits_are_in_the_units_of_the_shell() -> None:
    limits = (("as", 2048), ("nofile", 64), ("core", -1))
    assert b"HG_limits=(v 2 n 64 c unlimited)" in made(launch(limits=limits))
