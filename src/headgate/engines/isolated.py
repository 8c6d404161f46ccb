"""Where a Python of ours finds what it needs when it looks nowhere else (`python -I -S`)."""

from pathlib import Path

import msgspec

import headgate.engines


def import_paths() -> tuple[str, ...]:
    """Where a process that looks nowhere else finds `headgate` and `msgspec`."""
    return tuple(dict.fromkeys((_root_of(headgate.engines.__file__, 3), _root_of(msgspec.__file__, 2))))


def _root_of(module_file: str | None, levels: int) -> str:
    path = Path(module_file or "").resolve()
    return str(path.parents[levels - 1])
