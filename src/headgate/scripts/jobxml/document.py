"""What a job document says, as values."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headgate.core.model import TaskSpec
from headgate.core.properties import Property


class TaskDocument(Struct, frozen=True, kw_only=True):
    """One task. The first in the document becomes number 1."""

    spec: TaskSpec
    environment: Mapping[str, str] = {}
    custom: Mapping[str, str] = {}


class JobDocument(Struct, frozen=True, kw_only=True):
    """A job that is to be made. A document without a Job element is one in which everything is default.

    changes: for `apply_job`; checked one by one, not against each other. warnings: what was said, is known,
    and is not going to happen.
    """

    changes: Mapping[Property, object] = {}
    environment: Mapping[str, str] = {}
    custom: Mapping[str, str] = {}
    tasks: Sequence[TaskDocument] = ()
    warnings: tuple[str, ...] = ()
