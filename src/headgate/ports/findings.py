"""What a plugin's check of its surroundings has found, for `headgate doctor`."""

from enum import Enum

from msgspec import Struct


class Level(Enum):
    """How bad it is."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"
    """Jobs can't be run."""


class Finding(Struct, frozen=True):
    """One thing that was looked at, as a sentence."""

    level: Level
    text: str
