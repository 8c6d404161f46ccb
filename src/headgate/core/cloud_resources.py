"""Resources that scripts for cloud clusters name (spec soca, 7.2): what each may say, and what becomes of it
on machines that are there. Pure.

A resource that only a cloud can honour is kept with the job and shown as it was said, and the job gets a
warning; so it does for a value that the resource can't have, and for a name that only looks like one. Nothing
here ever refuses a job.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

LICENCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*_lic_[A-Za-z0-9_]+")
"""Names of licences (spec soca, 8.5)."""
_FLAGS: Final = frozenset(("true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"))

_Check = Callable[[str], bool]


def _matching(pattern: str) -> _Check:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: compiled.fullmatch(text) is not None


def _one_of(*values: str) -> _Check:
    known = {value.casefold() for value in values}
    return lambda text: text.casefold() in known


def _flag(text: str) -> bool:
    return text.casefold() in _FLAGS


_WHOLE: Final = _matching("[0-9]{1,9}")
_ANYTHING: Final = _matching(r"\S.*")


class Resource(Struct, frozen=True):
    """A resource. values: what it may say, for people. effect: what it does here, if anything."""

    name: str
    check: _Check
    values: str
    effect: str = ""


CHOOSES: Final = "queues may allow some types and not others"
"""What instance_type does here besides being kept."""


def _table(*resources: Resource) -> Mapping[str, Resource]:
    return MappingProxyType({one.name: one for one in resources})


_SYSTEM: Final = "the system sets it"
RESOURCES: Final = _table(
    Resource(
        "instance_type",
        _matching(r"[a-z0-9][a-z0-9.-]*(\+[a-z0-9][a-z0-9.-]*)*"),
        "a type, or alternatives with + between",
        CHOOSES,
    ),
    Resource(
        "instance_types",
        _matching(r"[a-z0-9][a-z0-9.-]*(\+[a-z0-9][a-z0-9.-]*)*"),
        "types with + between",
        CHOOSES,
    ),
    Resource("instance_ami", _matching("ami-[0-9a-f]{8,17}"), "ami- and 8 to 17 hexadecimal digits"),
    Resource(
        "base_os",
        _matching("amazonlinux(2|2023)|centos[78]|rhel[789]|rocky[89]|ubuntu[0-9]{4}"),
        "an operating system, as rocky9",
    ),
    Resource("instance_profile", _ANYTHING, "the name of a profile"),
    Resource(
        "security_groups", _matching(r"sg-[0-9a-z]+(\+sg-[0-9a-z]+){0,3}"), "up to 4 sg-... with + between"
    ),
    Resource("subnet_id", _matching(r"[23]|subnet-[0-9a-z]+(\+subnet-[0-9a-z]+)*"), "subnet-..., or 2 or 3"),
    Resource("subnet_ids", _matching(r"[23]|subnet-[0-9a-z]+(\+subnet-[0-9a-z]+)*"), "subnet-..., or 2 or 3"),
    Resource("availability_zone", _ANYTHING, _SYSTEM),
    Resource("capacity_reservation_id", _matching("cr-[0-9a-z]+"), "cr-..."),
    Resource("force_ri", _flag, "true or false"),
    Resource("spot_price", _matching(r"auto|[0-9]{1,6}(\.[0-9]{1,9})?"), "a price, or auto"),
    Resource("spot_allocation_count", _WHOLE, "a whole number"),
    Resource(
        "spot_allocation_strategy",
        _one_of("capacity-optimized", "lowest-price", "diversified"),
        "capacity-optimized, lowest-price or diversified",
    ),
    Resource("ht_support", _flag, "true or false"),
    Resource("placement_group", _flag, "true or false"),
    Resource("efa_support", _flag, "true or false"),
    Resource("nested_virtualization", _flag, "true or false"),
    Resource("root_size", _WHOLE, "GB, a whole number"),
    Resource("scratch_size", _WHOLE, "GB, a whole number"),
    Resource("scratch_iops", _WHOLE, "a whole number"),
    Resource("keep_ebs", _flag, "true or false"),
    Resource("fsx_lustre", _matching(r"[a-z0-9][a-z0-9./:_+-]*"), "true, false, a bucket or a file system"),
    Resource(
        "fsx_lustre_size", _one_of("1200", "2400", "3600", "7200", "10800"), "1200, 2400, 3600, 7200 or 10800"
    ),
    Resource(
        "fsx_lustre_deployment_type",
        _one_of("SCRATCH_1", "SCRATCH_2", "PERSISTENT_1", "PERSISTENT_2"),
        "SCRATCH_1, SCRATCH_2, PERSISTENT_1 or PERSISTENT_2",
    ),
    Resource(
        "fsx_lustre_per_unit_throughput",
        _one_of("50", "100", "125", "200", "250", "500", "1000"),
        "50, 100, 125, 200, 250, 500 or 1000",
    ),
    Resource("fsx_lustre_storage_type", _one_of("SSD", "HDD"), "SSD or HDD"),
    Resource("system_metrics", _flag, "true or false"),
    Resource("anonymous_metrics", _flag, "true or false"),
    Resource("compute_node", _ANYTHING, _SYSTEM),
    Resource("stack_id", _ANYTHING, _SYSTEM),
    Resource("error_message", _ANYTHING, _SYSTEM),
    Resource("instance_id", _ANYTHING, _SYSTEM),
    Resource("instance_type_used", _ANYTHING, _SYSTEM),
    Resource("asg_spotfleet_id", _ANYTHING, _SYSTEM),
    Resource("retry_attempt", _WHOLE, _SYSTEM),
)
"""By name. The values of one go together with another's in places (throughputs); each is looked at alone."""


def found(name: str) -> Resource | None:
    """The resource of this name; a licence, too, is one. None: not one of a cloud's."""
    if LICENCE.fullmatch(name):
        return Resource(name, _WHOLE, "a whole number")
    return RESOURCES.get(name.casefold())


def near(name: str) -> str:
    """The resource that a name may have been meant for; empty where it looks like none."""
    if found(name) is not None:
        return ""
    close = difflib.get_close_matches(name.casefold(), RESOURCES, n=1, cutoff=0.85)
    return close[0] if close else ""


def told(name: str, value: str) -> str:
    """What to tell of a resource that a job names; empty where it is not one of a cloud's, nor like one."""
    resource = found(name)
    if resource is None:
        meant = near(name)
        return f"{name} is nothing that is known here; {meant} may be meant." if meant else ""
    if not resource.check(value):
        return f"{name}={value[:80]} has no effect: it takes {_takes(resource)}."
    if resource.values == _SYSTEM:
        return f"{name} has no effect: the system sets it, where it is set at all."
    if LICENCE.fullmatch(name):
        return f"{name} has no effect: licences are not counted here."
    if resource.effect:
        return f"{name} chooses no node here; {resource.effect}."
    return f"{name} has no effect: only a cloud has such; it is kept with the job."


def _takes(resource: Resource) -> str:
    return "one value" if resource.values == _SYSTEM else resource.values
