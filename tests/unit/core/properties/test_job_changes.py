"""core/properties/job_changes.py: what setting job properties does, and refuses."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadProperty
from headgate.core.model import DEFAULT_PRIORITY, Job, JobDependency, JobSpec
from headgate.core.properties import JOB, JobPriority, JobSubject, Property, apply_job
from headgate.core.properties.job_changes import GPU_MARK
from headgate.core.vocabulary import NodeGroupOp, UnitType

NOW = 1_700_000_000_000_000
DAY = 24 * 3600 * 1_000_000


def changed(changes: Mapping[str, object], job: Job | None = None) -> Job:
    return apply_job(job or Job(), {JOB[name]: value for name, value in changes.items()}, NOW)


def refused(changes: Mapping[str, object]) -> BadProperty:
    with pytest.raises(BadProperty) as caught:
        changed(changes)
    assert caught.value.name in caught.value.text or caught.value.code != "Operation_ArgumentOutOfRange"
    assert len(caught.value.text) < 1000
    return caught.value


def test_nothing_set_is_the_same_job() -> None:
    job = Job(id=5)
    assert changed({}, job) is job


def test_fields_are_set() -> None:
    job = changed({"Name": "n", "MinCores": 2, "IsExclusive": True, "NodeGroups": ("A", "B"), "Progress": 7})
    assert (job.spec.name, job.spec.min_cores, job.spec.exclusive) == ("n", 2, True)
    assert job.spec.node_groups == ("A", "B")
    assert job.progress == 7


def test_none_puts_the_default_back() -> None:
    job = Job(
        spec=JobSpec(name="n", runtime_s=5, max_memory_mb=9, node_group_op=NodeGroupOp.UNION), progress=4
    )
    cleared = {"Name": None, "RuntimeSeconds": None, "MaxMemory": None, "NodeGroupOp": None, "Progress": None}
    again = changed(cleared, job)
    assert again.spec == JobSpec()
    assert again.progress is None


def test_every_settable_property_takes_back_what_it_reads() -> None:
    """A client may read all properties and set them again (spec hpcpack-model, section 12.2 relies on it)."""
    job = Job(id=1, spec=JobSpec(node_groups=("g",), priority=2005))
    for property in JOB:
        if property.moments and property.readable and property.name != "HoldUntil":
            value = property.read(JobSubject(job))
            again = apply_job(job, {property: value}, NOW)
            assert property.read(JobSubject(again)) == value


# ---- priority (section 2.4)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"Priority": JobPriority.LOWEST}, 0),
        ({"Priority": JobPriority.HIGHEST}, 4000),
        ({"ExpandedPriority": 2005}, 2005),
        ({"ExpandedPriority": 2005, "Priority": JobPriority.NORMAL}, 2005),
        ({"ExpandedPriority": 4000, "Priority": JobPriority.HIGHEST}, 4000),
        ({"Priority": None}, DEFAULT_PRIORITY),
    ],
)
def test_priority_and_expanded_priority_are_one_number(changes: Mapping[str, object], number: int) -> None:
    assert changed(changes, Job(spec=JobSpec(priority=1))).spec.priority == number


def test_setting_a_priority_is_remembered() -> None:
    assert changed({"Priority": JobPriority.NORMAL}).priority_set
    assert not changed({"Name": "n"}).priority_set


def test_contradicting_priorities_are_refused() -> None:
    error = refused({"Priority": JobPriority.LOWEST, "ExpandedPriority": 1000})
    assert error.code == "Operation_PriorityAndExPriCannotBeSetTogether"


@pytest.mark.parametrize("number", [-1, 4001, 2**31 - 1])
def test_an_expanded_priority_has_its_range(number: int) -> None:
    assert refused({"ExpandedPriority": number}).code == "Operation_ExpandedPriorityOutOfRange"


# ---- the ones with rules of their own


def test_a_gpu_job_is_marked_as_such() -> None:
    job = changed({"UnitType": UnitType.GPU}, Job(custom={"a": "b"}))
    assert job.spec.unit_type is UnitType.GPU
    assert job.custom == {"a": "b", GPU_MARK: "True"}
    assert changed({"UnitType": UnitType.CORE}, job).custom == {"a": "b"}


def test_what_can_only_be_read_is_left_alone() -> None:
    """Whether it may be set is for `check_settable`, which the service asks first."""
    job = Job(id=5)
    assert changed({"Id": 6}, job) is job


def test_a_password_is_dropped() -> None:
    job = Job()
    assert changed({"Password": "s3cret"}, job) is job


def test_the_children_are_computed_not_set() -> None:
    job = Job()
    assert changed({"ChildJobIds": (1, 2)}, job) is job


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (NOW - 1, "Operation_JobInvalidHoldUntil"),
        (NOW, "Operation_JobInvalidHoldUntil"),
        (NOW + 367 * DAY, "Operation_JobHoldUntilTooLong"),
    ],
)
def test_hold_until_lies_in_the_next_year(until: int, code: str) -> None:
    assert refused({"HoldUntil": until}).code == code
    assert changed({"HoldUntil": NOW + DAY}).spec.not_before == NOW + DAY
    assert changed({"HoldUntil": None}, Job(spec=JobSpec(not_before=1))).spec.not_before is None


def test_parents_are_positive_and_each_counts_once() -> None:
    assert changed({"ParentJobIds": (3, 1, 3)}).spec.depends_on == (JobDependency(3), JobDependency(1))
    assert changed({"ParentJobIds": ()}).spec.depends_on == ()
    for ids in ((0,), (1, -2), tuple(range(1, 2000))):
        assert refused({"ParentJobIds": ids}).code == "Operation_InvalidParentJobIds"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (("a",), "Operation_WrongLicenseFormat"),
        (("a:0",), "Operation_WrongLicenseFormat"),
        (("a:-1",), "Operation_WrongLicenseFormat"),
        (("a:1:2",), "Operation_WrongLicenseFormat"),
        (("a:9999999999",), "Operation_WrongLicenseFormat"),
        ((":1",), "Operation_WrongLicenseFormat"),
        (("a:1", "A:2"), "Operation_DuplicateLicenseFeature"),
    ],
)
def test_licenses_have_a_feature_and_an_amount(items: tuple[str, ...], code: str) -> None:
    assert refused({"SoftwareLicense": items}).code == code
    assert changed({"SoftwareLicense": (" a : 01 ", "b:2")}).spec.software_license == ("a:1", "b:2")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("cores", "Cores"),
        ("-MEMORY,Cores", "-Memory,Cores"),
        (" Cores , -Memory ,", "Cores,-Memory"),
    ],
)
def test_order_by_is_kept_as_published(text: str, kept: str) -> None:
    assert changed({"OrderBy": text}).spec.order_by == kept


@pytest.mark.parametrize("text", ["Disk", "Cores,-Cores", "--Cores", "-", "Cores Memory"])
def test_order_by_knows_cores_and_memory_once_each(text: str) -> None:
    refused({"OrderBy": text})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Name": "x" * 81}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"Name": "x" * 10_000}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"Project": "x" * 81}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"ProgressMessage": "x" * 81}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"EmailAddress": "x" * 257}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"Name": "a\0b"}, "Operation_ArgumentOutOfRange"),
        ({"Name": "a\ud800b"}, "Operation_ArgumentOutOfRange"),
        ({"NodeGroups": ("a\x01",)}, "Operation_ArgumentOutOfRange"),
        ({"NodeGroups": ("a,b",)}, "Operation_ArgumentOutOfRange"),
        ({"NodeGroups": ("",)}, "Operation_ArgumentOutOfRange"),
        ({"NodeGroups": ("a",) * 10_001}, "Operation_ArgumentOutOfRange"),
        ({"MinCores": -1}, "Operation_ArgumentOutOfRange"),
        ({"RuntimeSeconds": -1}, "Operation_ArgumentOutOfRange"),
        ({"TaskExecutionFailureRetryLimit": -1}, "Operation_ArgumentOutOfRange"),
        ({"Progress": 101}, "Operation_JobProgressOutOfRange"),
        ({"Progress": -1}, "Operation_JobProgressOutOfRange"),
        ({"JobValidExitCodes": "1,,2"}, "Operation_InvalidExitCodes"),
        ({"EmailAddress": "nobody"}, "Operation_InvalidEmailAddress"),
        ({"EmailAddress": "a@b\r\nBcc: c@d"}, "Operation_InvalidEmailAddress"),
    ],
)
def test_bad_values_are_refused_by_name(changes: Mapping[str, object], code: str) -> None:
    error = refused(changes)
    assert error.code == code
    assert [error.name] == list(changes)


def test_good_values_at_their_limits() -> None:
    job = changed(
        {"Name": "x" * 80, "RuntimeSeconds": 0, "JobValidExitCodes": " 3 .. 1 ", "EmailAddress": "a@b.c; d@e"}
    )
    assert job.spec.name == "x" * 80
    assert job.spec.runtime_s is None
    assert job.spec.valid_exit_codes == "1..3"
    assert job.spec.email_address == "a@b.c; d@e"


TEXTS = [property for property in JOB if property.kind.value == "string" and property.moments]


@given(st.sampled_from(TEXTS), st.text())
def test_any_text_is_kept_or_refused_by_name(property: Property, text: str) -> None:
    blamed = property.name
    try:
        apply_job(Job(), {property: text}, NOW)
    except BadProperty as error:
        blamed = error.name
    assert blamed == property.name
