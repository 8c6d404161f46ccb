"""The log of operations: what was done to nodes and node groups, by whom, and how far it has come.

Spec hpcpack-2016, section 6 (OperationLog).
"""

from enum import Enum

from msgspec import Struct


class OperationState(Enum):
    """How far an operation has come."""

    EXECUTING = "Executing"
    COMMITTED = "Committed"
    REVERTED = "Reverted"
    """Its opposite was asked for before it was done."""


class Severity(Enum):
    """How bad an entry is."""

    ERROR = "Error"
    WARNING = "Warning"
    INFORMATION = "Information"
    TRACE = "Trace"


class OperationEntry(Struct, frozen=True, omit_defaults=True):
    """One line of an operation. `source`: who said it. `at` in UTC microseconds."""

    message: str
    at: int
    severity: Severity = Severity.INFORMATION
    source: str = "Headgate"


class Operation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One operation. `node` is empty where it was about no single node. `changed` in UTC microseconds.

    `seq` is the order in which they began, `id` what others know it by.
    """

    seq: int = 0
    id: str = ""
    name: str
    state: OperationState
    operator: str
    node: str = ""
    changed: int = 0
    entries: tuple[OperationEntry, ...] = ()
