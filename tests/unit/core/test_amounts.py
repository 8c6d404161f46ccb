"""core/amounts.py: amounts of limits as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import amounts
from headgate.core.errors import BadRequest
from headgate.core.model import QueueDefaults, QueueLimits

# Forms of spec pbs, section 3.2.
CASES = [
    ("walltime", "90", 90),
    ("walltime", "1:30", 90),
    ("walltime", "24:00:00", 86400),
    ("walltime", "100:00:01", 360001),
    ("mem", "4gb", 4 * 1024**3),
    ("mem", "4G", 4 * 1024**3),
    ("mem", "2000", 2000),
    ("mem", "10kw", 80 * 1024),
    ("total_mem", "1tb", 1024**4),
    ("nodes", "8", 8),
]


@pytest.mark.parametrize(("name", "text", "amount"), CASES)
def test_an_amount_is_read_as_job_scripts_write_it(name: str, text: str, amount: int) -> None:
    assert amounts.read(name, text) == amount


@pytest.mark.parametrize("name", list(amounts.LIMITS))
@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "1:2:3:4", "4xb", "9" * 30, "٣"])
def test_what_is_no_amount_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        amounts.read(name, text)
    assert refused.value.text.startswith(name)


@given(st.sampled_from(list(amounts.LIMITS)), st.integers(1, 10**8))
def test_what_is_written_reads_as_the_same(name: str, amount: int) -> None:
    assert amounts.read(name, amounts.write(name, amount)) == amount


def test_limits_and_defaults_read_as_they_are_written() -> None:
    said = {"walltime": "24:00:00", "ncpus": "8", "mem": "4gb"}
    assert amounts.limits(said) == QueueLimits(runtime_s=86400, cores=8, memory=4 * 1024**3)
    assert amounts.limits_said(amounts.limits(said)) == said
    given_ = {"walltime": "01:00:00", "mem": "512mb", "instance_type": "c5.large"}
    made = amounts.defaults(given_)
    assert made == QueueDefaults(
        runtime_s=3600, memory=512 * 1024**2, resources={"instance_type": "c5.large"}
    )
    assert amounts.defaults_said(made) == given_


@pytest.mark.parametrize(
    "said", [{"wall": "1"}, {"": "1"}, {"instance_type": "c5"}, {"mem": "none"}], ids=str
)
def test_what_no_queue_limits_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        amounts.limits(said)


@pytest.mark.parametrize("said", [{"ncpus": "4"}, {"a b": "1"}, {"lic": ""}, {"lic": "a\nb"}], ids=str)
def test_what_can_be_no_default_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        amounts.defaults(said)
