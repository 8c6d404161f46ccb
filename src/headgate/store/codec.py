"""Values as text and back: JSON of the whole struct, defaults left out.

What a reader does not know is ignored and what is missing takes its default, so a field can be added to the
model without touching a row. Lists come out of the database as one text, joined by commas (`sql/`), and are
decoded in one go.
"""

from typing import Any, Generic, TypeVar

import msgspec

from headgate.core.access_keys import AccessKey
from headgate.core.figures import Sample
from headgate.core.model import (
    Event,
    Instance,
    Intent,
    Job,
    Node,
    NodeGroup,
    Queue,
    Task,
    Template,
    Token,
    User,
    UserGroup,
)
from headgate.core.operations import Operation
from headgate.core.soa import BatchRecord, Session
from headgate.core.syncs import Sync

S = TypeVar("S", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()


def encode(value: msgspec.Struct) -> str:
    """The text kept as `body`."""
    return _encoder.encode(value).decode()


class Codec(Generic[S]):
    """Both directions for one kind of value."""

    def __init__(self, kind: type[S]) -> None:
        self.one = msgspec.json.Decoder(kind).decode
        # A list of a kind that is known only here is a type to msgspec, not to mypy.
        many: msgspec.json.Decoder[list[S]] = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._many = many.decode

    def many(self, joined: str | None) -> list[S]:
        """Bodies joined by commas; None (an aggregate over no rows) is the empty list."""
        return [] if joined is None else self._many("[" + joined + "]")


def folded(name: str) -> str:
    """The form in which names are compared."""
    return name.casefold()


def plain(value: Any) -> Any:
    """A value as it stands in a JSON text, for comparing what is kept with what is given."""
    return msgspec.to_builtins(value)


JOBS = Codec(Job)
TASKS = Codec(Task)
INSTANCES = Codec(Instance)
EVENTS = Codec(Event)
INTENTS = Codec(Intent)
NODES = Codec(Node)
NODE_GROUPS = Codec(NodeGroup)
TEMPLATES = Codec(Template)
QUEUES = Codec(Queue)
USERS = Codec(User)
USER_GROUPS = Codec(UserGroup)
TOKENS = Codec(Token)
ACCESS_KEYS = Codec(AccessKey)
OPERATIONS = Codec(Operation)
SAMPLES = Codec(Sample)
SYNCS = Codec(Sync)
SOA_SESSIONS = Codec(Session)
SOA_BATCHES = Codec(BatchRecord)
