"""Signals by the names that users write. Pure."""

import signal


def signal_number(name: str) -> int | None:
    """`INT` and `2` are 2; None for what is no signal."""
    if name.isascii() and name.isdigit():
        return int(name) if int(name) in map(int, signal.valid_signals()) else None
    number = getattr(signal, f"SIG{name}", None)
    return int(number) if isinstance(number, signal.Signals) else None
