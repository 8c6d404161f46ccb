"""Dates as HPC Pack writes them are in `headgate.core.properties.dates`; this is their former place."""

from headgate.core.properties.dates import PATTERN, read, write

__all__ = ["PATTERN", "read", "write"]
