"""core/cloud_resources.py: what a script for a cloud cluster may say, and what it is told."""

import pytest

from headgate.core.cloud_resources import RESOURCES, found, near, told
from headgate.scripts.pbs.tables import SOCA

# Values of spec soca, section 7.2.
GOOD = [
    ("instance_type", "c5.xlarge"),
    ("instance_type", "c5.large+m5.large+c5n"),
    ("instance_ami", "ami-0123456789abcdef0"),
    ("base_os", "centos7"),
    ("security_groups", "sg-1a+sg-2b"),
    ("subnet_id", "2"),
    ("subnet_id", "subnet-12ab"),
    ("spot_price", "auto"),
    ("spot_price", "1.25"),
    ("spot_allocation_strategy", "lowest-price"),
    ("ht_support", "True"),
    ("scratch_size", "500"),
    ("fsx_lustre", "s3://bucket+export+import"),
    ("fsx_lustre", "fs-0a1b.fsx.eu-west-1.amazonaws.com"),
    ("fsx_lustre_size", "2400"),
    ("fsx_lustre_deployment_type", "scratch_2"),
    ("matlab_lic_simulink", "2"),
]
BAD = [
    ("instance_type", "c5 large"),
    ("instance_ami", "ami-xyz"),
    ("security_groups", "sg-1+sg-2+sg-3+sg-4+sg-5"),
    ("subnet_id", "4"),
    ("spot_price", "cheap"),
    ("ht_support", "maybe"),
    ("scratch_size", "500GB"),
    ("fsx_lustre_size", "1000"),
    ("matlab_lic_simulink", "-1"),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_value_that_is_allowed_is_not_corrected(name: str, value: str) -> None:
    assert " it takes " not in told(name, value)
    assert told(name, value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_that_is_wrong_is_told_with_what_would_be_right(name: str, value: str) -> None:
    assert told(name, value).startswith(f"{name}={value} has no effect: it takes ")


@pytest.mark.parametrize(
    ("name", "meant"), [("instance_typ", "instance_type"), ("spot_prise", "spot_price"), ("fpga", "")]
)
def test_a_name_that_nearly_is_one_is_told(name: str, meant: str) -> None:
    assert near(name) == meant
    assert (meant in told(name, "1")) if meant else told(name, "1") == ""


def test_what_the_system_sets_is_not_for_jobs() -> None:
    assert "the system sets it" in told("stack_id", "x-job-1")


def test_every_name_that_pbs_scripts_know_of_soca_is_here() -> None:
    assert set(RESOURCES) == SOCA


def test_names_are_found_whatever_their_case_and_licences_by_their_shape() -> None:
    assert found("Instance_Type") is RESOURCES["instance_type"]
    assert found("ansys_lic_meba") is not None
    assert found("mem") is None
