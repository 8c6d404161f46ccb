"""The text of a property's value is in `headgate.core.properties.text_forms`; this is its former place."""

from headgate.core.properties.text_forms import read, read_integer, write, writer

__all__ = ["read", "read_integer", "write", "writer"]
