"""Arrays, dependencies, node lists, variables and kinds of mail: what is refused, and why; the rest is in
tests/compliance/scripts/slurm and tests/property/scripts/test_slurm.py.
"""

import re

import pytest

from headgate.core.scripts import Submitter
from headgate.scripts.slurm import arrays, dependencies, exports, hostlist, mail, signals

BY = Submitter(now=0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0-999999,5", "more than 1000000 indices"),
        ("3-1", "ends before it begins"),
        ("1-10:0", "a step of 0"),
        ("4000001", "at most 4000000"),
        ("x", "first-last[:step]"),
        ("1-3:2:2", "first-last[:step]"),
        ("1,,2", "first-last[:step]"),
        ("1-3%2,5", "first-last[:step]"),
    ],
)
def test_an_array_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        arrays.indices(text)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("0-15:4", "0-15:4"),
        ("[1-3]%1", "1-3%1"),
        ("1-3%0", "1-3"),
        ("5", "5"),
        ("01-03", "1-3"),
        ("3,1,2", "1-3"),
        ("1-5:2,10", "1,3,5,10"),
        ("1-4:9", "1-4:9"),
        ("5-5:3", "5-5:3"),
    ],
)
def test_an_array_is_written_in_its_usual_form(text: str, again: str) -> None:
    assert arrays.indices_text(arrays.indices(text)) == again


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("afterok:" + ":".join(["1"] * 10_001), "more than 10000 jobs"),
        ("after:1+99999999", "is no job"),
        ("afterok:1,after:2?after:3", "only one separator"),
        ("afterok:x", "is no job"),
        ("afterok", "is none of"),
        ("expand:1", "is none of"),
        ("afterok:1,", "is none of"),
    ],
)
def test_a_dependency_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        dependencies.waits(text)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("afterburstbuffer:1", "burst buffers"),
        ("singleton?afterok:1?afterok:2", "in any case"),
        ("afterok:1_3", "the whole of job 1"),
    ],
)
def test_a_dependency_that_is_not_taken_as_written_says_so(text: str, odd: str) -> None:
    assert odd in dependencies.waits(text).odd[0]


def test_a_star_for_all_elements_is_the_job() -> None:
    assert dependencies.waits("afterok:1_*") == dependencies.waits("afterok:1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (",".join(["a"] * 65537), "more than 65536"),
        ("a[1-40000],b[1-40000]", "more than 65536"),
        ("a[1-70000]", "more than 65536"),
        ("a[1-300]b[1-300]", "more than 65536"),
        ("n[3-1]", "no range"),
        ("n[1-", "name[1-3,7]"),
        ("n[]", "no range"),
        (",", "names no node"),
        ("n 1", "name[1-3,7]"),
    ],
)
def test_a_list_of_nodes_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        hostlist.expand(text)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        # As `scontrol show hostlist` of 22.05.8 has it.
        ("n1,n2,n3", "n[1-3]"),
        ("n01,n02,n10", "n[01-02,10]"),
        ("n9,n10,n11", "n[9-11]"),
        ("n09,n10,n11", "n[09-11]"),
        ("n1,m1,n2", "n1,m1,n2"),
        ("n1-1,n1-2", "n1-[1-2]"),
        ("r1n1,r1n2,r2n1", "r1n[1-2],r2n1"),
        ("x,n2,n1", "x,n[2,1]"),
        ("n1.dom,n2.dom", "n1.dom,n2.dom"),
        ("n001,n1,n2", "n[001,1-2]"),
        ("1,2,3", "[1-3]"),
        ("n99,n100", "n[99-100]"),
        ("n099,n100", "n[099-100]"),
    ],
)
def test_a_list_of_nodes_is_written_in_short(names: str, text: str) -> None:
    assert hostlist.compress(names.split(",")) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1A=2", "no name of a variable"),
        ("A='x", "not closed"),
        ("'", "not closed"),
        ("A=1'x'\"", "not closed"),
    ],
)
def test_variables_that_are_none_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        exports.exported(text, BY)


def test_kinds_of_mail_that_are_none_are_refused() -> None:
    for text in ("BEGIN END", ",", "LUNCH"):
        with pytest.raises(ValueError, match="ARRAY_TASKS"):
            mail.notices(text)


def test_all_kinds_of_mail_have_one_word() -> None:
    assert mail.notices_text(mail.notices("REQUEUE,begin,End,FAIL")) == "ALL"


def test_a_real_time_signal_is_a_number() -> None:
    assert signals.warning_text(signals.warning("64@5")) == "64@5"
    with pytest.raises(ValueError, match="as its number"):
        signals.warning("RTMIN")
