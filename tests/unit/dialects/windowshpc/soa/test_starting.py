"""dialects/windowshpc/soa/starting.py: spec windowshpc, section 7.1."""

import json
from typing import Any

import pytest

from headgate.core.errors import BadRequest, HeadgateError, NotPermitted, NotSupported
from headgate.core.model import INT_MAX
from headgate.core.soa import SessionStart
from headgate.core.vocabulary import Role
from headgate.dialects.windowshpc.soa.starting import Fields, read_json, read_xml, session_start
from headgate.ports.identity import Caller

ANN = Caller("ann", Role.USER, "ann")
LEAST = {"ServiceName": "S", "Username": "ann", "Password": "pw", "MaxMessageSize": 65536, "Runtime": -1}


def started(fields: Fields) -> SessionStart:
    return session_start(fields, ANN, durable=False)


def in_xml(fields: dict[str, Any]) -> bytes:
    def value(said: Any) -> str:
        if isinstance(said, list):
            return "".join(f"<I><Key>{one['Key']}</Key><Value>{one['Value']}</Value></I>" for one in said)
        if isinstance(said, dict):
            return "".join(f"<{name}>{part}</{name}>" for name, part in said.items())
        return str(said).lower() if isinstance(said, bool) else str(said)

    inside = "".join(
        f'<{name} i:nil="true"/>' if said is None else f"<{name}>{value(said)}</{name}>"
        for name, said in fields.items()
    )
    return f'<WebSessionStartInfo xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inside}</WebSessionStartInfo>'.encode()


def asked(**more: Any) -> SessionStart:
    """The same in both forms."""
    fields = {**LEAST, **more}
    found = started(read_json(json.dumps(fields).encode()))
    assert started(read_xml(in_xml(fields))) == found
    return found


def test_the_least_that_can_be_said_has_the_documented_defaults() -> None:
    assert asked() == SessionStart(service="S")
    assert asked(Username=None, Password=None, JobTemplate=None, Unknown="x") == SessionStart(service="S")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"Runtime": 60}, {"runtime_s": 60}),
        ({"MaxMessageSize": 2147483647}, {"max_message_size": 2147483647}),
        ({"MinUnits": 1, "MaxUnits": 2}, {"min_units": 1, "max_units": 2}),
        ({"ResourceUnitType": 2}, {"unit_type": 2}),
        ({"Priority": 3}, {"priority": 3000}),
        ({"ExtendedPriority": 0}, {"priority": 0}),
        ({"ClientIdleTimeout": -1}, {"client_idle_timeout": INT_MAX}),
        ({"SessionIdleTimeout": 0}, {"session_idle_timeout": 0}),
        ({"CanPreempt": False, "ShareSession": True}, {"can_preempt": False, "shared": True}),
        ({"NodeGroupsStr": "a, b,,a", "RequestedNodesStr": ""}, {"node_groups": ("a", "b")}),
        ({"ServiceJobName": "n", "ServiceJobProject": "p", "JobTemplate": "t"},
         {"job_name": "n", "project": "p", "template": "t"}),
        ({"Environments": [{"Key": "A", "Value": "1"}]}, {"environment": (("A", "1"),)}),
        ({"ServiceVersion": "1.0"}, {"version": "1.0"}),
        ({"ServiceVersion": {"_Major": 1, "_Minor": 2, "_Build": -1, "_Revision": -1}}, {"version": "1.2"}),
        ({"AllocationGrowLoadRatioThreshold": 200, "AllocationShrinkLoadRatioThreshold": 50},
         {"grow_threshold": 200, "shrink_threshold": 50}),
        ({"MessagesThrottleStartThreshold": 10, "MessagesThrottleStopThreshold": 5},
         {"throttle_start": 10, "throttle_stop": 5}),
        ({"UseSessionPool": False, "AdminJobForHostInDiag": False, "DiagnosticBrokerNode": ""}, {}),
        ({"Username": "CLUSTER\\Ann"}, {}),
    ],
)  # fmt: skip
def test_what_is_said_is_what_is_asked(said: dict[str, Any], found: dict[str, Any]) -> None:
    assert asked(**said) == SessionStart(service="S", **found)


def test_variables_may_be_an_object_in_json() -> None:
    fields = {**LEAST, "Environments": {"A": "1", "B": None}}
    assert started(read_json(json.dumps(fields).encode())).environment == (("A", "1"), ("B", ""))


@pytest.mark.parametrize("name", LEAST)
def test_what_is_required_must_be_there(name: str) -> None:
    with pytest.raises(BadRequest, match=name):
        started({key: value for key, value in LEAST.items() if key != name})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ServiceName", " "), ("Runtime", 0), ("Runtime", -2), ("Runtime", "soon"), ("MaxMessageSize", 0),
        ("MaxMessageSize", 2**31), ("MaxMessageSize", True), ("MinUnits", 0), ("ResourceUnitType", 3),
        ("Priority", 5), ("ExtendedPriority", 4001), ("ClientIdleTimeout", -2), ("ShareSession", "maybe"),
        ("ServiceVersion", "one"), ("ServiceVersion", 1), ("Environments", "A=1"), ("Environments", [1]),
        ("Environments", [{"Key": 1}]), ("ServiceJobName", "a\x01"), ("ServiceJobName", 7),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(name: str, said: Any) -> None:
    with pytest.raises(BadRequest, match=name) as refused:
        started({**LEAST, name: said})
    assert refused.value.code == "ArgumentError"


def test_contradictions_are_refused() -> None:
    with pytest.raises(BadRequest, match="MinUnits 3"):
        asked(MinUnits=3, MaxUnits=2)
    with pytest.raises(BadRequest, match="contradict"):
        asked(Priority=1, ExtendedPriority=1000)


@pytest.mark.parametrize(
    "said", [{"UseSessionPool": True}, {"AdminJobForHostInDiag": True}, {"DiagnosticBrokerNode": "n"}]
)
def test_what_is_not_supported_is_no_silent_default(said: dict[str, Any]) -> None:
    with pytest.raises(NotSupported) as refused:
        asked(**said)
    assert refused.value.code == "Broker_UnsupportedOperation"


def test_a_session_runs_as_its_caller() -> None:
    with pytest.raises(NotPermitted, match="Username ben") as refused:
        asked(Username="ben")
    assert refused.value.code == "AuthenticationFailure"
    assert "pw" not in refused.value.text


@pytest.mark.parametrize(
    "body",
    [
        b"<WebSessionStartInfo><Runtime>1</Runtime><Runtime>2</Runtime></WebSessionStartInfo>",
        b"<WebSessionStartInfo><Runtime><x/></Runtime></WebSessionStartInfo>",
        b"<Other/>",
        b"<WebSessionStartInfo>",
        b'<!DOCTYPE x [<!ENTITY e "1">]><WebSessionStartInfo>&e;</WebSessionStartInfo>',
    ],
)
def test_xml_that_is_wrong_is_refused(body: bytes) -> None:
    with pytest.raises(HeadgateError):
        started(read_xml(body))


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'{"a":' * 10000])
def test_json_that_is_wrong_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_json(body)
