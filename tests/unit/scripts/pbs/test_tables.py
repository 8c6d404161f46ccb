"""scripts/pbs/tables.py."""

import pytest

from headgate.scripts.pbs.meanings import _CHECKS, _READERS
from headgate.scripts.pbs.tables import (
    BUILT_IN,
    BY_ATTRIBUTE,
    BY_LETTER,
    LIMITS,
    RESOURCES,
    SETTINGS,
    SOCA,
    resembles,
)
from headgate.scripts.pbs.words import FLAGS, VALUED


def test_every_letter_has_its_line_and_every_line_but_l_and_w_its_reader() -> None:
    assert set(BY_LETTER) == (FLAGS | VALUED) - {"W"}
    read = {setting.attribute for setting in SETTINGS} - {"Resource_List"}
    assert read == set(_READERS) | set(_CHECKS)
    assert not set(_READERS) & set(_CHECKS)


def test_what_is_only_kept_tells_so() -> None:
    assert not [setting for setting in SETTINGS if setting.here == "only kept" and not setting.note]
    assert {setting.attribute for setting in SETTINGS if setting.note} == set(_CHECKS)


def test_no_name_stands_twice() -> None:
    assert len(BY_LETTER) + len(BY_ATTRIBUTE) == len(SETTINGS)
    assert len(BUILT_IN) == len(RESOURCES)
    assert set(LIMITS) <= set(BUILT_IN)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wallime", "walltime"),
        ("waltime", "walltime"),
        ("wall_time", "walltime"),
        ("mpiproc", "mpiprocs"),
        ("mpiprcos", "mpiprocs"),
        ("ncpsu", "ncpus"),
        ("NCPU", "ncpus"),
        ("mme", "mem"),
        ("instance_typ", "instance_type"),
    ],
)
def test_a_slip_resembles_what_was_meant(name: str, meant: str) -> None:
    assert resembles(name) == meant


@pytest.mark.parametrize("name", ["gem", "hmem", "fast", "bigmem", "matlab_lic_core", "rack", "ib", "x"])
def test_a_name_of_a_site_resembles_nothing(name: str) -> None:
    assert resembles(name) == ""


def test_known_names_resemble_themselves() -> None:
    assert not [name for name in {*BUILT_IN, *SOCA} if resembles(name) != name]
